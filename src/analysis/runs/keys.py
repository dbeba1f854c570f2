"""Content keys: what a notebook's run is made of, so that equal runs need not be repeated.

Nothing here depends on the times of files, and nothing heavy is imported: whether a report still
stands must be told at once.
"""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analysis.files import canonical_json, sha256, tree_hashes
from analysis.impact.country import country_file
from analysis.ingest.raw import raw_folder
from analysis.runs.parameters import StudyParameters, TripleBottomLine
from analysis.runs.task import TELLING, notebook_file
from analysis.sources import Sources

if TYPE_CHECKING:
    from analysis.ingest import Processed

LOCK_FILE: Final = "requirements.lock"
EXECUTED_BY: Final = "import analysis.runs.execute"
"""What runs a notebook without the notebook's asking for it."""
PACKAGES: Final = (
    "placement-gaps",
    "duckdb",
    "ibis-framework",
    "ipykernel",
    "jinja2",
    "matplotlib",
    "nbconvert",
    "numpy",
    "pandas",
    "papermill",
    "pikepdf",
    "playwright",
    "pyarrow",
    "rocrate",
    "scipy",
    "seaborn",
    "statsmodels",
    "vl-convert-python",
    "xlsxwriter",
)
"""Packages whose versions are told, for results depend on them."""


@dataclass(frozen=True)
class Wanted:
    """A notebook's run that is wanted.

    Attributes
    ----------
    root
        The repository.
    notebook
        Its name.
    parameters
        Its checked parameters.
    made_of
        What its results are made of (see `Snapshot.made_of`).
    versions
        Of Python and packages, by name.
    key
        Of the executed notebook with all that it wrote. Beside `made_of` and `versions` it counts
        what changes no estimate and yet the page: the language shown and how the study was named.
    """

    root: Path
    notebook: str
    parameters: StudyParameters
    made_of: Mapping[str, object]
    versions: Mapping[str, str]
    key: str

    @property
    def run(self) -> str:
        """The run's content key, which its figures and tables carry."""
        return digest(self.made_of)

    @property
    def plain(self) -> dict[str, object]:
        """The parameters as plain values."""
        return self.parameters.model_dump(mode="json")


class Snapshot:
    """What stands in a repository at one moment, each file read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._inputs: dict[Path, dict[str, str]] = {}

    def made_of(
        self, notebook: str, parameters: StudyParameters, data: "Processed"
    ) -> dict[str, object]:
        """What the results of a notebook's run are made of: no commit and no time.

        Parameters
        ----------
        notebook
            Name of the notebook; its code counts, with all of the package that it imports,
            directly or not. Its prose doesn't.
        parameters
            Its checked parameters. The language shown changes no result, and neither does the
            place of the study file.
        data
            The processed table that it reads. Of a study with published figures, these count too.

        Returns
        -------
        dict
            Plain values by kind: `code`, a list of cells, with their `tags` that tell how to
            execute them; by name the hashes of `modules`, `inputs` and `published`; `parameters`
            by name; the digests `study`, `country` and `lock`.
        """
        code = code_cells(self.root, notebook)
        study = parameters.loaded
        return {
            "code": code,
            "tags": code_tags(self.root, notebook),
            "modules": self.sources.hashes([*code, EXECUTED_BY]),
            "parameters": parameters.model_dump(mode="json", exclude={"language", "study"}),
            "study": study.digest,
            "country": _country(parameters),
            "inputs": self.inputs(data.folder),
            "published": self.published if study.published else {},
            "lock": self.lock,
        }

    def wanted(self, notebook: str, parameters: StudyParameters, data: "Processed") -> Wanted:
        """A run of a notebook, with its keys; see `made_of`."""
        made_of = self.made_of(notebook, parameters, data)
        shown = [digest(made_of), parameters.model_dump(mode="json"), self.versions]
        return Wanted(self.root, notebook, parameters, made_of, self.versions, digest(shown))

    def inputs(self, folder: Path) -> dict[str, str]:
        """Hashes of the files of a processed table."""
        if folder not in self._inputs:
            self._inputs[folder] = tree_hashes(folder)
        return self._inputs[folder]

    @cached_property
    def sources(self) -> Sources:
        """The files of the package; only whoever asks for versions alone does without."""
        return Sources(Path(__file__).parents[1])

    @cached_property
    def published(self) -> dict[str, str]:
        """Hashes of the raw files."""
        return tree_hashes(raw_folder(self.root))

    @cached_property
    def lock(self) -> str | None:
        """Hash of the lock file; None without one."""
        path = self.root / LOCK_FILE
        return sha256(path) if path.is_file() else None

    @cached_property
    def versions(self) -> dict[str, str]:
        """Versions of Python and of the packages that results depend on."""
        installed = {name: metadata.version(name) for name in PACKAGES}
        return {"python": platform.python_version(), **installed}


def run_key(root: Path, notebook: str, parameters: StudyParameters, data: "Processed") -> str:
    """Content key of a notebook's run; see `Snapshot.made_of`.

    Returns
    -------
    str
        SHA-256 in hexadecimal.
    """
    return digest(Snapshot(root).made_of(notebook, parameters, data))


def code_cells(root: Path, notebook: str) -> list[str]:
    """The source of each code cell of a committed notebook."""
    return ["".join(cell["source"]) for cell in _code(root, notebook)]


def code_tags(root: Path, notebook: str) -> list[list[str]]:
    """Of each code cell the tags that change how it is executed (see `TELLING`)."""
    tags = (cell["metadata"].get("tags", []) for cell in _code(root, notebook))
    return [[one for one in TELLING if one in given] for given in tags]


def _code(root: Path, notebook: str) -> list[dict[str, Any]]:
    """The code cells of a committed notebook."""
    book = json.loads(notebook_file(root, notebook).read_text(encoding="utf-8"))
    return [cell for cell in book["cells"] if cell["cell_type"] == "code"]


def digest(content: object) -> str:
    """SHA-256 of plain values, in hexadecimal."""
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def _country(parameters: StudyParameters) -> str | None:
    """Hash of the country file asked for, which may lie anywhere; None if none is."""
    if not isinstance(parameters, TripleBottomLine):
        return None
    return sha256(country_file(parameters.country))
