"""From the raw extract to the processed table: reading, checking, deriving."""

from analysis.ingest.obtain import obtain_data
from analysis.ingest.process import Processed, open_processed, process_extract

__all__ = ["Processed", "obtain_data", "open_processed", "process_extract"]
