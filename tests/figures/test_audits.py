"""An audit in the words, tables and charts of both languages."""

from pathlib import Path

import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.text import Text

from analysis.audit.figures import (
    Definition,
    Figure,
    Place,
    Printed,
    published_files,
    read_printed,
)
from analysis.audit.findings import Audit, OddSum, TwoDefinitions, audit
from analysis.audit.identities import Assumption
from analysis.audit.told import ASSUMPTIONS
from analysis.figures import audit_tables
from analysis.figures.audit_bounds import bounds_charts
from analysis.figures.audit_tables import (
    agreeing_words,
    bounds_words,
    conflicts_table,
    definitions_table,
    resolution_words,
    summary,
    sums_table,
)
from analysis.figures.audit_words import (
    figure_words,
    measure_words,
    printed_group,
    value_words,
)
from analysis.figures.audits import ROWS, clashes, conflicts_charts
from analysis.figures.wording import catalogue, say
from analysis.vocabulary import CATEGORIES, FUNDING, LANGUAGES

NO_BREAK = "\N{NO-BREAK SPACE}"


def made(
    measure: str,
    group: str,
    value: float,
    unit: str = "percent",
    rounding: float = 1,
    relation: str = "equal",
    period: str = "2022",
) -> Figure:
    """A figure; its sentence names it."""
    place = Place("draft.csv", 2, "Foreword", f"{measure} of {group} is printed", "")
    return Figure(measure, group, period, relation, value, unit, rounding, (place,))


def counted(value: float, relation: str = "equal", rounding: float = 1) -> Figure:
    period = "2022" if relation == "equal" else "each year"
    return made("students", "all", value, "persons", rounding, relation, period)


SHARES = (made("share", "non_underserved", 36), made("share", "job_seeker", 68))
COUNTS = (counted(10915), counted(11000, "more_than", 1000))
RATES = tuple(
    made("orientation_rate", group, rate)
    for group, rate in {"all": 29, "job_seeker": 35, "non_underserved": 20}.items()
)
FUNDED = tuple(
    made(kind, "job_seeker", share) for kind, share in zip(FUNDING, (7, 78, 8, 0, 6), strict=True)
)
DEFINITIONS = tuple(
    Definition(measure, group, Place("definitions.csv", row, f"Footnote {row}", sentence, ""))
    for row, (measure, group, sentence) in enumerate(
        (
            ("orientation_rate", "applicants", "Applicants that became students, in percent."),
            ("graduation_rate", "applicants", "Applicants that became students, in percent."),
            ("graduation_rate", "expected", "Students who were expected to graduate."),
        ),
        2,
    )
)


@pytest.fixture(scope="module")
def found() -> Audit:
    """Give an audit with findings of every kind."""
    return audit(
        Printed((*SHARES, *COUNTS, *RATES, *FUNDED, made("mentors", "all", 5)), DEFINITIONS)
    )


@pytest.fixture(scope="module")
def clean() -> Audit:
    """Give an audit without findings."""
    return audit(Printed((made("share", "job_seeker", 68), made("mentors", "all", 900))))


def cells(table: pd.DataFrame) -> set[str]:
    return {str(cell) for cell in table.to_numpy().flat}


def test_the_summary_tells_what_was_found(found: Audit) -> None:
    english = summary(found, "2022", 50, "en")
    assert "**13 printed figures for 2022**, 12 of them compared with others." in english
    assert f"Contradictions: {len(found.contradictions)}." in english
    assert "With 2 figures corrected no contradiction is left" in english
    assert "Doubts: 1, 1 of them on definitions." in english
    assert (
        "more than 10,000 persons. These values are jointly possible, and they raise no" in english
    )
    assert "By the orientation rate by category and the printed shares of the categories" in english
    assert "Assumed: status known; students are applicants of the year." in english
    french = summary(found, "2022", 50, "fr")
    assert "**13 chiffres imprimés pour 2022**, dont 12 comparés à d’autres." in french
    assert f"36{NO_BREAK}% (part des étudiants, public non prioritaire, 2022)" in french


def test_a_clean_report_is_said_to_be_clean(clean: Audit) -> None:
    assert "No contradiction" in summary(clean, "2022", 50, "en")
    assert "Aucune contradiction" in summary(clean, "2022", 50, "fr")
    assert not conflicts_charts(clean, "2022")
    assert not bounds_charts(clean, "2022")


def test_a_search_that_ended_at_its_limit_says_so() -> None:
    stopped = audit(Printed((*SHARES, *COUNTS)), limit=1)
    assert not stopped.complete
    assert "limit of 1 conflicts" in summary(stopped, "2022", 1, "en")
    assert "limite de 1 conflits" in summary(stopped, "2022", 1, "fr")


def test_each_conflict_has_a_line_for_each_figure(found: Audit) -> None:
    table = conflicts_table(found.contradictions[:1], "en")
    assert table.iloc[0].to_dict() == {
        "No.": "1",
        "Printed figure": "36% (share of students, non-underserved, 2022)",
        "In the report’s words": "“share of non_underserved is printed”, Foreword",
        "Places": "1",
        "The others leave": "at most 32.5%",
        "Resolved by": "32%",
    }
    french = conflicts_table(found.contradictions[:1], "fr")
    assert french["Les autres laissent"][0] == f"au plus 32,5{NO_BREAK}%"
    # The quotation keeps the report's language, so that it is marked as such.
    quoted = f"«{NO_BREAK}share of non_underserved is printed{NO_BREAK}», Foreword"
    assert french.iloc[0, 2] == quoted


def test_doubts_name_the_assumption_that_they_rest_on() -> None:
    figures = (*SHARES[:1], *RATES, made("applicants", "all", 100, "persons"), counted(50))
    doubts = [one for one in audit(Printed(figures)).conflicts if one.assumptions]
    assert doubts
    table = conflicts_table(doubts, "en")
    lines = [len(one.figures) for one in doubts]
    assert list(table["Rests on the assumption"] != "") == [
        line == 0 for count in lines for line in range(count)
    ]
    assert list(table["No."] != "") == list(table["Rests on the assumption"] != "")
    assert ASSUMPTIONS[Assumption.SAME_YEAR] in cells(table)


def test_a_definition_taken_from_another_measure_is_told(found: Audit) -> None:
    (finding,) = (one for one in found.findings if isinstance(one, TwoDefinitions))
    table = definitions_table([finding], found.definitions, "en")
    assert list(table["Defined out of"]) == ["applicants", "students expected to graduate"]
    assert list(table["Remark"]) == [
        "Word for word as the definition of another measure: orientation rate",
        "–",
    ]


def test_what_agrees_is_told_by_measure(found: Audit) -> None:
    table = agreeing_words(found.agreeing, "en")
    told = table.set_index("Measure")["Figures that agree"]
    assert told["Orientation rate"] == "29% (all); 35% (job seekers); 20% (non-underserved)"
    assert "Mentors" not in told


def test_a_figure_pulled_both_ways_is_told() -> None:
    """Two shares ask for more and for fewer than 50 of 100."""
    figures = (
        made("students", "all", 100, "persons"),
        made("students", "refugee", 50, "persons"),
        made("share", "refugee", 60),
        made("share", "refugee", 40),
    )
    both = audit(Printed(figures))
    pulled = {one.figure.value for one in clashes(both) if one.both_ways}
    assert pulled == {50, 100}
    (chart,) = conflicts_charts(both, "2022")
    told = "Asked to be more in some contradictions and less in others: "
    assert f"{told}100 persons (students) and 50 persons (refugees)" in chart.words["en"].note


def test_figures_in_most_contradictions_come_first(found: Audit) -> None:
    often = [one.often for one in clashes(found)]
    assert often == sorted(often, reverse=True)


def test_doubts_that_no_value_resolves_are_told() -> None:
    """Of 100 applicants 50% and 60 students started."""
    figures = (
        *SHARES,
        made("applicants", "all", 100, "persons"),
        counted(60),
        made("orientation_rate", "all", 50),
    )
    english = summary(audit(Printed(figures)), "2022", 50, "en")
    assert "raise no doubt but under one assumption: the students of the year are" in english
    assert "Under it doubt 1 stays, whatever the values." in english


def test_odd_sums_are_told(found: Audit) -> None:
    sums = [one for one in found.findings if isinstance(one, OddSum)]
    table = sums_table(sums, "fr")
    assert list(table["Somme"]) == [f"99{NO_BREAK}%"]
    assert f"financement public 78{NO_BREAK}%" in table.iloc[0, 1]


def test_the_resolution_and_the_bounds_are_told(found: Audit) -> None:
    # 64% would do beside the 36%, but is doubtful beside the rates.
    resolved = resolution_words(found.resolution, "en")["Resolved by"]
    assert list(resolved) == ["62%", "more than 10,000 persons"]
    table = bounds_words(found.bounds, "en")
    assert list(table["Share of"]) == ["applicants", "students"]
    assert table["Printed shares"][0] == "–"
    assert "36% (share of students, non-underserved, 2022) does not agree" in cells(table)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chart_draws_every_figure_of_a_contradiction(found: Audit, language: str) -> None:
    (chart,) = conflicts_charts(found, "2022")
    rows = clashes(found)
    assert len(chart.data) == min(ROWS, len(rows))
    assert not chart.synthetic
    assert len(chart.words[language].headline.split()) <= 12
    drawn = chart.draw(language)
    axes = drawn.axes[0]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert len(dots) == len(chart.data)
    for row, bar in enumerate(axes.lines[2::3]):
        # The bar of what is left never reaches what is printed.
        assert min(abs(x) for x in bar.get_xdata()) > 0.9, row
    pyplot.close(drawn)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chart_of_bounds_has_a_line_at_each_printed_share(found: Audit, language: str) -> None:
    (chart,) = bounds_charts(found, "2022")
    printed = chart.data[chart.data["kind"] == "printed"]
    assert dict(zip(printed["group"], printed["high"], strict=True)) == {
        "job_seeker": 0.32,
        "non_underserved": 0.36,
    }
    drawn = chart.draw(language)
    texts = {text.get_text() for text in drawn.findobj(Text)}
    lines = {f"32{NO_BREAK}% = 100 − 68{NO_BREAK}%, demandeurs d’emploi, au plus"}
    assert language == "en" or lines <= texts
    (low, high) = found.bounds[1].low, found.bounds[1].high
    allows = low <= 36.5 and high >= 35.5
    assert chart.words["en"].headline.startswith("Every" if allows else "No table")
    pyplot.close(drawn)


def test_no_table_and_no_chart_lacks_words(
    found: Audit, clean: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page is shown without an error, whatever there is to show."""
    shown: list[str] = []
    monkeypatch.setattr(
        audit_tables, "show", lambda make, _: shown.extend(map(str, map(make, LANGUAGES)))
    )
    monkeypatch.setattr(
        audit_tables, "show_text", lambda make, _: shown.extend(map(make, LANGUAGES))
    )
    monkeypatch.setattr(
        audit_tables,
        "show_message",
        lambda key, _: shown.extend(say(key, each) for each in LANGUAGES),
    )
    for one in (found, clean):
        audit_tables.show_audit(one, "2022", 50, "en")
        audit_tables.show_resolution(one, 50, "en")
        for severity in list(audit_tables.Severity)[:2]:
            audit_tables.show_conflicts(one, severity, "en")
        audit_tables.show_definitions(one, "en")
        audit_tables.show_sums(one, "en")
        audit_tables.show_bounds(one, "en")
        audit_tables.show_agreeing(one, 50, "en")
        audit_tables.show_alone(one, "en")
    # Beside the figures to correct stands whether their values raise doubts.
    assert len(shown) == 2 * (2 * 9) + 2
    assert all(shown)


def test_every_assumption_and_group_has_words_as_the_command_line_tells_it() -> None:
    for assumption in Assumption:
        told = say(f"audit.{assumption}", "en").replace("’", "'")
        assert told == ASSUMPTIONS[assumption]
    for name in (*CATEGORIES, "all", "underserved", "non_underserved"):
        assert f"printed_groups.{name}" in catalogue()
    for name in FUNDING:
        assert f"printed_measures.{name}" in catalogue()


def test_what_is_published_has_words_in_both_languages(repository: Path) -> None:
    for figure in read_printed(published_files(repository, 2022)).figures:
        assert f"printed_measures.{figure.measure}" in catalogue(), figure
        assert f"printed_groups.{figure.group}" in catalogue(), figure
        assert f"printed_units.{figure.unit}" in catalogue(), figure


def test_what_the_catalogue_lacks_keeps_its_name() -> None:
    figure = made("red_noses", "some_clowns", 7, "noses", period="circus season")
    assert measure_words("red_noses", "fr") == "red noses"
    assert printed_group("some_clowns", "fr") == "some clowns"
    assert figure_words(figure, "en") == "7 noses (red noses, some clowns, circus season)"


@pytest.mark.parametrize(
    ("relation", "english", "french"),
    [
        ("equal", "1,200 persons", "1 200 personnes"),
        ("more_than", "more than 1,200 persons", "plus de 1 200 personnes"),
        ("at_least", "at least 1,200 persons", "au moins 1 200 personnes"),
        ("less_than", "less than 1,200 persons", "moins de 1 200 personnes"),
        ("almost", "almost 1,200 persons", "presque 1 200 personnes"),
        ("about", "about 1,200 persons", "environ 1 200 personnes"),
    ],
)
def test_values_are_told_as_they_are_printed(relation: str, english: str, french: str) -> None:
    figure = counted(1200, relation)
    assert value_words(figure, "en") == english
    assert value_words(figure, "fr").replace("\N{NARROW NO-BREAK SPACE}", " ") == french
