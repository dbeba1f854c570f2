"""From the raw extract to the processed table: reading, checking, deriving."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.ingest.obtain import obtain_data
    from analysis.ingest.process import process_extract
    from analysis.ingest.processed import Processed, open_processed

PLACES = {
    "Processed": "processed",
    "obtain_data": "obtain",
    "open_processed": "processed",
    "process_extract": "process",
}
__all__ = ["Processed", "obtain_data", "open_processed", "process_extract"]


def __getattr__(name: str) -> object:
    """Import on demand: whoever reads published figures only needs no engine (PEP 562)."""
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{PLACES[name]}"), name)
