"""Rows are hidden so that nothing hidden is told, and no more of them than that needs."""

from collections.abc import Callable

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.ingest import Processed
from analysis.release.attack import attack
from analysis.release.declared import Declared, declare, declare_cells
from analysis.release.facts import Facts
from analysis.release.knowledge import NOT_TOLD, SUCCESSES, Cell, Population, unsure, without
from analysis.release.rows import Withheld
from analysis.release.suppression import protecting_rows, small_rows, withheld_rows
from analysis.studies import Study
from analysis.vocabulary import ALL, NON_UNDERSERVED, UNDERSERVED

Cells = dict[str, pd.DataFrame]
CATEGORIES = ["job_seeker", "refugee"]
COHORTS = ("all", "2021", "2022")
DRAWN = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def declared(cells: Cells) -> Declared:
    return declare_cells("toy", CATEGORIES, cells, COHORTS, "2022")


def cells(**groups: tuple[int, int, int]) -> Cells:
    """Cells of one category: members, others and unknown, of whom as many as given start."""
    flags = {"members": True, "others": False, "unknown": None}
    frames = {}
    for outcome, place in (("admitted", 0), ("started", 1)):
        rows = [
            {"refugee": flags[name], "n": sizes[place], "successes": sizes[place + 1]}
            for name, sizes in groups.items()
        ]
        frame = pd.DataFrame(rows).astype({"refugee": "boolean"})
        frames[outcome] = frame.assign(year="2022", job_seeker=frame["refugee"] & False)
    return frames


def test_groups_make_each_other_up(draw_cells: Callable[[int, int], Cells]) -> None:
    for counts in declared(draw_cells(3, 300)).counts.values():
        sides = (UNDERSERVED, NON_UNDERSERVED, NOT_TOLD)
        assert counts[ALL] == sum(counts[group] for group in sides)
        for name in CATEGORIES:
            parts = (name, without(name), unsure(name))
            assert counts[ALL] == sum(counts[group] for group in parts)


def test_stages_that_are_the_same_persons_are_linked(
    draw_cells: Callable[[int, int], Cells],
) -> None:
    links = declared(draw_cells(3, 300)).links()
    started = Population("toy", "2022", "started", "denominator")
    assert links[started] == Population("toy", "2022", "admitted", SUCCESSES)


def test_the_stage_before_is_hidden_if_its_successes_are_a_small_denominator() -> None:
    told = declared(cells(members=(60, 12, 5), others=(900, 500, 300), unknown=(30, 20, 9)))
    assert Withheld("2022", "started", "refugee") in small_rows(told)
    assert Withheld("2022", "admitted", "refugee") in protecting_rows(told)


def test_nothing_is_hidden_where_nothing_is_small() -> None:
    told = declared(cells(members=(600, 120, 50), others=(900, 500, 300), unknown=(80, 60, 40)))
    assert not small_rows(told)
    # Of the category that nobody is in there is nothing to show; it is hidden like a small one.
    assert {row.group for row in protecting_rows(told)} == {"job_seeker"}


def test_a_small_rest_of_a_whole_hides_another_part() -> None:
    # 400 of 404 are in the category, so few are out of it that the rounded whole tells.
    told = declared(cells(members=(401, 300, 90), others=(1, 1, 1), unknown=(0, 0, 0)))
    assert Withheld("2022", "admitted", NON_UNDERSERVED) in small_rows(told)
    assert protecting_rows(told)


def test_the_cohort_that_is_looked_at_is_spared(draw_cells: Callable[[int, int], Cells]) -> None:
    drawn = draw_cells(5, 200)
    rare = drawn["started"]
    drawn["started"] = rare[(rare["year"] == "2022") | (rare["n"] < 2)]
    hidden = protecting_rows(declared(drawn), "2022")
    assert hidden
    spared = protecting_rows(declared(drawn), "2021")
    assert sum(row.cohort == "2022" for row in hidden) <= sum(
        row.cohort == "2022" for row in spared
    )


@DRAWN
@given(seed=st.integers(0, 10_000), size=st.integers(30, 400))
def test_no_hidden_count_can_be_told_after_suppression(
    seed: int, size: int, draw_cells: Callable, release_rates: Callable
) -> None:
    drawn = draw_cells(seed, size)
    told = declared(drawn)
    withheld = small_rows(told) | protecting_rows(told, "2022")
    tables = release_rates(drawn, withheld, COHORTS)
    assert attack(tables, told.links(), told.wholes()) == []


@DRAWN
@given(seed=st.integers(0, 10_000), size=st.integers(30, 400))
def test_the_truth_is_always_possible(
    seed: int, size: int, draw_cells: Callable, release_rates: Callable
) -> None:
    drawn = draw_cells(seed, size)
    truth = declared(drawn)
    facts = Facts()
    for table in release_rates(drawn, frozenset(), COHORTS):
        facts.read(table)
    known, _ = facts.concluded(truth.links(), truth.wholes())
    for one in known.constraints:
        true = sum(weight * of(truth.counts, cell) for cell, weight in one.terms.items())
        assert one.low - 1e-6 <= true <= one.high + 1e-6, one


def of(counts: dict[Population, dict[str, int]], cell: Cell) -> int:
    return counts[cell.population][cell.group]


def test_the_table_of_a_study_is_counted_and_protected(
    provider_study: Study, provider_processed: Processed
) -> None:
    cohort = "2022"
    table = declare(provider_study, provider_processed.place, cohort)
    assert {one.outcome for one in table.counts} == set(provider_study.outcomes)
    assert {one.cohort for one in table.counts} == {"all", *provider_study.cohort.groups}
    hidden = withheld_rows(provider_study, provider_processed.place, cohort)
    small = {
        (one.outcome, group)
        for one, counts in table.counts.items()
        for group in (ALL, *provider_study.categories)
        if one.cohort == cohort and one.part == "denominator" and 0 < counts[group] < 25
    }
    assert small
    assert small <= {(row.outcome, row.group) for row in hidden if row.cohort == cohort}
