"""What the audit finds, in the provider's report on 2022 and in small drafts."""

from collections.abc import Callable, Collection
from dataclasses import replace

import pytest

from analysis.audit.figures import Definition, Figure, Place, Printed
from analysis.audit.findings import (
    Audit,
    Conflict,
    Kind,
    OddSum,
    Severity,
    TwoDefinitions,
    audit,
)
from analysis.audit.identities import Assumption
from analysis.audit.implied import Implied
from analysis.audit.model import build_model
from analysis.audit.resolution import Resolution
from analysis.vocabulary import CATEGORIES

Make = Callable[..., Figure]
Short = tuple[str, str, float]
RATES = ("orientation_rate", "graduation_rate", "placement_rate")


@pytest.fixture(scope="module")
def of_2022(published: Printed) -> Audit:
    """Give the audit of what the provider printed of 2022."""
    return audit(published)


def _short(figures: Collection[Figure]) -> frozenset[Short]:
    return frozenset((one.measure, one.group, one.value) for one in figures)


def _implied(found: Audit, *shorts: Short) -> dict[Short, Implied]:
    (conflict,) = [one for one in found.conflicts if _short(one.figures) == frozenset(shorts)]
    return dict(zip(shorts, _in_order(conflict, shorts), strict=True))


def _in_order(conflict: Conflict, shorts: Collection[Short]) -> list[Implied]:
    """What is implied by a conflict, in the order of some figures."""
    by_short = {next(iter(_short([one.figure]))): one for one in conflict.implied}
    return [by_short[short] for short in shorts]


NON = ("share", "non_underserved", 36.0)
SEEKERS = ("share", "job_seeker", 68.0)
COUNT = ("students", "all", 10_915.0)


@pytest.mark.parametrize(
    "figures",
    [
        {NON, SEEKERS},
        {NON, ("share", "underserved", 79.0)},
        {COUNT, ("students", "all", 11_000.0)},
        {SEEKERS, COUNT, ("students", "job_seeker", 7_300.0)},
        {("share", "low_qualification", 36.0), COUNT, ("students", "low_qualification", 3_991.0)},
        {
            ("growth", "all", 47.0),
            ("career_outcomes", "all", 14_163.0),
            ("career_outcomes", "all", 44_010.0),
        },
    ],
)
def test_what_the_report_contradicts_itself_in_is_found(
    of_2022: Audit, figures: set[Short]
) -> None:
    assert frozenset(figures) in [_short(one.figures) for one in of_2022.contradictions]


def test_the_list_is_whole_and_sorted(of_2022: Audit) -> None:
    assert of_2022.complete
    order = [list(Severity).index(one.severity) for one in of_2022.findings]
    assert order == sorted(order)
    sizes = [len(one.figures) for one in of_2022.contradictions]
    assert sizes == sorted(sizes)
    sets = [_short(one.figures) for one in of_2022.conflicts]
    assert len(set(sets)) == len(sets)
    assert not [(one, other) for one in sets for other in sets if one < other]


def test_conflicts_are_minimal(of_2022: Audit, published: Printed) -> None:
    model = build_model(published.figures)
    for conflict in of_2022.conflicts[::4]:
        keys = [figure.key for figure in conflict.figures]
        system = model.view(conflict.assumptions).system
        assert not system.is_feasible(keys)
        for key in keys:
            assert system.is_feasible([other for other in keys if other != key])
        for assumption in conflict.assumptions:
            fewer = [one for one in conflict.assumptions if one is not assumption]
            assert model.view(fewer).system.is_feasible(keys)


def test_what_is_right_is_in_no_conflict(of_2022: Audit) -> None:
    """10,915 of 37,218 are 29%; 1 t over 32 kg is about 30; 90% with a third party, by rounding."""
    blamed = {short for one in of_2022.conflicts for short in _short(one.figures)}
    assert not {measure for measure, _, _ in blamed} & {
        "times_lower",
        "emissions_per_person",
        "third_party",
        "self_paid",
        "funded_by_others",
    }
    right = {COUNT, ("applicants", "all", 37_218.0), ("orientation_rate", "all", 29.0)}
    assert right not in [_short(one.figures) for one in of_2022.conflicts]
    alone = _short(of_2022.alone)
    assert not right & alone
    assert ("times_lower", "path_students", 30.0) not in alone


def test_what_the_others_leave_and_what_resolves_it(of_2022: Audit) -> None:
    found = _implied(of_2022, SEEKERS, COUNT, ("students", "job_seeker", 7_300.0))
    share, everyone, seekers = found.values()
    assert share.low == share.high == pytest.approx(100 * 7_300 / 10_915)
    assert share.printable == 67
    assert (everyone.low, everyone.high) == pytest.approx((7_300 / 0.685, 7_300 / 0.675))
    assert everyone.printable == 10_814
    assert (seekers.low, seekers.high) == pytest.approx((0.675 * 10_915, 0.685 * 10_915))
    assert seekers.printable == 7_368


def test_a_figure_that_was_cut_is_told_from_one_that_is_wrong(of_2022: Audit) -> None:
    """3,991 of 10,915 are 36.56%, printed as 36%; 7,300 are 66.9%, printed as 68%."""
    low = ("share", "low_qualification", 36.0)
    cut, count, _ = _implied(
        of_2022, low, ("students", "low_qualification", 3_991.0), COUNT
    ).values()
    assert cut.is_cut
    assert not count.is_cut
    wrong, *_ = _implied(of_2022, SEEKERS, COUNT, ("students", "job_seeker", 7_300.0)).values()
    assert not wrong.is_cut


def test_printing_what_is_advised_resolves_a_conflict(of_2022: Audit, published: Printed) -> None:
    for conflict in of_2022.conflicts[::5]:
        for implied in conflict.implied:
            assert implied.printable is not None
            better = replace(implied.figure, value=implied.printable)
            others = [one for one in conflict.figures if one is not implied.figure]
            system = build_model([*others, better]).view(conflict.assumptions).system
            assert system.is_feasible(), implied


def test_the_resolution_leaves_no_contradiction(of_2022: Audit, published: Printed) -> None:
    wrong = {one.figure.key for one in of_2022.resolution.corrections}
    model = build_model(published.figures)
    system = model.view(()).system
    assert system.is_feasible([key for key in model.quantities if key not in wrong])
    for back in wrong:
        kept = [key for key in model.quantities if key not in wrong - {back}]
        assert not system.is_feasible(kept)
    assert NON in _short([one.figure for one in of_2022.resolution.corrections])


def test_what_is_proposed_is_jointly_possible_and_raises_few_doubts(
    of_2022: Audit, published: Printed
) -> None:
    """11,001 students are not 29% of 37,218: one doubt stays, as long as those are the same."""
    found = of_2022.resolution
    values = {one.figure.key: one.printable for one in found.corrections}
    assert len(values) == 4
    better = []
    for figure in published.figures:
        value = values.get(figure.key, figure.value)
        assert value is not None
        better.append(replace(figure, value=value))
    again = audit(Printed(tuple(better)))
    assert again.contradictions == ()
    assert found.doubtful == (Assumption.SAME_YEAR,)
    assert {*found.assumptions, *found.doubtful} == set(Assumption)
    assert {one.assumptions for one in again.conflicts} == {(Assumption.SAME_YEAR,)}
    doubts = [one for one in of_2022.conflicts if one.assumptions]
    assert [_short(doubts[number - 1].figures) for number in of_2022.staying] == [
        {
            ("orientation_rate", "all", 29.0),
            ("applicants", "all", 37_218.0),
            ("students", "all", 11_000.0),
        }
    ]


def test_what_is_proposed_doubts_nothing_if_nothing_else_is_doubtful(make: Make) -> None:
    """Beside 36% the underserved are up to 64.5%, and 63.5% or more if all are one or the other."""
    found = audit(Printed((make("share", "non_underserved", 36), make("share", "underserved", 79))))
    (correction,) = found.resolution.corrections
    assert (correction.low, correction.high) == pytest.approx((63.5, 64.5))
    assert correction.printable == 64
    assert (found.resolution.doubtful, found.staying) == ((), ())


def test_a_figure_of_every_year_is_corrected_for_all_years(make: Make) -> None:
    """More than 11,000 each year is wrong by 9,500 in 2021 and by 10,915 in 2022."""
    figures = [
        make("students", "all", 10_915, "persons"),
        make("students", "all", 9_500, "persons", period="2021"),
        make("students", "all", 11_000, "persons", 1000, "more_than", "each year"),
    ]
    (correction,) = audit(Printed(tuple(figures))).resolution.corrections
    assert correction.figure is figures[-1]
    assert correction.printable == 9_000


def test_what_agrees_is_compared_and_in_no_finding(of_2022: Audit) -> None:
    agreeing = _short(of_2022.agreeing)
    assert ("times_lower", "path_students", 30.0) in agreeing
    # It is in a sum of 99% only.
    assert ("public", "underserved_area", 83.0) not in agreeing
    assert not agreeing & _short(of_2022.alone)
    assert not agreeing & {NON, SEEKERS, COUNT}


@pytest.mark.parametrize(("percent", "feasible"), [(21, True), (36, False)])
@pytest.mark.parametrize("measure", RATES)
def test_the_success_tables_hold_with_21_percent_and_not_with_36(
    published: Printed, make: Make, measure: str, percent: float, feasible: bool
) -> None:
    """Each alone, with the shares of the categories and that of the non-underserved."""
    table = [one for one in published.figures if one.measure == measure]
    shares = [
        one for one in published.figures if one.measure == "share" and one.group in CATEGORIES
    ]
    model = build_model([*table, *shares, make("share", "non_underserved", percent)])
    assert model.view().system.is_feasible() is feasible


def test_placement_refuses_36_percent_without_the_table_of_shares(of_2022: Audit) -> None:
    """The rates alone make 36% too many, where respondents are like the students."""
    tables = [
        one
        for one in of_2022.conflicts
        if one.assumptions == (Assumption.RESPONDENTS_LIKE_STUDENTS,)
    ]
    assert tables
    for one in tables:
        assert one.severity is Severity.DOUBT
        assert NON in _short(one.figures)
        assert SEEKERS not in _short(one.figures)


def test_conflicts_by_orientation_rest_on_the_year(of_2022: Audit) -> None:
    for one in of_2022.conflicts:
        if "orientation_rate" in {figure.measure for figure in one.figures}:
            assert one.assumptions == (Assumption.SAME_YEAR,)


def test_without_assumptions_there_are_contradictions_only(
    of_2022: Audit, published: Printed
) -> None:
    bare = audit(published, assumptions=())
    assert bare.conflicts == of_2022.contradictions
    assert {one.severity for one in bare.conflicts} == {Severity.CONTRADICTION}


def test_the_search_says_where_it_stopped(published: Printed) -> None:
    few = audit(published, limit=3)
    assert len(few.conflicts) == 3
    assert not few.complete
    assert few.resolution == Resolution()


def test_contradictions_are_not_crowded_out_by_doubts(published: Printed) -> None:
    measures = ("share", "students", "placement_rate")
    some = Printed(tuple(one for one in published.figures if one.measure in measures))
    sure = audit(some, assumptions=()).conflicts
    every = audit(some)
    assert every.complete
    assert len(every.conflicts) > len(sure) + 1
    found = audit(some, limit=len(sure) + 1)
    assert found.contradictions == sure
    assert len(found.conflicts) == len(sure) + 1
    assert not found.complete
    assert audit(some) == every


def test_measures_with_two_definitions_are_told(of_2022: Audit) -> None:
    found = {one.measure: one for one in of_2022.findings if isinstance(one, TwoDefinitions)}
    assert set(found) == {"graduation_rate", "placement_rate"}
    footnotes = {one.place.section for one in found["graduation_rate"].definitions}
    assert "Footnote 4" in footnotes
    groups = {one.group for one in found["placement_rate"].definitions}
    assert groups == {"graduates", "respondents"}
    assert {one.kind for one in found.values()} == {Kind.DOCUMENTARY}


def test_definitions_that_agree_are_no_finding() -> None:
    place = Place("draft.csv", 2, "Section", "Of graduates.", "")
    same = (Definition("placement_rate", "graduates", place),) * 2
    assert audit(Printed((), same)).findings == ()


def test_columns_of_funding_that_sum_to_99_are_notes(of_2022: Audit) -> None:
    odd = {one.figures[0].group: one for one in of_2022.findings if isinstance(one, OddSum)}
    assert {group: one.total for group, one in odd.items()} == {
        "job_seeker": 99,
        "underserved_area": 99,
    }
    assert {one.severity for one in odd.values()} == {Severity.NOTE}


def test_a_column_beyond_its_rounding_is_a_contradiction_and_no_note(make: Make) -> None:
    values = {"individual": 15, "public": 57, "apprenticeship": 13, "employer": 5, "other": 7}
    figures = tuple(make(kind, "all", value) for kind, value in values.items())
    (conflict,) = audit(Printed(figures)).findings
    assert isinstance(conflict, Conflict)
    assert set(conflict.figures) == set(figures)
    assert conflict.assumptions == ()
    assert {one.printable for one in conflict.implied} == {16, 58, 14, 6, 8}


def test_a_figure_may_be_impossible_by_itself(make: Make) -> None:
    (conflict,) = audit(Printed((make("share", "refugee", 130),))).conflicts
    (implied,) = conflict.implied
    assert (implied.low, implied.high) == pytest.approx((0, 100))
    assert implied.printable == 100


def test_nothing_printed_is_nothing_found() -> None:
    found = audit(Printed(()))
    assert (found.findings, found.bounds, found.alone, found.complete) == ((), (), (), True)
