"""The three bottom lines in one sentence each."""

from collections.abc import Mapping
from typing import Final

import pandas as pd

from analysis.figures.amounts import amount_with_interval, row_amount
from analysis.figures.social import social_sentence
from analysis.figures.subject import Subject
from analysis.figures.tables import show_text
from analysis.figures.wording import say
from analysis.vocabulary import ALL

NET: Final = ("income", "net_result")
REVENUE: Final = ("income", "revenue")
EMITTED: Final = ("emissions", ALL)
AHEAD: Final = ("emissions_year_ahead", ALL)
"""Measures and groups that the sentences tell of."""


def bottom_lines(tables: Mapping[str, pd.DataFrame], subject: Subject, language: str) -> str:
    """One sentence on each bottom line, as a list in Markdown.

    Parameters
    ----------
    tables
        Released tables of measures, by any names; what they lack is said to be missing.
    subject
        Its cohort is the year to tell of; the last one known if it is none of those.
    language
        Of the sentences.
    """
    rows = pd.concat(list(tables.values()), ignore_index=True) if tables else pd.DataFrame()
    sentences = (
        _financial(rows, subject, language),
        _social(rows, language),
        _environmental(rows, subject, language),
    )
    return "\n".join(f"- {sentence}" for sentence in sentences)


def show_bottom_lines(tables: Mapping[str, pd.DataFrame], subject: Subject, language: str) -> None:
    """Show one sentence on each bottom line."""
    show_text(lambda each: bottom_lines(tables, subject, each), language)


def _found(rows: pd.DataFrame, key: tuple[str, str], subject: Subject) -> pd.Series | None:
    """The row of a measure and group in the cohort's year, or in the last one; None if none is."""
    if rows.empty:
        return None
    own = rows[(rows["measure"] == key[0]) & (rows["group"] == key[1])]
    own = own[own["estimate"].notna()].sort_values("period")
    if own.empty:
        return None
    of_year = own[own["period"] == subject.cohort]
    return (own if of_year.empty else of_year).iloc[-1]


def _financial(rows: pd.DataFrame, subject: Subject, language: str) -> str:
    net, revenue = _found(rows, NET, subject), _found(rows, REVENUE, subject)
    if net is None or revenue is None:
        return say("bottom_lines.no_finance", language)
    return say(
        "bottom_lines.financial",
        language,
        year=net["period"],
        net=amount_with_interval(net, language),
        revenue=amount_with_interval(revenue, language),
    )


def _social(rows: pd.DataFrame, language: str) -> str:
    told = not rows.empty and (rows["measure"] == "public_gain").any()
    sentence = social_sentence(rows, language) if told else say("social.none", language)
    return say("bottom_lines.social", language, sentence=sentence)


def _environmental(rows: pd.DataFrame, subject: Subject, language: str) -> str:
    total, ahead = _found(rows, EMITTED, subject), _found(rows, AHEAD, subject)
    if total is None:
        return say("bottom_lines.no_emissions", language)
    told = {"total": row_amount(total, language), "year": total["period"]}
    if ahead is None:
        return say("bottom_lines.environmental", language, **told)
    told["ahead"] = amount_with_interval(ahead, language)
    return say("bottom_lines.environmental_ahead", language, **told)
