"""The social value of a session: what goes in, what everyone may see, and what a study may lack."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import yaml

from analysis.cells import study_cells
from analysis.estimate.gaps import outcome_gaps
from analysis.figures.place import Place
from analysis.impact.country import SHIPPED
from analysis.impact.measures import MeasureUnit
from analysis.impact.salaries import salary_means
from analysis.impact.social import EACH, PLACED, YEARS
from analysis.ingest import Processed
from analysis.release.policy import SMALLEST
from analysis.release.rows import Withheld
from analysis.runs import social_evidence
from analysis.runs.estimates import estimate_rates
from analysis.runs.impacts import SocialValue, value_society
from analysis.runs.parameters import TripleBottomLine
from analysis.runs.session import Session
from analysis.runs.social_evidence import gather_evidence
from analysis.studies import Study
from analysis.vocabulary import NON_UNDERSERVED, UNDERSERVED, Audience, Contrast, Estimand

FEW = {"simulations": 1000, "adjusters": ("gender",)}


def open_on(data: Processed, study: Study, **asked: Any) -> Session:
    parameters = TripleBottomLine(**{**FEW, **asked})
    return Session(
        "08_triple_bottom_line", parameters, data.marked(study), data, cast("Place", None)
    )


@pytest.fixture(scope="module")
def session(provider_processed: Processed, provider_study: Study) -> Session:
    return open_on(provider_processed, provider_study)


@pytest.fixture(scope="module")
def social(session: Session) -> SocialValue:
    found = value_society(session)
    assert found
    return found


@pytest.fixture(scope="module")
def public(provider_processed: Processed, provider_study: Study) -> SocialValue:
    found = value_society(open_on(provider_processed, provider_study, audience=Audience.PUBLIC))
    assert found
    return found


def one(table: pd.DataFrame, measure: str, **where: object) -> pd.Series:
    kept = table["measure"] == measure
    for column, value in where.items():
        kept &= table[column] == value
    [(_, row)] = table[kept].iterrows()
    return row


def test_counts_and_shares_are_those_of_the_cells(session: Session) -> None:
    data, study = session.data.place, session.study
    found = gather_evidence(session, salary_means(study, data, "2022", 0.95))
    assert found
    placed, asked = (
        study_cells(study, data, outcome=name, covariates=(), cohort="2022")
        for name in ("placed_6", "answered_6")
    )
    assert found.everyone.graduates == asked["n"].sum()
    assert found.everyone.respondents == placed["n"].sum()
    assert found.placement.central == pytest.approx(placed["successes"].sum() / placed["n"].sum())
    by_status = placed.groupby("job_seeker", dropna=True)["successes"].sum()
    assert found.seekers.central == pytest.approx(by_status[True] / by_status.sum())
    # A job seeker is underserved, so all of them are among the underserved.
    assert found.underserved_seekers
    assert found.underserved_seekers.central > found.seekers.central
    assert found.underserved.graduates < found.everyone.graduates


def test_the_gap_is_that_of_the_third_notebook(session: Session) -> None:
    data, study = session.data.place, session.study
    cells = study_cells(study, data, outcome="placed_6", covariates=("gender",), cohort="2022")
    gaps = outcome_gaps(study, "placed_6", cells, ("gender",))
    row = gaps[
        (gaps["contrast"] == Contrast.ANY)
        & (gaps["estimand"] == Estimand.ADJUSTED_DIFFERENCE)
        & gaps["method"].str.startswith("logit")
    ].iloc[0]
    assert (row["group"], row["reference"]) == (UNDERSERVED, NON_UNDERSERVED)
    found = gather_evidence(session, salary_means(study, data, "2022", 0.95))
    assert found
    assert found.gap
    ends = (found.gap.central, found.gap.low, found.gap.high)
    assert ends == pytest.approx((row["estimate"], row["ci_low"], row["ci_high"]))


def test_tables_hold_all_that_is_asked_for(social: SocialValue) -> None:
    value = social.value
    for group in (EACH, PLACED):
        own = value[(value["group"] == group) & value["horizon"].notna()]
        assert len(own) == 6 * len(YEARS)
    assert set(social.tables) == {
        "social-value",
        "social-parameters",
        "social-tornado",
        "salaries",
    }
    placed = one(value, "placed_graduates")["estimate"]
    totals, each = (one(value, "public_gain", group=name, horizon=5) for name in (PLACED, EACH))
    # Each is told with those deducted who would have been placed anyway.
    assert totals["estimate"] == pytest.approx(placed * each["estimate"])


def test_the_tornado_starts_from_the_inputs_of_the_table(social: SocialValue) -> None:
    assert set(social.tornado["group"]) <= set(social.inputs["measure"])
    assert set(social.tornado["horizon"]) == {5}


def test_salaries_come_from_the_survey_and_are_not_illustrative(social: SocialValue) -> None:
    assert not social.salaries["illustrative"].any()
    told = one(social.salaries, "pay_after", group="job_seeker")
    used = one(social.inputs, "input_pay")
    assert used["estimate"] == told["estimate"]
    assert not used["illustrative"]


def test_without_salaries_the_country_stands_in_and_says_so(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = session.study.model_copy(update={"amounts": {}})
    found = value_society(replace(session, study=bare))
    assert found
    assert found.salaries.empty
    assert "salaries" not in found.tables
    pay = one(found.inputs, "input_pay")
    assert pay["illustrative"]
    assert pay["group"] == "france"
    assert pay["estimate"] == found.country.parameters["pay_if_not_told"].central
    # Nor is a mean of a handful of persons used.
    monkeypatch.setattr(social_evidence, "SMALLEST", 10_000)
    evidence = gather_evidence(
        session, salary_means(session.study, session.data.place, "2022", 0.95)
    )
    assert evidence
    assert (evidence.pay, evidence.raised) == (None, None)


def test_dollars_are_converted_and_illustrative(session: Session, social: SocialValue) -> None:
    asked = session.parameters.model_copy(update={"currency": "USD", "dollars_per_euro": 2.0})
    found = value_society(replace(session, parameters=asked))
    assert found
    for name, table in found.tables.items():
        euros = social.tables[name]
        money = euros["unit"] == MeasureUnit.EUR
        assert (table.loc[money, "unit"] == MeasureUnit.USD).all()
        assert table.loc[money, "illustrative"].all()
        factor = np.where(money, 2.0, 1.0)
        assert np.allclose(table["estimate"], factor * euros["estimate"], equal_nan=True)


def test_a_country_of_ones_own_is_used(session: Session, tmp_path: Any) -> None:
    content = yaml.safe_load((SHIPPED / "france.yml").read_text("utf-8"))
    content["name"] = "atlantis"
    for parameter in content["parameters"].values():
        parameter["illustrative"] = False
    path = tmp_path / "atlantis.yml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    asked = session.parameters.model_copy(update={"country": str(path)})
    found = value_society(replace(session, parameters=asked))
    assert found
    assert not found.value["illustrative"].any()
    assert not found.tornado["illustrative"].any()


def test_a_study_without_job_survey_has_no_social_value(session: Session, toy_study: Study) -> None:
    assert value_society(replace(session, study=toy_study)) is None


def test_a_cohort_of_whom_nobody_is_placed_has_no_social_value(session: Session) -> None:
    asked = session.parameters.model_copy(update={"cohort": "2025"})
    assert value_society(replace(session, parameters=asked)) is None


def test_everyone_sees_rounded_values_and_no_number_of_a_hidden_group(
    social: SocialValue, public: SocialValue
) -> None:
    for name, table in public.tables.items():
        assert (table["n"].dropna() % 5 == 0).all(), name
        shown = table["n"].dropna()
        assert (shown >= SMALLEST).all(), name
    gone = public.salaries[public.salaries["estimate"].isna()]
    assert gone["note"].str.startswith("hidden").all()
    hidden = set(gone["group"])
    for name, group in (("input_pay", "job_seeker"), ("input_raise", "job_seeker_out")):
        assert pd.isna(one(public.inputs, name)["estimate"]) == (group in hidden)
    # Shares of the placed come in tens of percent: finer ones would tell a count.
    assert one(public.inputs, "input_seekers")["digits"] == -1
    gain = one(public.value, "public_gain", group=PLACED, horizon=1)
    exact = one(social.value, "public_gain", group=PLACED, horizon=1)
    # Those for everyone rest on the rate as everyone sees it.
    assert gain["estimate"] == pytest.approx(exact["estimate"], abs=10.0 ** -exact["digits"])
    # The parts of the respondents would tell how many there are of whom a status is not known.
    respondents = one(social.inputs, "input_placement")["n"]
    assert set(social.value["n"]) == {respondents}
    assert pd.isna(one(public.inputs, "input_seekers")["n"])


def test_inputs_have_the_persons_that_they_are_estimated_from(session: Session) -> None:
    social = value_society(session)
    assert social
    placed = session.cells("placed_6", ())
    known = placed[placed["job_seeker"].notna()]["successes"].sum()
    assert one(social.inputs, "input_seekers")["n"] == known
    assert one(social.inputs, "input_placement")["n"] == placed["n"].sum()
    assert one(social.inputs, "input_underserved_seekers")["n"] < known
    gap = one(social.inputs, "input_gap")
    # Persons of unknown membership stand on neither side.
    assert known < gap["n"] < placed["n"].sum()
    assert gap["unit"] == MeasureUnit.POINTS
    assert gap["ci_low"] < -1


def test_everyone_reads_one_placement_rate_and_one_gap(
    provider_processed: Processed, provider_study: Study, public: SocialValue
) -> None:
    session = open_on(provider_processed, provider_study, audience=Audience.PUBLIC)
    rates = session.release.results(estimate_rates(session, ["placed_6"]))
    shown = rates[rates["group"] == "all"].iloc[0]
    used = one(public.inputs, "input_placement")
    columns = ["estimate", "ci_low", "ci_high"]
    assert used[columns].tolist() == shown[columns].tolist()
    evidence = gather_evidence(
        session, salary_means(session.study, session.data.place, "2022", 0.95)
    )
    assert evidence
    assert evidence.placement.high == shown["ci_high"]


def test_a_gap_that_everyone_may_not_see_is_not_valued(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hide(_: object, table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(note="hidden=protects")

    monkeypatch.setattr(type(session.release), "results", hide)
    found = value_society(session)
    assert found
    [row] = found.value[found.value["group"] == UNDERSERVED].to_dict("records")
    assert (row["measure"], row["note"]) == ("gap_placements", "hidden=protects")
    assert "input_gap" not in set(found.inputs["measure"])


def test_what_job_seekers_share_can_be_worked_out_from_goes_where_their_placement_is_hidden(
    provider_processed: Processed, provider_study: Study
) -> None:
    session = open_on(provider_processed, provider_study, audience=Audience.PUBLIC)
    withheld = Withheld(str(session.cohort), "placed_6", "job_seeker")
    hiding = replace(session.release, withheld=session.release.withheld | {withheld})
    session.__dict__["release"] = hiding
    social = value_society(session)
    assert social is not None
    value = social.value
    assert value.loc[value["horizon"].notna(), "estimate"].isna().all()
    assert pd.isna(one(social.inputs, "input_seekers")["estimate"])
    assert pd.notna(one(value, "placed_graduates", group=PLACED)["estimate"])
