"""What is left of an extract once it is processed: rows, a log, and tables of no person.

Apart from the processing, and with late imports, for whether a report still stands must be told at
once.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import InputError
from analysis.files import canonical_json
from analysis.sources import Sources
from analysis.studies import Study

if TYPE_CHECKING:
    import pandas as pd

    from analysis.engines.tables import Place

TABLE_FILE = "rows.parquet"
OUTCOMES_FILE = "career_outcomes.parquet"
LOG_FILE = "log.json"
PLACE = "place"
FINGERPRINT = "fingerprint"
"""Names in the log of where rows in a database lie, and of what tells their content."""
DERIVED_BY = "derived_by"
"""Name in the log of what tells the code that derived the rows."""
TABLE_PREFIX = "placement_gaps_"
"""How the names of processed tables begin in a database."""


@dataclass(frozen=True)
class Processed:
    """A processed table, on disk or in a database, and the log of how it was made."""

    folder: Path
    log: dict[str, Any]

    @property
    def place(self) -> "Place":
        """Where the rows lie: a Parquet file, or the address of a table."""
        address: str | None = self.log.get(PLACE)
        return address or self.folder / TABLE_FILE

    def refuse_changed(self) -> None:
        """Compare rows that lie in a database with the log.

        A file is hashed with its folder; a table may be changed by others. This scans it once in
        its engine, about as long as one count of cells, of which a report makes dozens.

        Raises
        ------
        InputError
            If the table is lost, or its rows are not those that were processed.
        """
        if PLACE not in self.log:
            return
        from analysis.engines.address import Address
        from analysis.engines.connect import engine_errors
        from analysis.engines.tables import fingerprint, open_rows

        with engine_errors(Address.parse(self.log[PLACE])):
            found = fingerprint(open_rows(self.place))
        if found != self.log[FINGERPRINT]:
            raise InputError(
                f"{self.place}: these rows are not those that were processed, or somebody changed "
                "them. Process the extract again: make data."
            )

    @property
    def synthetic(self) -> bool:
        """Whether persons were generated."""
        return bool(self.log["synthetic"])

    def marked(self, study: Study) -> Study:
        """The study, marked synthetic if this table is."""
        return study.as_generated() if self.synthetic else study

    def career_outcomes(self) -> "pd.DataFrame | None":
        """Counts of career outcomes (see `count_outcomes`); None if the extract has none."""
        import pandas as pd

        path = self.folder / OUTCOMES_FILE
        return pd.read_parquet(path) if path.is_file() else None

    def provided(self, name: str) -> "pd.DataFrame | None":
        """An optional table of the extract, typed and sorted by its key.

        Parameters
        ----------
        name
            Name of a table of `analysis.ingest.contract_optional.OPTIONAL`.

        Returns
        -------
        pandas.DataFrame or None
            The columns of the contract, months as the first day at midnight (datetime64[ns]), an
            empty budget as NaN; None if the extract does not have the table.

        Raises
        ------
        ValueError
            If the contract has no such optional table.
        """
        import pandas as pd

        from analysis.ingest.contract_optional import OPTIONAL

        if name not in OPTIONAL:
            raise ValueError(f"no optional table {name!r}; there are: {', '.join(OPTIONAL)}")
        path = self.folder / f"{name}.parquet"
        return pd.read_parquet(path) if path.is_file() else None

    def log_lines(self) -> Iterator[str]:
        """What was read, repaired and left unknown, in sentences."""
        for source in self.log["sources"]:
            yield f"read {source['rows']:,} rows of {source['file']}"
        for fix in self.log["repairs"]:
            yield (
                f"repaired {fix['rows']:,} rows of {fix['table']}.{fix['column']}: "
                f"{fix['found']!r} means {fix['meant']!r}"
            )
        for name, rows in self.log["unknown"].items():
            if rows:
                yield f"{name} is not known for {rows:,} rows"
        yield f"wrote {self.log['rows']:,} rows" + (", all SYNTHETIC" if self.synthetic else "")


def open_processed(study: Study, processed: Path) -> Processed:
    """Open the processed table that an earlier run left.

    Raises
    ------
    InputError
        If there is none, or it was made by another version of the study file; the message says
        how to make it.
    """
    folder = processed / study.name
    remedy = (
        f"Make it from the extract: make data STUDY={study.name} EXTRACT=folder, "
        "where STUDY may be the path of a study file too."
    )
    log = read_log(study, processed)
    if log is None:
        raise InputError(
            f"There is no processed table of study {study.name} yet. {remedy}\n"
            f"{study.provenance.obtain}"
        )
    if log.get("study_sha256") != study.digest:
        raise InputError(
            f"The processed table of study {study.name} was made by another version of its "
            f"study file. {remedy}"
        )
    return Processed(folder, log)


def read_log(study: Study, processed: Path) -> dict[str, Any] | None:
    """The log of a study's processed table; None if there is none."""
    path = processed / study.name / LOG_FILE
    if not path.is_file():
        return None
    log: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return log


def derivation_key() -> str:
    """What tells the code that derives rows: all modules that it imports, directly or not."""
    hashes = Sources(Path(__file__).parents[1]).hashes(["import analysis.ingest.process"])
    return hashlib.sha256(canonical_json(hashes).encode()).hexdigest()
