"""Tables of persons and shares, and curves."""

import pandas as pd
import pytest

from analysis.estimate.proportions import rate
from analysis.release.results import Release
from analysis.release.rows import Withheld
from analysis.vocabulary import HORIZONS, Audience

PUBLIC = Release(Audience.PUBLIC, cohort="2022", described="funded")
INTERNAL = Release(Audience.INTERNAL)

COMPOSITION = pd.DataFrame(
    {
        "variable": ["category", "category", "gender", "gender"],
        "level": ["refugee", "disability", "woman", "other"],
        "persons": [24, 61, 397, 3],
        "n": [398, 397, 400, 400],
        "share": [24 / 398, 61 / 397, 397 / 400, 3 / 400],
        "ci_low": 0.012,
        "ci_high": 0.234,
        "unknown": [2, 3, 0, 0],
    }
)
OVERLAP = pd.DataFrame(
    {
        "combination": ["non_underserved", "refugee", "disability + refugee", ""],
        "persons": [300, 70, 24, 30],
        "categories": [0, 1, 2, 0],
        "share": [0.7075, 0.1651, 0.0566, 0.0708],
    }
)
FUNNEL = pd.DataFrame(
    {
        "stage": ["applicants", "candidates", "students"],
        "persons": [412, 88, 11],
        "of": ["", "applicants", "candidates"],
        "n": [412, 412, 88],
        "rate": [float("nan"), 88 / 412, 11 / 88],
    }
)


@pytest.mark.parametrize("table", [COMPOSITION, OVERLAP, FUNNEL])
def test_inside_shares_are_whole(table: pd.DataFrame) -> None:
    shown = INTERNAL.shares(table)
    assert (shown["persons"] == table["persons"]).all()
    assert set(shown["digits"]) == {1}
    assert set(shown["note"]) == {""}


def test_a_small_category_is_hidden_and_a_level_of_few_is_rounded() -> None:
    shown = PUBLIC.shares(COMPOSITION)
    assert shown["note"].tolist() == ["hidden=small", "", "", ""]
    assert shown.loc[0, ["persons", "n", "share", "ci_low", "unknown"]].isna().all()
    assert shown.loc[1, ["persons", "n", "unknown"]].tolist() == [60, 395, 5]
    assert shown.loc[1, "share"] == 0.15
    assert shown.loc[3, "persons"] == 5


def test_a_small_combination_is_hidden_and_so_is_one_withheld() -> None:
    withheld = frozenset({Withheld("2022", "funded", "just refugee")})
    shown = Release(Audience.PUBLIC, withheld, "2022", "funded").shares(OVERLAP)
    assert shown["note"].tolist() == ["", "hidden=protects", "hidden=small", ""]
    assert shown["persons"].isna().tolist() == [False, True, True, False]


def test_a_stage_is_hidden_where_its_denominator_or_the_next_one_is_small() -> None:
    shown = PUBLIC.shares(FUNNEL)
    assert shown["note"].tolist() == ["", "", ""]
    smaller = FUNNEL.assign(persons=[412, 24, 11], n=[412, 412, 24])
    assert PUBLIC.shares(smaller)["note"].tolist() == ["", "hidden=small", "hidden=small"]


def test_shares_of_a_small_group_are_hidden_all() -> None:
    funding = pd.DataFrame(
        {"group": ["refugee", "refugee", "all"], "level": ["public", "other", "public"]}
    ).assign(persons=[10, 14, 300], n=[24, 24, 400], share=[0.4, 0.6, 0.75])
    shown = PUBLIC.shares(funding)
    assert shown["note"].tolist() == ["hidden=small", "hidden=small", ""]


def curves(at_risk: list[int]) -> pd.DataFrame:
    months = [0, 1, 6, 7, 12]
    shared = {"contrast": "any", "group": "underserved", "reference": "non_underserved"}
    return pd.DataFrame(
        [
            shared | {"side": "group", "month": month, "placed_by": month / 40, "at_risk": left}
            for month, left in zip(months, at_risk, strict=True)
        ]
    ).assign(ci_low=0.011, ci_high=0.444)


def test_curves_keep_horizons_only_rounded() -> None:
    shown = PUBLIC.curves(curves([103, 101, 88, 80, 24]))
    assert shown["month"].tolist() == [6, 12]
    assert set(shown["month"]) <= set(HORIZONS)
    assert shown.loc[0, ["placed_by", "ci_low", "at_risk"]].tolist() == [0.15, 0.01, 90]
    assert shown["note"].tolist() == ["", "hidden=small"]
    assert len(INTERNAL.curves(curves([103, 101, 88, 80, 24]))) == 5


def test_a_curve_of_a_small_side_is_hidden() -> None:
    assert set(PUBLIC.curves(curves([24, 24, 24, 24, 24]))["note"]) == {"hidden=small"}


def test_plain_counts_are_rounded_and_other_columns_kept() -> None:
    table = pd.DataFrame({"year": [2022], "counted": [123]})
    assert PUBLIC.counts(table, ["counted"]).iloc[0].tolist() == [2022, 125]
    assert INTERNAL.counts(table, ["counted"]).iloc[0].tolist() == [2022, 123]


def test_counts_of_few_are_not_shown_nor_are_they_the_rest_of_a_year() -> None:
    table = pd.DataFrame(
        {
            "year": [2020, 2020, 2021, 2021, 2021, 2022, 2022, 2022],
            "counted": [900, 25, 700, 24, 61, 0, 3, 8],
            "reported": [900, 26, 700, 31, 60, 0, 3, 8],
        }
    )
    shown = PUBLIC.counts(table, ["counted", "reported"])
    hidden = [False, False, False, True, True, False, True, True]
    for name in ("counted", "reported"):
        assert shown[name].isna().tolist() == hidden
    assert shown.loc[~pd.Series(hidden), "counted"].tolist() == [900, 25, 700, 0]
    assert INTERNAL.counts(table, ["counted", "reported"])["counted"].tolist() == [
        *table["counted"]
    ]


def test_a_year_of_one_row_has_nothing_else_to_hide() -> None:
    shown = PUBLIC.counts(pd.DataFrame({"year": [2020], "counted": [7]}), ["counted"])
    assert shown["counted"].isna().all()


def test_limits_of_shares_are_those_of_rounded_counts() -> None:
    shown = PUBLIC.shares(COMPOSITION)
    plain = rate(60, 395)
    assert shown.loc[1, ["ci_low", "ci_high"]].tolist() == [
        round(plain.low, 2),
        round(plain.high, 2),
    ]
    assert (shown["ci_low"].isna() | (shown["ci_low"] <= shown["share"])).all()
