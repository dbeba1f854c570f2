"""No output names a person, or has a row of one."""

import pandas as pd
import pytest

from analysis.errors import InputError
from analysis.release.persons import check_no_persons
from analysis.studies import Study

GROUPS = pd.DataFrame({"group": ["all", "refugee", "carer"], "n_group": [50, 1, 1]})


def test_tables_of_groups_pass(provider_study: Study) -> None:
    career = pd.DataFrame({"year": [2022], "learner": ["free"], "counted": [1]})
    check_no_persons({"gaps": GROUPS, "career": career}, provider_study)


@pytest.mark.parametrize("name", ["person", "application", "student_id", "Email", "birth_date"])
def test_a_column_that_identifies_is_refused(provider_study: Study, name: str) -> None:
    with pytest.raises(InputError, match=f"gaps: identifies persons by {name}"):
        check_no_persons({"gaps": GROUPS.assign(**{name: 1})}, provider_study)


def test_the_key_of_a_study_is_refused_by_its_own_name(toy_study: Study) -> None:
    with pytest.raises(InputError, match="learner"):
        check_no_persons({"gaps": GROUPS.assign(learner=7)}, toy_study)


def test_a_row_a_person_is_refused(provider_study: Study) -> None:
    table = pd.DataFrame({"combination": ["a", "b", "c"], "persons": [1, 1, 1]})
    with pytest.raises(InputError, match="overlap: has a row for each person"):
        check_no_persons({"overlap": table}, provider_study)
