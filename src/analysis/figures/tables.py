"""Tables that a reader sees, in the words and number formats of each language."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from IPython.display import display

from analysis.figures.forest import KINDS, pair_gaps
from analysis.figures.place import OUTPUT_KEY
from analysis.figures.quotations import QUOTED_IN, mark_quotations
from analysis.figures.subject import Subject
from analysis.figures.wording import (
    MINUS,
    capitalise,
    contrast_label,
    count,
    number,
    percent,
    points,
    say,
)
from analysis.release.results import is_hidden
from analysis.vocabulary import LANGUAGES, Contrast, Estimand

DASH = "–"
SAID_ABOVE = ("adjusted", "clusters")
"""Remarks that the charts above a table make for all of its rows."""
SIGN_BEFORE_UNIT = re.compile(f"(?<=[+{MINUS}])(?=[€$])")
"""Where a browser would part a sign from its amount."""


Maker = Callable[[pd.DataFrame, Subject, str], pd.DataFrame]


def _show(make: Maker, results: pd.DataFrame, subject: Subject, language: str) -> None:
    show(lambda each: make(results, subject, each), language)


def show(make: Callable[[str], pd.DataFrame], language: str) -> None:
    """Show a table in one language; the output holds all, for the pages of the others.

    Parameters
    ----------
    make
        Makes the table of a language, every cell a text.
    language
        The one to show.
    """
    tables = {each: make(each) for each in LANGUAGES}
    pages = {
        each: mark_quotations(_html(table), table, tables[QUOTED_IN])
        if each != QUOTED_IN
        else _html(table)
        for each, table in tables.items()
    }
    bundle = {"text/html": pages[language], "text/plain": tables[language].to_string(index=False)}
    display(bundle, raw=True, metadata={OUTPUT_KEY: {"html": pages}})


def show_text(make: Callable[[str], str], language: str) -> None:
    """Show prose in one language; the output holds all, for the pages of the others.

    Parameters
    ----------
    make
        Makes the Markdown of a language.
    language
        The one to show.
    """
    texts = {each: make(each) for each in LANGUAGES}
    bundle = {"text/markdown": texts[language], "text/plain": texts[language]}
    display(bundle, raw=True, metadata={OUTPUT_KEY: {"markdown": texts}})


def show_subject(subject: Subject, language: str) -> None:
    """Name the outcome that the tables below are about."""
    show_text(lambda each: f"**{capitalise(subject.outcome_words(each))}**", language)


def show_message(key: str, language: str, **values: str) -> None:
    """Show one message of the catalogue as prose."""
    show_text(lambda each: say(key, each, **values), language)


def _html(table: pd.DataFrame) -> str:
    text: str = table.to_html(index=False, border=0, justify="left", classes="results")
    return SIGN_BEFORE_UNIT.sub("\N{WORD JOINER}", text)


Format = Callable[[float, str, int], str]
"""Writes a number in a language with so many decimals."""


def shown_value(
    row: Mapping[str, Any] | pd.Series, write: Format, language: str, value: str = "estimate"
) -> str:
    """The value of a released row, with the row's decimals.

    A dash if it has none, and if it is hidden the words that it is not shown.
    """
    if pd.notna(row[value]):
        return write(row[value], language, int(row["digits"]))
    return say("words.not_shown", language) if is_hidden(str(row["note"])) else DASH


def with_interval(
    row: Mapping[str, Any] | pd.Series, write: Format, language: str, value: str = "estimate"
) -> str:
    """The value of a released row as `shown_value` has it, with its interval behind it."""
    estimate = shown_value(row, write, language, value)
    if pd.isna(row[value]) or pd.isna(row["ci_low"]):
        return estimate
    limits = {end: shown_value(row, write, language, f"ci_{end}") for end in ("low", "high")}
    return f"{estimate} ({say('words.interval', language, **limits)})"


def ratio(value: float, language: str, digits: int = 2) -> str:
    """A ratio, to two digits unless others were released."""
    return number(value, language, digits)


def gaps_table(results: pd.DataFrame, subject: Subject, language: str) -> pd.DataFrame:
    """Raw and adjusted gap of every contrast and group, and what adjusting changes."""
    rows = []
    for contrasts in KINDS.values():
        for _, pair in pair_gaps(results, subject, contrasts).iterrows():
            rows.append(_gap_cells(pair, subject, language))
    return pd.DataFrame(rows)


def _gap_cells(pair: pd.Series, subject: Subject, language: str) -> dict[str, str]:
    def column(name: str) -> str:
        return say(f"columns.{name}", language)

    shown = {}
    for kind in ("raw", "adjusted"):
        names = ("estimate", "ci_low", "ci_high", "note", "digits")
        row = {name: pair[f"{name}_{kind}"] for name in names}
        shown[kind] = with_interval(row, points, language)
    change = {
        "estimate": pair["estimate_adjusted"] - pair["estimate_raw"],
        "digits": pair["digits_adjusted"],
        "note": pair["note_adjusted"],
    }
    p_value = pair["p_adjusted_adjusted"]
    sides = subject.sides(pair, language)
    return {
        column("contrast"): contrast_label(Contrast(pair["contrast"]), language),
        column("group"): subject.group(pair["group"], language),
        column("sides"): f"{sides['n']} / {sides['n_reference']}",
        column("raw"): shown["raw"],
        column("adjusted"): shown["adjusted"],
        column("change"): shown_value(change, points, language),
        column("p_adjusted"): DASH if pd.isna(p_value) else subject.p_words(p_value, language),
        column("note"): subject.reason(
            pair.rename({"note_adjusted": "note"}), language, SAID_ABOVE
        ),
    }


def unknown_table(results: pd.DataFrame, subject: Subject, language: str) -> pd.DataFrame:
    """Adjusted gaps with unknown memberships left out, taken as no and taken as yes.

    Only gaps that leave someone out are shown; the table is empty if there are none.
    """
    columns = {
        Estimand.ADJUSTED_DIFFERENCE: ("left_out", points),
        Estimand.ADJUSTED_DIFFERENCE_AS_NO: ("as_no", points),
        Estimand.ADJUSTED_DIFFERENCE_AS_YES: ("as_yes", points),
    }
    rows = subject.rows(results, estimand=list(columns))
    rows = rows[rows["method"].str.startswith("logit")]
    by = ["contrast", "group"]
    rows = rows[rows.groupby(by)["estimand"].transform("size") == len(columns)]
    return spread(rows, by, comparison(subject, language), columns, language)


def spread(
    rows: pd.DataFrame,
    by: Sequence[str],
    leading: Mapping[str, Callable[[pd.Series], str]],
    columns: Mapping[Estimand, tuple[str, Format]],
    language: str,
) -> pd.DataFrame:
    """Put the estimands of a question beside each other, each with its interval.

    Parameters
    ----------
    rows
        Rows of a result table.
    by
        Columns that tell one question from another; a line each.
    leading
        What stands first in a line, from its first row, by the name of the column's message.
    columns
        For each estimand the name of its column's message and the format of its numbers, which
        have the decimals of their row.
    language
        Of the words and numbers.
    """
    shown = []
    for _, own in rows.groupby(list(by), sort=False):
        first = own.iloc[0]
        cells = {say(f"columns.{name}", language): make(first) for name, make in leading.items()}
        found = {row["estimand"]: row for _, row in own.iterrows()}
        for estimand, (name, write) in columns.items():
            row = found.get(estimand)
            text = DASH if row is None else with_interval(row, write, language)
            cells[say(f"columns.{name}", language)] = text
        shown.append(cells)
    return pd.DataFrame(shown)


def with_reasons(
    table: pd.DataFrame, lines: Iterable[pd.DataFrame], subject: Subject, language: str
) -> pd.DataFrame:
    """Add why numbers are missing, as a last column, if any line lacks one.

    Parameters
    ----------
    table
        A line a question; see `spread`.
    lines
        The rows of a result table that each line is made of.
    subject, language
        Of the words.
    """
    reasons = [
        say("words.separator", language).join(
            dict.fromkeys(
                subject.reason(row, language, SAID_ABOVE)
                for _, row in own[own["estimate"].isna()].iterrows()
            )
        )
        for own in lines
    ]
    return table.assign(**{say("columns.note", language): reasons}) if any(reasons) else table


def comparison(subject: Subject, language: str) -> dict[str, Callable[[pd.Series], str]]:
    """The first cells of a line on a gap: the comparison and the group."""
    return {
        "contrast": lambda row: contrast_label(Contrast(str(row["contrast"])), language),
        "group": lambda row: subject.group(str(row["group"]), language),
    }


def ratios_table(results: pd.DataFrame, subject: Subject, language: str) -> pd.DataFrame:
    """Ratios of rates and odds of every plain contrast."""
    columns = {
        Estimand.RISK_RATIO: ("risk_ratio", ratio),
        Estimand.ODDS_RATIO: ("odds_ratio", ratio),
    }
    rows = subject.rows(results, estimand=list(columns))
    return spread(rows, ["contrast", "group"], comparison(subject, language), columns, language)


def impact_table(results: pd.DataFrame, subject: Subject, language: str) -> pd.DataFrame:
    """Indices of disproportionate impact, one row a group."""
    formats: dict[Estimand, tuple[str, Format]] = {
        Estimand.POINT_GAP: ("point_gap", points),
        Estimand.PROPORTIONALITY_INDEX: ("proportionality", ratio),
        Estimand.EIGHTY_PERCENT_INDEX: ("eighty", ratio),
        Estimand.SUCCESSES_TO_PARITY: ("parity", number),
    }
    found = subject.rows(results, estimand=Estimand.RATE)
    rates = {row["group"]: row for _, row in found.iterrows()}

    leading: dict[str, Callable[[pd.Series], str]] = {
        "group": lambda row: subject.group(str(row["group"]), language),
        "n": lambda row: count(row["n_group"], language),
        "rate": lambda row: shown_value(rates[row["group"]], percent, language),
    }
    rows = subject.rows(results, estimand=list(formats))
    return spread(rows, ["group"], leading, formats, language)


def show_gaps(results: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show the raw and the adjusted gap of every contrast and group."""
    _show(gaps_table, results, subject, language)


def show_unknown(results: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show adjusted gaps with unknown memberships left out, taken as no and as yes."""
    _show(unknown_table, results, subject, language)


def show_ratios(results: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show ratios of rates and odds."""
    _show(ratios_table, results, subject, language)


def show_impact(results: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show the indices of disproportionate impact."""
    _show(impact_table, results, subject, language)
