"""What an audit found, as sentences and tables for readers, in both languages."""

from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from analysis.audit.bounds import Bound
from analysis.audit.figures import PERCENT, Definition, Figure
from analysis.audit.findings import (
    Audit,
    Conflict,
    OddSum,
    Severity,
    TwoDefinitions,
)
from analysis.audit.implied import Implied
from analysis.audit.left import decimals
from analysis.audit.resolution import Resolution
from analysis.figures.audit_words import (
    alone_words,
    assumption_words,
    figure_words,
    in_unit,
    left_words,
    measure_words,
    period_words,
    printed_group,
    quote_words,
    range_words,
    rates_words,
    resolved_words,
    value_words,
    verdict_words,
)
from analysis.figures.tables import DASH, show, show_message, show_text
from analysis.figures.wording import capitalise, enumerate_words, number, say


def show_audit(audit: Audit, year: str, limit: int, language: str) -> None:
    """Show the summary of an audit.

    Parameters
    ----------
    audit
        The audit.
    year
        The year that the figures were published of.
    limit
        How many conflicts were looked for at most.
    language
        The one to show.
    """
    show_text(lambda each: summary(audit, year, limit, each), language)


def summary(audit: Audit, year: str, limit: int, language: str) -> str:
    """The sentences of `show_audit`, as Markdown."""
    lines = [_counted(audit, year, language), ""]
    if not audit.contradictions:
        lines.append(f"- {say('audit.clean', language)}")
    else:
        lines += [f"- {one}" for one in _contradictory(audit, language)]
    lines += [f"- {_bounded(one, language)}" for one in _tested(audit)]
    if not audit.complete:
        lines.append(f"- {_incomplete(limit, language)}")
    return "\n".join(lines)


def _counted(audit: Audit, year: str, language: str) -> str:
    counts = Counter(one.severity for one in audit.findings)
    definitions = sum(isinstance(one, TwoDefinitions) for one in audit.findings)
    shown = {f"{severity}s": number(counts[severity], language) for severity in Severity}
    if definitions:
        on = {"doubts": shown["doubts"], "definitions": number(definitions, language)}
        shown["doubts"] = say("audit.counted_doubts", language, **on)
    return say(
        "audit.counted",
        language,
        year=year,
        figures=number(len(audit.figures), language),
        compared=number(len(audit.figures) - len(audit.alone), language),
        **shown,
    )


def _contradictory(audit: Audit, language: str) -> Iterable[str]:
    yield say("audit.impossible", language)
    if len(audit.contradictions) > 1:
        (figure, most), *_ = how_often(audit).most_common(1)
        yield say(
            "audit.most",
            language,
            number=number(most, language),
            contradictions=number(len(audit.contradictions), language),
            figure=figure_words(figure, language),
        )
    if corrections := audit.resolution.corrections:
        key = "audit.fewest" if len(corrections) > 1 else "audit.fewest_one"
        figures = say("words.separator", language).join(
            _corrected(one, language) for one in corrections
        )
        fewest = say(key, language, number=number(len(corrections), language), figures=figures)
        yield f"{fewest} {resolved_doubts(audit, language)}"


def resolved_doubts(audit: Audit, language: str) -> str:
    """Whether the values proposed for the fewest figures raise doubts, and which doubts stay."""
    if not audit.resolution.doubtful:
        return say("audit.no_doubt_stays", language)
    key = "audit.doubts_stay" if len(audit.staying) > 1 else "audit.doubt_stays"
    return say(
        key,
        language,
        assumptions=assumption_words(audit.resolution.doubtful, language),
        doubts=enumerate_words([number(one, language) for one in audit.staying], language),
    )


def how_often(audit: Audit) -> Counter[Figure]:
    """In how many contradictions each figure is."""
    return Counter(figure for one in audit.contradictions for figure in one.figures)


def _corrected(implied: Implied, language: str) -> str:
    figure = figure_words(implied.figure, language)
    if implied.printable is None:
        return say("audit.not_corrected", language, figure=figure)
    value = value_words(implied.figure, language, implied.printable)
    return say("audit.corrected", language, figure=figure, value=value)


def _tested(audit: Audit) -> list[Bound]:
    """Bounds that printed shares were held against."""
    return [one for one in audit.bounds if one.tested]


def _bounded(bound: Bound, language: str) -> str:
    return say(
        "audit.bounded",
        language,
        measure=measure_words(bound.measure, language),
        range=range_words(bound, language),
        verdicts=capitalise(verdict_words(bound, language)),
        assumptions=say("words.separator", language).join(
            say(f"cells.assumptions_{one}", language) for one in bound.assumptions
        ),
    )


def show_conflicts(audit: Audit, severity: Severity, language: str) -> None:
    """Show all conflicts of a severity, a line for each of their figures."""
    found = [one for one in audit.conflicts if one.severity is severity]
    if not found:
        show_message(f"audit.no_{severity}s", language)
        return
    show(lambda each: conflicts_table(found, each), language)


def conflicts_table(conflicts: Sequence[Conflict], language: str) -> pd.DataFrame:
    """Conflicts in words: each figure, its sentence, what the others leave and what resolves it.

    The assumptions that conflicts rest on are the last column, if there are any. They and the
    number stand in the first line of each conflict only.
    """
    rests = any(one.assumptions for one in conflicts)
    rows = []
    for place, conflict in enumerate(conflicts, 1):
        for line, implied in enumerate(conflict.implied):
            shown = "" if line else number(place, language)
            row = {"number": shown, **_implied_cells(implied, language)}
            if rests:
                words = assumption_words(conflict.assumptions, language)
                row["assumptions"] = "" if line else words
            rows.append(row)
    return _named(rows, language)


def show_definitions(audit: Audit, language: str) -> None:
    """Show measures that are defined out of more than one population."""
    found = [one for one in audit.findings if isinstance(one, TwoDefinitions)]
    if not found:
        show_message("audit.no_definitions", language)
        return
    show(lambda each: definitions_table(found, audit.definitions, each), language)


def definitions_table(
    findings: Iterable[TwoDefinitions], definitions: Sequence[Definition], language: str
) -> pd.DataFrame:
    """Definitions of a measure by population, and whether they are those of another measure.

    Parameters
    ----------
    findings
        Measures that are defined out of more than one population.
    definitions
        All definitions, also of other measures.
    language
        Of the words.
    """
    return _named(
        [
            {
                "measure": capitalise(measure_words(one.measure, language)),
                "population": printed_group(one.group, language),
                "sentence": quote_words(one.place, language),
                "remark": _same_words(one, definitions, language),
            }
            for finding in findings
            for one in finding.definitions
        ],
        language,
    )


def _same_words(one: Definition, definitions: Sequence[Definition], language: str) -> str:
    """That the sentence defines another measure too, if it does."""
    alike = dict.fromkeys(
        measure_words(other.measure, language)
        for other in definitions
        if other.measure != one.measure and other.place.sentence == one.place.sentence
    )
    if not alike:
        return DASH
    return say("audit.same_words", language, measure=enumerate_words(alike, language))


def show_sums(audit: Audit, language: str) -> None:
    """Show shares that don't sum to 100% as printed, but can by their rounding."""
    found = [one for one in audit.findings if isinstance(one, OddSum)]
    if not found:
        show_message("audit.no_sums", language)
        return
    show(lambda each: sums_table(found, each), language)


def sums_table(sums: Iterable[OddSum], language: str) -> pd.DataFrame:
    """Of whom the shares are, each as printed, and their sum."""
    rows = []
    for one in sums:
        first = one.figures[0]
        shares = (
            f"{measure_words(figure.measure, language)} {value_words(figure, language)}"
            for figure in one.figures
        )
        period = period_words(first.period, language)
        group = capitalise(printed_group(first.group, language))
        digits = max(decimals(figure) for figure in one.figures)
        rows.append(
            {
                "group": f"{group}, {period}",
                "shares": say("words.separator", language).join(shares),
                "sum": in_unit(one.total, PERCENT, language, digits),
            }
        )
    return _named(rows, language)


def show_resolution(audit: Audit, limit: int, language: str) -> None:
    """Show the fewest figures to correct; a message if none has to be, or they are not known."""
    if audit.resolution.corrections:
        show(lambda each: resolution_words(audit.resolution, each), language)
        show_text(lambda each: resolved_doubts(audit, each), language)
    elif audit.complete:
        show_message("audit.no_resolution", language)
    else:
        show_text(lambda each: _incomplete(limit, each), language)


def _incomplete(limit: int, language: str) -> str:
    return say("audit.incomplete", language, limit=number(limit, language))


def resolution_words(resolution: Resolution, language: str) -> pd.DataFrame:
    """The fewest figures to correct in words."""
    return _named([_implied_cells(one, language) for one in resolution.corrections], language)


def show_bounds(audit: Audit, language: str) -> None:
    """Show which shares of the non-underserved each table of rates allows."""
    if not audit.bounds:
        show_message("audit.no_bounds", language)
        return
    show(lambda each: bounds_words(audit.bounds, each), language)


def bounds_words(bounds: Iterable[Bound], language: str) -> pd.DataFrame:
    """Bounds in words, and which printed shares agree with them."""
    return _named(
        [
            {
                "rates": f"{rates_words(one.measure, language)}, {one.period}",
                "people": printed_group(one.population, language),
                "range": range_words(one, language),
                "tested": capitalise(verdict_words(one, language)) or DASH,
                "assumptions": assumption_words(one.assumptions, language) or DASH,
            }
            for one in bounds
        ],
        language,
    )


def show_agreeing(audit: Audit, limit: int, language: str) -> None:
    """Show the figures that were compared with others and are in no finding, by measure.

    A message if there are none, or findings may be missing.
    """
    if not audit.complete:
        show_text(lambda each: _incomplete(limit, each), language)
    elif not audit.agreeing:
        show_message("audit.agreeing_none", language)
    else:
        show(lambda each: agreeing_words(audit.agreeing, each), language)


def agreeing_words(figures: Iterable[Figure], language: str) -> pd.DataFrame:
    """Figures in words, a line for each measure and period."""
    by_measure: dict[tuple[str, str], list[str]] = {}
    for one in figures:
        group = printed_group(one.group, language)
        said = say("audit.of_group", language, value=value_words(one, language), group=group)
        by_measure.setdefault((one.measure, one.period), []).append(said)
    rows = [
        {
            "measure": capitalise(measure_words(measure, language)),
            "period": period_words(period, language),
            "figures": say("words.separator", language).join(said),
        }
        for (measure, period), said in by_measure.items()
    ]
    return _named(rows, language)


def show_alone(audit: Audit, language: str) -> None:
    """Name the figures that were compared with nothing."""
    if not audit.alone:
        show_message("audit.alone_none", language)
        return
    show_text(
        lambda each: say("audit.alone", each, figures=alone_words(audit.alone, each)), language
    )


def _implied_cells(implied: Implied, language: str) -> dict[str, str]:
    return {
        "figure": figure_words(implied.figure, language),
        "sentence": quote_words(implied.figure.places[0], language),
        "places": number(len(implied.figure.places), language),
        "left": left_words(implied, language),
        "resolved": resolved_words(implied, language),
    }


def _named(rows: Sequence[dict[str, str]], language: str) -> pd.DataFrame:
    """A table whose columns have their names in a language."""
    return pd.DataFrame(
        [
            {say(f"audit.column_{name}", language): cell for name, cell in row.items()}
            for row in rows
        ]
    )
