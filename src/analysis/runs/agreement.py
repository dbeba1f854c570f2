"""Whether two checkouts agree on what a notebook's run is made of, and in what they differ."""

from collections.abc import Iterator, Mapping
from typing import Final

from analysis.files import data_folder
from analysis.runs.keys import EXECUTED_BY, Snapshot, code_cells, code_tags
from analysis.runs.parameters import MODELS, check_parameters
from analysis.runs.task import Task
from analysis.studies.load import split_variants
from analysis.studies.named import SUFFIXES

NAMES_TOLD: Final = 5
WORDS: Final = {
    "code": "the code of the notebook",
    "tags": "the tags of its cells",
    "modules": "the package",
    "study": "the study file",
    "country": "the country file",
    "inputs": "the processed table",
    "published": "the raw files",
    "lock": "the lock file",
    "versions": "what is installed",
}
"""The parts of a basis, in words."""


def basis(task: Task, snapshot: Snapshot) -> dict[str, object]:
    """What a task's results will be made of, where its repository stands now.

    Parameters
    ----------
    task
        Its parameters are left out, for they travel with it. A path among them is one below its
        repository, as it is for the notebook.
    snapshot
        Of the same repository.

    Returns
    -------
    dict
        Hashes and versions by part (see `WORDS`). A notebook without a model of parameters reads
        no study, so it has fewer parts.

    Raises
    ------
    InputError
        If the study or its processed table is missing here.
    """
    found: dict[str, object] = {"lock": snapshot.lock, "versions": snapshot.versions}
    if task.notebook not in MODELS:
        code = code_cells(task.root, task.notebook)
        found |= {"code": code, "tags": code_tags(task.root, task.notebook)}
        return found | {"modules": snapshot.sources.hashes([*code, EXECUTED_BY])}
    # Imported late: it loads the engines.
    from analysis.ingest import open_processed

    parameters = check_parameters(task.notebook, dict(_located(task)))
    data = open_processed(parameters.loaded, data_folder(task.root))
    made_of = snapshot.made_of(task.notebook, parameters, data)
    return found | {part: made_of[part] for part in WORDS if part in made_of}


def _located(task: Task) -> Iterator[tuple[str, object]]:
    """The parameters, paths of files made absolute, whatever the working directory."""
    for name, value in task.parameters.items():
        path = isinstance(value, str) and split_variants(value)[0].endswith(SUFFIXES)
        yield name, str(task.root / str(value)) if path else value


def differences(mine: Mapping[str, object], theirs: Mapping[str, object]) -> list[str]:
    """The parts in which two bases differ, in words; none if they agree.

    Returns
    -------
    list of str
        Such as “the package (estimate/gaps.py)”.
    """
    return [
        words + _named(mine.get(part), theirs.get(part))
        for part, words in WORDS.items()
        if mine.get(part) != theirs.get(part)
    ]


def _named(mine: object, theirs: object) -> str:
    """The names under which two mappings differ, in parentheses; empty for other values."""
    if not isinstance(mine, Mapping) or not isinstance(theirs, Mapping):
        return ""
    names = [name for name in sorted({*mine, *theirs}) if mine.get(name) != theirs.get(name)]
    more = f" and {len(names) - NAMES_TOLD} more" if len(names) > NAMES_TOLD else ""
    return f" ({', '.join(names[:NAMES_TOLD])}{more})"
