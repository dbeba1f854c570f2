"""Tables on how sure a gap is: small groups, what can be detected, what could explain it away."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from analysis.estimate.results import read_note
from analysis.figures.subject import Subject
from analysis.figures.tables import (
    DASH,
    SAID_ABOVE,
    Format,
    comparison,
    show,
    show_message,
    spread,
    with_interval,
)
from analysis.figures.theme import is_few
from analysis.figures.wording import note_sentences, number, percent, points, say
from analysis.release.results import is_hidden
from analysis.vocabulary import Estimand

Columns = Mapping[Estimand, tuple[str, Format]]
NEAR_CERTAIN = 0.99
VERDICTS = ("equivalent", "not_equivalent")
SAID = (*SAID_ABOVE, "left_out", "df", *VERDICTS)
"""Remarks that other tables make, or other columns."""


def _table(rows: pd.DataFrame, subject: Subject, columns: Columns, language: str) -> pd.DataFrame:
    """The estimands of each gap beside each other, with the numbers of both sides.

    What there is to remark stands last, if there is anything.
    """
    leading = comparison(subject, language)
    leading["sides"] = lambda row: _sides(row, subject, language)
    by = ["contrast", "group"]
    table = spread(rows, by, leading, columns, language)
    remarks = [_remarks(own, subject, language) for _, own in rows.groupby(by, sort=False)]
    return _with_remarks(table, remarks, language)


def _sides(row: pd.Series, subject: Subject, language: str) -> str:
    shown = subject.sides(row, language)
    return f"{shown['n']} / {shown['n_reference']}"


def _remarks(rows: pd.DataFrame, subject: Subject, language: str) -> str:
    """Remarks of the rows of one line, each once."""
    sentences = [
        sentence
        for note in rows["note"]
        for sentence in note_sentences(subject.study, note, language, SAID)
    ]
    if any(is_few(row["n_group"], row["n_reference"]) for _, row in rows.iterrows()):
        sentences.append(say("words.small_group", language))
    return say("words.separator", language).join(dict.fromkeys(sentences))


def _with_remarks(table: pd.DataFrame, remarks: list[str], language: str) -> pd.DataFrame:
    return table.assign(**{say("columns.note", language): remarks}) if any(remarks) else table


def firth_table(results: pd.DataFrame, subject: Subject, language: str) -> pd.DataFrame:
    """Each gap and odds ratio by Firth's penalised logit."""
    columns: Columns = {
        Estimand.ADJUSTED_DIFFERENCE: ("adjusted", points),
        Estimand.ODDS_RATIO: ("odds_ratio", number),
    }
    rows = subject.rows(results, estimand=list(columns))
    rows = rows[rows["method"].str.startswith("firth")]
    return _table(rows, subject, columns, language)


def show_firth(results: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show each gap and odds ratio by Firth's penalised logit."""
    show(lambda each: firth_table(results, subject, each), language)


def detectable_table(results: pd.DataFrame, subject: Subject, language: str) -> pd.DataFrame:
    """The smallest gap that each comparison could detect, and its power against the margin."""
    columns: Columns = {
        Estimand.MINIMAL_DETECTABLE_GAP: (
            "detectable",
            lambda value, each, digits: number(100 * value, each, digits),
        ),
        Estimand.POWER: ("power", lambda value, each, _: _power(value, each)),
    }
    rows = subject.rows(results, estimand=list(columns))
    table = _table(rows, subject, columns, language)
    margins = rows.loc[rows["estimand"] == Estimand.POWER, "term"]
    heads = {
        say("columns.power", language): say(
            "small_groups.power", language, margin=_margin(term, language)
        )
        for term in margins[:1]
    }
    return table.rename(columns=heads)


def _power(value: float, language: str) -> str:
    """A power in whole percent; never a certain one."""
    if value > NEAR_CERTAIN:
        return f"> {percent(NEAR_CERTAIN, language, 0)}"
    return percent(value, language, 0)


def show_detectable(results: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show the smallest gap that each comparison could detect, and its power."""
    show(lambda each: detectable_table(results, subject, each), language)


def equivalence_table(results: pd.DataFrame, subject: Subject, language: str) -> pd.DataFrame:
    """Each adjusted gap with the tests of whether it lies within the margin, and their verdict."""
    rows = subject.rows(results, estimand=Estimand.EQUIVALENCE)
    shown = [_equivalence_cells(row, subject, language) for _, row in rows.iterrows()]
    remarks = [_remarks(rows.iloc[[place]], subject, language) for place in range(len(rows))]
    return _with_remarks(pd.DataFrame(shown), remarks, language)


def _equivalence_cells(row: pd.Series, subject: Subject, language: str) -> dict[str, str]:
    # Two tests at level α go with the interval of coverage 1 - 2α.
    level = replace(subject, confidence=2 * subject.confidence - 1).level(language)
    p_value = DASH
    if pd.notna(row["p_adjusted"]):
        p_value = subject.p_words(row["p_adjusted"], language)
    leading = comparison(subject, language)
    return {
        **{say(f"columns.{name}", language): make(row) for name, make in leading.items()},
        say("columns.sides", language): _sides(row, subject, language),
        say("small_groups.gap", language, level=level): with_interval(row, points, language),
        say("columns.p_adjusted", language): p_value,
        say("small_groups.verdict", language): _verdict(row, language),
    }


def _verdict(row: pd.Series, language: str) -> str:
    if is_hidden(row["note"]):
        return say("words.not_shown", language)
    found = [key for key in VERDICTS if key in read_note(row["note"])]
    margin = _margin(row["term"], language)
    return say(f"small_groups.{found[0]}", language, margin=margin) if found else DASH


def show_equivalence(results: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show for each gap whether it is shown to lie within the margin."""
    show(lambda each: equivalence_table(results, subject, each), language)


def _margin(term: str, language: str) -> str:
    """A margin in points, as far as it has digits."""
    value = round(100 * float(term), 6)
    return number(value, language, 0 if value.is_integer() else 1)


def sensitivity_table(results: pd.DataFrame, subject: Subject, language: str) -> pd.DataFrame:
    """How strong a variable that was not measured must be to explain a gap away."""
    columns: Columns = {
        Estimand.PARTIAL_R2: ("partial_r2", percent),
        Estimand.ROBUSTNESS_VALUE: ("robustness", percent),
        Estimand.ROBUSTNESS_VALUE_ALPHA: ("robustness_alpha", percent),
        Estimand.RISK_RATIO: ("adjusted_ratio", number),
        Estimand.E_VALUE: ("e_value", number),
        Estimand.E_VALUE_INTERVAL: ("e_value_interval", number),
    }
    return _table(subject.rows(results, estimand=list(columns)), subject, columns, language)


def show_sensitivity(results: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show how strong a variable that was not measured must be to explain a gap away."""
    show(lambda each: sensitivity_table(results, subject, each), language)


def confounders_table(results: pd.DataFrame, subject: Subject, language: str) -> pd.DataFrame:
    """Each gap if there were a confounder as strong as a measured variable, or more so."""
    rows = subject.rows(results, estimand=Estimand.CONFOUNDED_DIFFERENCE)
    parts = rows["term"].str.rsplit(":", n=1, expand=True)
    rows = rows.assign(variable=parts[0], times=parts[1])
    shown = []
    leading = comparison(subject, language)
    for (_, _, variable), own in rows.groupby(["contrast", "group", "variable"], sort=False):
        line = {
            say(f"columns.{name}", language): make(own.iloc[0]) for name, make in leading.items()
        }
        line[say("columns.benchmark", language)] = subject.covariates([str(variable)], language)
        for _, row in own.iterrows():
            head = say("fragility.confounded", language, times=row["times"])
            line[head] = with_interval(row, points, language)
        shown.append(line | {say("columns.note", language): _remarks(own, subject, language)})
    table = pd.DataFrame(shown)
    note = say("columns.note", language)
    return table if table[note].any() else table.drop(columns=note)


def show_confounders(results: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show each gap if there were a confounder as strong as a measured variable, or more so."""
    if subject.rows(results, estimand=Estimand.CONFOUNDED_DIFFERENCE).empty:
        show_message("fragility.no_benchmark", language)
    else:
        show(lambda each: confounders_table(results, subject, each), language)
