"""What a study says of itself: its levels, labels, columns and covariates."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.studies import Study, load_study
from analysis.studies.model import RESERVED_NAMES, band_labels
from analysis.vocabulary import CATEGORIES, GROUPS, UNKNOWN_LEVEL

LoadChanged = Callable[..., Study]


@pytest.mark.parametrize(
    ("cuts", "labels"),
    [
        ((30,), ("<=30", ">30")),
        ((30, 60), ("<=30", "31-60", ">60")),
        ((0, 1), ("<=0", "1", ">1")),
        ((25, 35, 36, 45), ("<=25", "26-35", "36", "37-45", ">45")),
    ],
)
def test_bands_are_named_by_their_ends(cuts: tuple[int, ...], labels: tuple[str, ...]) -> None:
    assert band_labels(cuts) == labels


@given(cuts=st.sets(st.integers(0, 200), min_size=1, max_size=6))
def test_every_whole_number_is_in_exactly_one_band(cuts: set[int]) -> None:
    labels = band_labels(tuple(sorted(cuts)))
    assert len(labels) == len(cuts) + 1
    for number in range(-1, 202):
        assert sum(_holds(label, number) for label in labels) == 1


def _holds(label: str, number: int) -> bool:
    if label.startswith("<="):
        return number <= int(label[2:])
    if label.startswith(">"):
        return number > int(label[1:])
    low, _, high = label.partition("-")
    return int(low) <= number <= int(high or low)


def test_levels_stand_in_their_declared_order_with_unknown_last(toy_study: Study) -> None:
    assert toy_study.levels("gender") == ("F", "M", UNKNOWN_LEVEL)
    assert toy_study.levels("age_band") == ("<=25", "26-35", "36-45", ">45", UNKNOWN_LEVEL)
    assert toy_study.levels("education") == ("none", "bac", "degree", UNKNOWN_LEVEL)
    assert toy_study.levels("funding") == ("public", "employer", "individual", UNKNOWN_LEVEL)


def test_levels_come_from_a_table_referred_to(toy_study: Study) -> None:
    assert toy_study.levels("country") == ("FR", "UK", "US", UNKNOWN_LEVEL)


def test_a_column_without_declared_values_has_no_declared_levels(
    load_changed: LoadChanged,
) -> None:
    study = load_changed(("country: {values: [FR, UK, US]}", "country: {}"))
    assert study.levels("country") == ()


def test_a_value_that_says_unknown_itself_is_the_one_level_of_that_name(
    load_changed: LoadChanged,
) -> None:
    study = load_changed(("[none, bac, degree]", "[unknown, none, bac, degree]"))
    assert study.levels("education") == ("none", "bac", "degree", UNKNOWN_LEVEL)


WAGE = "amounts:\n  wage: {label: {en: wage, fr: salaire}, from: age, cohort_from: year}\n\n"


def test_an_amount_has_a_cohort_of_its_own_or_the_studys(load_changed: LoadChanged) -> None:
    study = load_changed(("categories:\n", f"{WAGE}categories:\n"))
    assert study.cohort_column("wage") == "cohort_wage"
    assert study.cohort_column("graduated") == "cohort"
    # Neither an outcome nor a duration: rates are not taken of it.
    assert "wage" not in study.measures
    assert list(study.counted) == ["graduated", "placed", "wage"]
    own = load_changed(("categories:\n", f"{WAGE.replace(', cohort_from: year', '')}categories:\n"))
    assert own.cohort_column("wage") == "cohort"
    assert own.digest != study.digest != load_changed().digest


def test_an_amount_has_no_cohort_where_the_study_has_none(load_changed: LoadChanged) -> None:
    with pytest.raises(
        InputError, match=r"amounts\.wage\.cohort_from: the study declares no cohort"
    ):
        load_changed(
            ("categories:\n", f"{WAGE}categories:\n"),
            ('cohort:\n  from: year\n  groups: {"2021": [2021], "2022": [2022]}\n', ""),
        )


def test_default_adjusters_are_those_that_define_no_category(toy_study: Study) -> None:
    assert toy_study.default_adjusters() == ("gender", "age_band", "country")
    assert tuple(toy_study.covariates) == (
        "gender",
        "age_band",
        "country",
        "education",
        "funding",
    )


def test_a_row_has_its_own_columns_and_those_it_refers_to(toy_study: Study) -> None:
    own, paths = toy_study.tables["learners"].columns, toy_study.tables["paths"].columns
    assert set(toy_study.columns) == set(own) | set(paths)


def test_where_both_tables_have_a_column_the_own_one_is_meant(load_changed: LoadChanged) -> None:
    study = load_changed(("      months: {type", "      age: {values: [old]}\n      months: {type"))
    assert study.columns["age"].minimum == 16


def test_a_category_is_called_what_the_study_calls_it_or_else_the_vocabulary(
    toy_study: Study, load_changed: LoadChanged
) -> None:
    assert toy_study.category_label("carer") == {"en": "Carers", "fr": "Aidants"}
    assert toy_study.category_label("job_seeker") == CATEGORIES["job_seeker"]
    own = load_changed(("{from: status", "{label: {en: A, fr: B}, from: status"))
    assert own.category_label("job_seeker") == {"en": "A", "fr": "B"}


def test_the_open_universitys_numbers_are_in_bands() -> None:
    study = load_study("oulad")
    assert study.levels("previous_attempts") == ("<=0", "1", ">1", UNKNOWN_LEVEL)
    assert study.levels("credits")[0] == "<=30"
    assert study.levels("module")[:2] == ("AAA", "BBB")


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES | {"answered"} | set(GROUPS)))
def test_a_name_of_the_programs_own_is_refused(load_changed: LoadChanged, name: str) -> None:
    """Columns of cells and groups of results have these names."""
    with pytest.raises(InputError, match=f"{name}: the name is taken"):
        load_changed(("  carer:\n    label", f"  {name}:\n    label"))


@pytest.mark.parametrize("name", ["Gender", "2nd", "age band", "âge", "", "a-b"])
@pytest.mark.parametrize("kind", ["outcomes", "categories", "adjusters", "mediators"])
def test_a_name_is_plain(load_changed: LoadChanged, kind: str, name: str) -> None:
    first = {
        "outcomes": "  graduated:\n",
        "categories": "  job_seeker:",
        "adjusters": "  gender:",
        "mediators": "  funding:",
    }[kind]
    with pytest.raises(InputError, match=kind):
        load_changed((first, first.replace(first.strip(" :\n"), f'"{name}"')))
