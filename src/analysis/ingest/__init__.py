"""From the raw extract to the processed table: reading, checking, deriving."""

from analysis.ingest.process import Processed, open_processed, process_extract

__all__ = ["Processed", "open_processed", "process_extract"]
