"""An audit as tidy tables."""

import math
from collections.abc import Callable

import pandas as pd
import pytest

from analysis.audit.figures import Definition, Figure, Place, Printed
from analysis.audit.findings import Audit, audit
from analysis.audit.tables import bounds_table, findings_table, resolution_table

Make = Callable[..., Figure]


@pytest.fixture(scope="module")
def found(make: Make) -> Audit:
    """Give the audit of 36% beside 68%, which leave room for one only, and of two definitions."""
    figures = (
        make("share", "non_underserved", 36),
        make("share", "job_seeker", 68),
        make("students", "all", 10915, "persons"),
        make("students", "all", 11000, "persons", 1000, "more_than", "each year"),
    )
    definitions = tuple(
        Definition("placement_rate", group, Place("d.csv", row, "Text", f"of {group}", ""))
        for row, group in enumerate(("graduates", "respondents"), 2)
    )
    return audit(Printed(figures, definitions))


def test_a_finding_has_a_row_for_each_of_its_figures(found: Audit) -> None:
    table = findings_table(found)
    assert list(table["severity"]) == ["contradiction"] * 4 + ["doubt"] * 2
    assert list(table["finding"]) == [1, 1, 2, 2, 1, 1]
    assert list(table["origin"]) == ["computed"] * 4 + ["documentary"] * 2
    first = table.iloc[0]
    assert (first["measure"], first["group"], first["value"]) == ("share", "non_underserved", 36)
    assert (first["left"], first["left_low"], first["left_high"]) == ("at_most", 0, 32.5)
    assert first["printable"] == 32
    assert first["sentence"] == "share of non_underserved"


def test_an_end_that_there_is_not_is_empty(found: Audit) -> None:
    (counted,) = findings_table(found).query("value == 10915").to_dict("records")
    assert (counted["left"], counted["left_low"]) == ("at_least", 11001)
    assert math.isnan(counted["left_high"])
    (more,) = findings_table(found).query("value == 11000").to_dict("records")
    assert (more["wording"], more["left_low"], more["left_high"]) == ("more_than", 10915, 10915)


def test_a_definition_has_no_number(found: Audit) -> None:
    rows = findings_table(found).query("origin == 'documentary'")
    assert list(rows["group"]) == ["graduates", "respondents"]
    assert rows[["value", "rounding", "left_low", "left_high", "printable"]].isna().all(axis=None)
    assert list(rows["row"]) == [2, 3]


def test_the_resolution_holds_one_figure_of_each_contradiction(found: Audit) -> None:
    table = resolution_table(found)
    numbers = findings_table(found).query("severity == 'contradiction'")
    keys = ["measure", "group", "value"]
    hit = numbers.merge(table[keys], on=keys)
    assert set(hit["finding"]) == {1, 2}
    assert len(table) == 2


def test_bounds_say_which_printed_shares_agree(make: Make) -> None:
    """At 50% in all, 40% of members and 60% of the others, just half are members."""
    figures = [make("share", "job_seeker", 50), make("share", "non_underserved", 36)]
    rates = {"all": 50, "job_seeker": 40, "non_underserved": 60}
    figures += [make("orientation_rate", group, rate) for group, rate in rates.items()]
    table = bounds_table(audit(Printed(tuple(figures))))
    assert list(table["population"]) == ["applicants", "students"]
    students = table.iloc[1]
    assert students["tested_group"] == "non_underserved"
    assert students["tested_value"] == students["leaves"] == 36
    expected = "agrees" if students["low"] <= 36.5 and students["high"] >= 35.5 else "differs"
    assert students["agreement"] == expected
    assert table.iloc[0]["agreement"] == ""


def test_the_published_bounds_allow_21_and_not_36(published: Printed) -> None:
    table = bounds_table(audit(published, limit=1))
    tested = table[table["tested_group"] != ""]
    assert set(tested["measure"]) == {"orientation_rate", "graduation_rate", "placement_rate"}
    agreement = tested.groupby("leaves")["agreement"].unique().map(list).to_dict()
    assert agreement == {21.0: ["agrees"], 36.0: ["differs"]}


def test_tables_without_rows_have_their_columns_and_types(make: Make, found: Audit) -> None:
    clean = audit(Printed((make("share", "job_seeker", 68),)))
    for make_table in (findings_table, resolution_table, bounds_table):
        empty = make_table(clean)
        assert len(empty) == 0
        full = make_table(found)
        assert list(empty.columns) == list(full.columns)
        assert empty.dtypes.equals(full.dtypes)
        pd.testing.assert_frame_equal(full, make_table(found))
