"""Where rows lie, and the engine that counts them there."""

from pathlib import Path

import ibis
from ibis import ir

Place = Path | str
"""Where a table of rows lies: a Parquet file, or the address of a table of a database."""


def open_rows(place: Place) -> ir.Table:
    """Open a table of rows where it lies, lazily: whatever is asked of it is counted there.

    Parameters
    ----------
    place
        A Parquet file.
    """
    return ibis.duckdb.connect().read_parquet(place)
