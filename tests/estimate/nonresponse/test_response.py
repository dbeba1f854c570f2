"""Rates and gaps under non-response, from cells of a survey to the result table."""

from collections.abc import Callable

import ibis
import numpy as np
import pandas as pd
import pytest

from analysis.cells import count_cells
from analysis.estimate.gaps import outcome_gaps
from analysis.estimate.nonresponse.response import response_gaps
from analysis.estimate.options import GapOptions
from analysis.estimate.results import read_note
from analysis.studies import Study
from analysis.vocabulary import ALL, NON_UNDERSERVED, UNDERSERVED, Contrast, Estimand

CATEGORIES = ["job_seeker", "low_qualification", "disability"]
CONTRASTS = (Contrast.ANY, Contrast.MARGINAL, Contrast.COMPLEMENT)
KEYS = ["contrast", "group", "reference", "estimand", "model"]


@pytest.fixture(scope="module")
def graduates(persons: pd.DataFrame) -> pd.DataFrame:
    """Graduates, of whom the younger answer more often; half of those who answer are placed."""
    rng = np.random.default_rng(41)
    rows = persons[persons["graduated"].fillna(False)].reset_index(drop=True)
    chance = rows["age_band"].map({"<=30": 0.8, "31-45": 0.5, ">45": 0.35, "unknown": 0.5})
    chance = chance + 0.1 * rows["job_seeker"].fillna(False).astype(float)
    answered = pd.array(rng.random(len(rows)) < chance, dtype="boolean")
    placed = pd.array(rng.random(len(rows)) < 0.25 + chance / 2.5, dtype="boolean")
    placed[~answered] = pd.NA
    return rows.assign(answered=answered, placed=placed)


@pytest.fixture(scope="module")
def asking(study: Study) -> Callable[..., pd.DataFrame]:
    """Give the function that estimates from persons' rows."""

    def ask(
        rows: pd.DataFrame,
        covariates: tuple[str, ...] = ("gender", "age_band"),
        cluster: str | None = None,
        **choices: object,
    ) -> pd.DataFrame:
        table = ibis.memtable(rows.astype({"answered": "boolean", "placed": "boolean"}))
        levels = {name: sorted(rows[name].unique()) for name in covariates}
        placed, answered = (
            count_cells(
                table, by=[*CATEGORIES, *covariates], outcome=outcome, cluster=cluster,
                levels=levels,
            ).rename(columns={cluster or "": "cluster"})
            for outcome in ("placed", "answered")
        )  # fmt: skip
        options = GapOptions(**{"contrasts": CONTRASTS, **choices})  # type: ignore[arg-type]
        return response_gaps(study, "placed", placed, answered, covariates, options)

    return ask


def keyed(found: pd.DataFrame) -> pd.DataFrame:
    model = found["method"].str.split("_").str[0]
    return found.assign(model=model).set_index(KEYS).sort_index()


@pytest.fixture(scope="module")
def gaps(graduates: pd.DataFrame, asking: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return keyed(asking(graduates))


def test_each_group_has_all_its_rows(gaps: pd.DataFrame) -> None:
    assert gaps.index.is_unique
    rates = {(Estimand.RATE, name) for name in ("response", "respondents", "ipw", "aipw")}
    rates |= {(bound, "manski") for bound in (Estimand.RATE_LOWER_BOUND, Estimand.RATE_UPPER_BOUND)}
    for group in (ALL, UNDERSERVED, NON_UNDERSERVED, *CATEGORIES):
        assert set(gaps.loc["", group, ""].index) == rates
    expected = {(Estimand.DIFFERENCE, name) for name in ("respondents", "ipw", "aipw")}
    expected |= {(Estimand.DIFFERENCE_LOWER_BOUND, "manski")}
    expected |= {(Estimand.DIFFERENCE_UPPER_BOUND, "manski")}
    expected |= {(Estimand.TIPPING_VANISH, "tipping"), (Estimand.TIPPING_DOUBLE, "tipping")}
    for contrast in CONTRASTS:
        groups = [UNDERSERVED] if contrast == Contrast.ANY else CATEGORIES
        rows = gaps.loc[contrast]
        assert set(rows.index.get_level_values("group")) == set(groups)
        for group in groups:
            assert set(rows.loc[group].droplevel(0).index) == expected
    missing = gaps[gaps["estimate"].isna()]
    assert set(missing["method"]) <= {"tipping"}
    assert missing["note"].str.contains("out_of_reach").all()


def test_the_joint_contrast_has_no_rows(
    graduates: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    found = asking(graduates, contrasts=tuple(Contrast))
    assert set(found["contrast"]) == {"", *CONTRASTS}


def test_rates_are_those_of_the_rows(gaps: pd.DataFrame, graduates: pd.DataFrame) -> None:
    own = graduates[graduates["job_seeker"].fillna(False)]
    rates = gaps.loc["", "job_seeker", ""]
    response = rates.loc[(Estimand.RATE, "response")]
    assert response["estimate"] == pytest.approx(own["answered"].mean())
    assert (response["n_group"], response["k_group"]) == (len(own), own["answered"].sum())
    respondents = rates.loc[(Estimand.RATE, "respondents")]
    assert respondents["estimate"] == pytest.approx(own["placed"].mean())
    assert respondents["n_group"] == own["placed"].notna().sum()
    lower = rates.loc[(Estimand.RATE_LOWER_BOUND, "manski"), "estimate"]
    upper = rates.loc[(Estimand.RATE_UPPER_BOUND, "manski"), "estimate"]
    assert lower == pytest.approx(own["placed"].fillna(False).mean())
    assert upper == pytest.approx(own["placed"].fillna(True).mean())
    assert lower < rates.loc[(Estimand.RATE, "ipw"), "estimate"] < upper


def test_gaps_of_respondents_are_the_plain_ones(
    gaps: pd.DataFrame, graduates: pd.DataFrame, study: Study
) -> None:
    cells = count_cells(ibis.memtable(graduates), by=CATEGORIES, outcome="placed")
    plain = outcome_gaps(study, "placed", cells, (), GapOptions(contrasts=CONTRASTS))
    plain = plain[plain["method"] == "newcombe"].set_index(["contrast", "group"])
    columns = ["estimate", "std_error", "ci_low", "ci_high", "n_group", "k_group", "n_reference"]
    for (contrast, group), expected in plain.iterrows():
        found = gaps.loc[(contrast, group, expected["reference"])]
        own = found.loc[(Estimand.DIFFERENCE, "respondents")]
        assert own[columns].to_list() == pytest.approx(expected[columns].to_list())
        assert read_note(own["note"]) == read_note(expected["note"])


def test_weights_lower_the_rate_that_the_young_raise(gaps: pd.DataFrame) -> None:
    """The younger answer more and are placed more: respondents look too good."""
    rates = gaps.loc["", ALL, ""]["estimate"]
    for method in ("ipw", "aipw"):
        assert rates[Estimand.RATE, method] < rates[Estimand.RATE, "respondents"] - 0.01


def test_without_adjusters_weights_change_nothing(
    graduates: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    found = keyed(asking(graduates, covariates=()))
    for contrast in CONTRASTS:
        rows = found.loc[contrast].xs(Estimand.DIFFERENCE, level="estimand")
        columns = ["estimate", "std_error", "ci_low", "ci_high", "p_value"]
        plain = rows.xs("respondents", level="model")[columns]
        for method in ("ipw", "aipw"):
            same = rows.xs(method, level="model")[columns]
            np.testing.assert_allclose(same, plain, rtol=1e-7, atol=1e-9)


def test_the_tipping_shift_closes_or_doubles_the_gap(
    gaps: pd.DataFrame, graduates: pd.DataFrame
) -> None:
    rows = graduates[graduates["job_seeker"].notna()]
    own, other = (rows[rows["job_seeker"] == side] for side in (True, False))
    gap = own["placed"].mean() - other["placed"].mean()
    found = gaps.loc[(Contrast.COMPLEMENT, "job_seeker", "others")]["estimate"]
    silent = 1 - own["answered"].mean()
    for estimand, result in ((Estimand.TIPPING_VANISH, 0.0), (Estimand.TIPPING_DOUBLE, 2 * gap)):
        shift = found[estimand, "tipping"]
        whole = own["placed"].mean() + silent * shift
        assert whole - other["placed"].mean() == pytest.approx(result)


def test_notes_tell_of_weights_and_of_what_adjusts(
    graduates: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    found = keyed(asking(graduates, covariates=("gender", "education")))
    row = found.loc[(Contrast.COMPLEMENT, "low_qualification", "others", Estimand.DIFFERENCE)]
    note = read_note(row.loc["ipw", "note"])
    assert (note["adjusted"], note["defines"]) == ("gender", "education")
    assert " / " in note["effective"]
    assert int(note["largest_weight"]) >= 1
    assert "adjusted" not in read_note(row.loc["respondents", "note"])
    whole = found.loc[("", ALL, "", Estimand.RATE, "ipw"), "note"]
    assert read_note(whole)["adjusted"] == "gender, education"


def test_errors_follow_the_clusters(
    graduates: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    clustered = keyed(asking(graduates, cluster="cluster"))
    plain = keyed(asking(graduates, cluster="cluster", errors="hc1"))
    weighted = clustered.xs("aipw", level="model")
    assert set(weighted["method"]) == {"aipw_cluster"}
    assert set(plain.xs("aipw", level="model")["method"]) == {"aipw_hc1"}
    np.testing.assert_allclose(clustered["estimate"], plain["estimate"], atol=1e-9)
    errors = clustered["std_error"].dropna()
    assert (errors > 0).all()
    assert not np.allclose(errors, plain["std_error"].reindex(errors.index))
    assert weighted["note"].str.contains("clusters=[1-9]").all()
    with pytest.raises(ValueError, match="clusters"):
        asking(graduates, errors="cluster")


def test_few_clusters_carry_no_interval(
    graduates: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    found = keyed(asking(graduates[graduates["school"] < "s09"], cluster="school"))
    weighted = found[found["method"].str.match("ipw|aipw|respondents_cluster|manski")]
    assert weighted["estimate"].notna().all()
    assert weighted[["std_error", "ci_low", "p_value"]].isna().all(axis=None)
    assert weighted["note"].str.contains("few_clusters=9").all()
    one_side = graduates["school"].isin(["s01", "s02", "s03"]) | (graduates["disability"] != True)  # noqa: E712
    found = keyed(asking(graduates[one_side.fillna(False)], cluster="school"))
    row = found.loc[(Contrast.COMPLEMENT, "disability", "others", Estimand.DIFFERENCE, "ipw")]
    assert np.isnan(row["ci_low"])
    assert "few_clusters=3" in row["note"]


BROKEN: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "nobody": lambda rows: rows.iloc[:0],
    "nobody was asked": lambda rows: rows.assign(answered=pd.NA, placed=pd.NA),
    "nobody answered": lambda rows: rows.assign(answered=False, placed=pd.NA),
    "all answered": lambda rows: rows.assign(answered=True, placed=rows["placed"].fillna(False)),
    "one person": lambda rows: rows.iloc[:1],
    "two persons": lambda rows: rows.iloc[:2],
    "twelve persons": lambda rows: rows.iloc[:12],
    "all are placed": lambda rows: rows.assign(placed=rows["placed"] | True),
    "none are placed": lambda rows: rows.assign(placed=rows["placed"] & False),
    "placed if a job seeker": lambda rows: rows.assign(
        placed=rows["job_seeker"].fillna(False).mask(rows["placed"].isna(), pd.NA)
    ),
    "only job seekers answer": lambda rows: rows.assign(
        answered=rows["job_seeker"].fillna(False),
        placed=rows["placed"].fillna(False).mask(~rows["job_seeker"].fillna(False), pd.NA),
    ),
    "the oldest are silent": lambda rows: rows.assign(
        answered=rows["answered"] & (rows["age_band"] != ">45"),
        placed=rows["placed"].mask(rows["age_band"] == ">45", pd.NA),
    ),
    "nobody is a job seeker": lambda rows: rows.assign(job_seeker=False),
    "everybody is a job seeker": lambda rows: rows.assign(job_seeker=True),
    "nothing is known": lambda rows: rows.assign(**dict.fromkeys(CATEGORIES, pd.NA)),
}


@pytest.mark.parametrize("cluster", [None, "school"])
@pytest.mark.parametrize("breaking", BROKEN.values(), ids=BROKEN)
def test_whatever_the_data_each_question_has_its_row(
    graduates: pd.DataFrame,
    gaps: pd.DataFrame,
    asking: Callable[..., pd.DataFrame],
    breaking: Callable[[pd.DataFrame], pd.DataFrame],
    cluster: str | None,
) -> None:
    """Never a crash, never a missing row, never an estimate of nobody."""
    flags = [*CATEGORIES, "answered", "placed"]
    broken = breaking(graduates).astype(dict.fromkeys(flags, "boolean"))
    found = keyed(asking(broken, cluster=cluster))
    assert set(found.index) == set(gaps.index)
    remarks = {"adjusted", "defines", "left_out", "clusters", "effective", "largest_weight"}
    remarks |= {"pooled_answers", "pooled_outcomes"}
    for note in found.loc[found["estimate"].isna(), "note"]:
        assert set(read_note(note)) - remarks, f"no reason in {note!r}"
    nobody = (found["n_group"] == 0) | (
        (found.index.get_level_values("contrast") != "") & (found["n_reference"] == 0)
    )
    assert found.loc[nobody, "estimate"].isna().all()
    width = (found["ci_high"] - found["ci_low"]).dropna()
    assert (width > 1e-9).all()
    bounds = found[found["method"].str.startswith("manski")]
    persons = (bounds["n_group"] > 0) & (
        (bounds.index.get_level_values("contrast") == "") | (bounds["n_reference"] > 0)
    )
    assert bounds.loc[persons, "estimate"].notna().all()


def test_a_tiny_group_is_weighted_with_the_coefficients_of_all(
    graduates: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    members = graduates["disability"].fillna(False)
    few = pd.concat([graduates[members].iloc[:14], graduates[~members]])
    found = keyed(asking(few))
    row = found.loc[(Contrast.COMPLEMENT, "disability", "others", Estimand.DIFFERENCE)]
    for method in ("ipw", "aipw"):
        assert np.isfinite(row.loc[method, "std_error"])
        assert "pooled_answers" in read_note(row.loc[method, "note"])


def test_one_who_answered_but_not_on_the_outcome_is_no_respondent(
    graduates: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    first = graduates.index[graduates["answered"]][:40]
    rows = graduates.assign(placed=graduates["placed"].mask(graduates.index.isin(first), pd.NA))
    rates = keyed(asking(rows)).loc["", ALL, ""]
    assert rates.loc[(Estimand.RATE, "response"), "k_group"] == graduates["answered"].sum()
    answered = rates.loc[(Estimand.RATE, "ipw"), "n_group"]
    assert answered == graduates["answered"].sum() - 40


def test_more_respondents_than_persons_asked_are_refused(study: Study) -> None:
    cells = pd.DataFrame(
        {name: pd.array([True, False], dtype="boolean") for name in CATEGORIES}
        | {"n": [5, 5], "successes": [2, 2]}
    )
    with pytest.raises(ValueError, match="more respondents"):
        response_gaps(study, "placed", cells, cells.assign(n=[5, 4]), ())
