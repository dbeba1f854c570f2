"""Placement gaps between underserved and other learners, from extract to report.

Data flows one way through the packages: vocabulary, files, studies, ingest, cells,
estimate, figures, runs, report, cli. Each imports only what stands before it.
"""

__version__ = "0.1.0"
