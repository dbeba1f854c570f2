"""The explorer: a page on which a reader chooses among the released gaps."""

from analysis.report.explorer.page import write_explorer

__all__ = ["write_explorer"]
