"""A plain summary in sentences, made from the estimates."""

import pandas as pd

from analysis.figures.forest import KINDS, interval_words, pair_gaps
from analysis.figures.rates import rate_parts
from analysis.figures.subject import Subject
from analysis.figures.tables import show_text
from analysis.figures.theme import is_few
from analysis.figures.wording import capitalise, points, say
from analysis.vocabulary import ALL, Estimand


def show_summary(
    results: pd.DataFrame, subject: Subject, language: str, alpha: float = 0.05
) -> None:
    """Show the summary of one outcome in one language; the output holds all languages."""
    show_text(lambda each: summary(results, subject, each, alpha), language)


def summary(results: pd.DataFrame, subject: Subject, language: str, alpha: float = 0.05) -> str:
    """Sentences on the overall rate and on each gap against the non-underserved.

    Parameters
    ----------
    results
        A result table.
    subject
        The outcome.
    language
        Of the sentences.
    alpha
        A gap is said to differ from zero if its corrected p-value is at most this.

    Returns
    -------
    str
        Markdown.
    """
    pairs = pair_gaps(results, subject, KINDS["non_underserved"])
    lines = [_overall(results, subject, language), ""]
    lines += [f"- {_gap(pair, subject, language, alpha)}" for _, pair in pairs.iterrows()]
    return "\n".join([*lines, "", say("summary.design", language)])


def _overall(results: pd.DataFrame, subject: Subject, language: str) -> str:
    row = subject.rows(results, estimand=Estimand.RATE, group=ALL).iloc[0]
    outcome = subject.study.outcomes[subject.outcome]
    if pd.isna(row["estimate"]):
        reason = capitalise(subject.reason(row, language))
        return f"**{capitalise(subject.outcome_words(language))}.** {reason}."
    return say(
        "summary.overall",
        language,
        outcome=capitalise(subject.outcome_words(language)),
        unit=subject.study.unit.label()[language],
        **rate_parts(row, language),
        denominator=outcome.denominator.label()[language],
    )


def _gap(pair: pd.Series, subject: Subject, language: str, alpha: float) -> str:
    group = subject.group(pair["group"], language)
    for kind in ("raw", "adjusted"):
        if pd.isna(pair[f"estimate_{kind}"]):
            reason = subject.reason(pair.rename({f"note_{kind}": "note"}), language)
            return say("summary.gap_missing", language, reason=reason, group=group)
    digits = pair["digits_adjusted"]
    return say(
        "summary.gap",
        language,
        raw=points(pair["estimate_raw"], language, digits),
        raw_interval=interval_words(pair["ci_low_raw"], pair["ci_high_raw"], language, digits),
        adjusted=points(pair["estimate_adjusted"], language, digits),
        adjusted_interval=interval_words(
            pair["ci_low_adjusted"], pair["ci_high_adjusted"], language, digits
        ),
        verdict=_verdict(pair, subject, language, alpha),
        group=group,
        **subject.sides(pair, language),
    )


def _verdict(pair: pd.Series, subject: Subject, language: str, alpha: float) -> str:
    p_value = pair["p_adjusted_adjusted"]
    if pd.isna(p_value):
        return say("summary.no_interval", language)
    shown = subject.p_words(p_value, language)
    key = "summary.differs" if p_value <= alpha else "summary.includes_zero"
    said = say(key, language, p=shown)
    if is_few(pair["n_group"], pair["n_reference"]):
        said += " " + say("summary.indicative", language)
    return said
