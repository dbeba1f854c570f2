"""Estimates of the toy study, which the figures are drawn from."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from analysis.cells import study_cells, time_cells
from analysis.estimate.duration.times import times_to_event
from analysis.estimate.gaps import adjustment_steps, study_gaps
from analysis.estimate.journey import funnel, overlap, shares_by_group
from analysis.estimate.rates import rate_rows
from analysis.estimate.results import result_table
from analysis.figures.adjustment import adjustment_chart
from analysis.figures.curves import curves_charts
from analysis.figures.journey import funding_chart, funnel_chart, outcomes_chart, overlap_chart
from analysis.figures.published import beside_printed, published_chart
from analysis.figures.rates import rates_chart
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.ingest import Processed, process_extract
from analysis.ingest.published import read_published
from analysis.release.results import Release, Withheld
from analysis.studies import Study, load_study
from analysis.vocabulary import Audience, Contrast

ROOT = Path(__file__).resolve().parents[2]


# A group of either study that is hidden to protect another one.
PROTECTED = frozenset(
    {Withheld("all", "graduated", "carer"), Withheld("2022", "placed_6", "refugee")}
)


@dataclass(frozen=True)
class Estimated:
    """A study with its estimates as an audience may see them, and charts of a second study."""

    study: Study
    gaps: pd.DataFrame
    steps: pd.DataFrame
    processed: Path
    more: tuple[Chart, ...]
    audience: Audience

    def subject(self, outcome: str = "graduated") -> Subject:
        return Subject(self.study, outcome, None, 0.95, self.audience)


@pytest.fixture(scope="session")
def released(
    toy_study_file: Path,
    toy_extract: Path,
    provider_processed: Processed,
    provider_study: Study,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[Audience, Estimated]:
    """Estimate once and release to every audience."""
    study = load_study(str(toy_study_file))
    data = process_extract(study, toy_extract, tmp_path_factory.mktemp("processed"))
    gaps, steps = study_gaps(
        study,
        data.place,
        outcomes=tuple(study.outcomes),
        covariates=study.default_adjusters(),
    )
    found = {}
    for audience in Audience:
        release = Release(audience, PROTECTED)
        more = _described(provider_processed, provider_study, audience)
        shown = release.results(gaps), release.results(steps)
        found[audience] = Estimated(study, *shown, data.place, more, audience)
    return found


@pytest.fixture(scope="session")
def estimated(released: dict[Audience, Estimated]) -> Estimated:
    """Give the estimates as they are seen inside the provider."""
    return released[Audience.INTERNAL]


@pytest.fixture(scope="session")
def public(released: dict[Audience, Estimated]) -> Estimated:
    """Give the estimates as everyone sees them; one group is hidden."""
    return released[Audience.PUBLIC]


@pytest.fixture(scope="session", params=Audience)
def shown(released: dict[Audience, Estimated], request: pytest.FixtureRequest) -> Estimated:
    """Give the estimates as each audience sees them."""
    return released[request.param]


def _described(data: Processed, declared: Study, audience: Audience) -> tuple[Chart, ...]:
    """Charts of the generated cohort, as the notebooks 01 and 02 draw them."""
    study, cohort = data.marked(declared), "2022"
    where = (study, data.place, cohort)
    release = Release(audience, PROTECTED, cohort, study.described_outcome)

    def subject(outcome: str) -> Subject:
        return Subject(study, outcome, cohort, 0.95, audience)

    described = subject(study.described_outcome)
    counts = data.career_outcomes()
    assert counts is not None
    complete = counts[counts["year"] <= int(cohort)]
    charts = [
        funnel_chart(release.shares(funnel(*where)), described),
        overlap_chart(release.shares(overlap(*where)), described),
        funding_chart(release.shares(shares_by_group(*where, "funding")), described),
        outcomes_chart(release.counts(complete, ["counted", "reported"]), described),
    ]
    printed = read_published(ROOT, cohort, "categories")
    for measure, outcome in study.published.items():
        cells = study_cells(study, data.place, outcome=outcome, covariates=(), cohort=cohort)
        rows = [
            {"study": study.name, "outcome": outcome, **row}
            for row in rate_rows(cells, list(study.categories))
        ]
        rates = release.results(result_table(rows))
        about, own = subject(outcome), printed[printed["measure"] == measure]
        charts += [
            rates_chart(rates, about),
            published_chart(beside_printed(rates, own, about), about),
        ]
    cells = time_cells(study, data.place, duration="placed", covariates=(), cohort=cohort)
    results, curves = times_to_event(study, "placed", cells, ())
    # A chart shows the groups beside one reference each, as notebook 06 asks for them.
    curves = curves[curves["contrast"] != Contrast.COMPLEMENT]
    charts += curves_charts(release.curves(curves), release.results(results), subject("placed"))
    # Five panels side by side, with as many steps as adjusters.
    adjusters = ("gender", "country")
    cells = study_cells(study, data.place, outcome="placed_6", covariates=adjusters, cohort=cohort)
    steps = release.results(adjustment_steps(study, "placed_6", cells, adjusters))
    return (*charts, adjustment_chart(steps, subject("placed_6")))
