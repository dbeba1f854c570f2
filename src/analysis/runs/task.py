"""A notebook to execute, and how it ended: all that the runner, a cluster and a store share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

OUTPUT_VARIABLE = "PLACEMENT_GAPS_OUTPUT"
"""Where the runner has a notebook write; a notebook run by hand writes below outputs/."""
PARAMETERS, INJECTED = "parameters", "injected-parameters"
"""Tags of the cell with the defaults, and of the one with the parameters of a run."""
TELLING = (PARAMETERS, INJECTED, "raises-exception", "skip-execution")
"""Tags that change how a notebook is executed; all others are for its pages."""


def notebook_file(folder: Path, notebook: str) -> Path:
    """A notebook in the repository, or its executed copy in a folder of results."""
    return folder / "notebooks" / f"{notebook}.ipynb"


@dataclass(frozen=True)
class Task:
    """A notebook to execute, told in values that can go to another process or machine.

    Attributes
    ----------
    root
        The repository.
    notebook
        Its name.
    parameters
        Plain values.
    result
        Folder to fill: the executed copy in `notebooks/`, beside `figures/` and `tables/`.
    """

    root: Path
    notebook: str
    parameters: Mapping[str, object]
    result: Path

    @property
    def source(self) -> Path:
        """The notebook as committed."""
        return notebook_file(self.root, self.notebook)

    @property
    def executed(self) -> Path:
        """Where the executed copy is kept."""
        return notebook_file(self.result, self.notebook)


@dataclass(frozen=True)
class Ended:
    """How a notebook ended: `done`, `kept`, `failed`, `timed out` or `interrupted`.

    One is `kept` that was not executed, for its results stand.
    """

    notebook: str
    status: str
    seconds: float
    error: str = ""

    @property
    def good(self) -> bool:
        """Whether its results are there."""
        return self.status in ("done", "kept")


Finished = Callable[[Task, Ended], None]
"""Called as each notebook ends, never for two at once."""


def as_records(ended: Sequence[Ended]) -> list[dict[str, object]]:
    """How notebooks ended, as plain values for the run's record."""
    return [asdict(one) | {"seconds": round(one.seconds, 3)} for one in ended]
