"""The static site: what a reader without Python opens, in both languages, without a network."""

from analysis.report.site.write import write_site

__all__ = ["write_site"]
