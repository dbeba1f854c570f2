"""Placement gaps between underserved and other learners, from extract to report.

Data flow one way through the packages: vocabulary, files, engines, studies, ingest, cells,
estimate, audit and impact, release, figures, runs, report, cli. Each imports only what stands
before it.
"""

import warnings

__version__ = "0.1.0"

# pandera imports Spark where that is installed, and Spark warns that pandas 3 is new to it. With a
# path of the machine in it that would stand in executed notebooks, though nothing there uses Spark.
warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
