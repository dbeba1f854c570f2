"""What is asked: one declarative file a study, and the model that checks it."""

from analysis.studies.load import available_studies, load_study
from analysis.studies.model import Study

__all__ = ["Study", "available_studies", "load_study"]
