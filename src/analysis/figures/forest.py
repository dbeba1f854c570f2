"""Forest plots of gaps, raw beside adjusted."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.estimate.results import read_note
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.theme import (
    BESIDE,
    INK,
    MUTED,
    SOFT,
    STRONG,
    Words,
    draw_interval,
    frame,
    is_few,
    key_above,
    label_axis,
    label_beside,
    name_rows,
    wrap_label,
)
from analysis.figures.wording import (
    capitalise,
    count,
    few_words,
    interval,
    number,
    points,
    say,
)
from analysis.release.results import is_hidden
from analysis.vocabulary import Contrast, Estimand

ROW_HEIGHT = 0.56
KINDS = {
    "non_underserved": (Contrast.ANY, Contrast.MARGINAL),
    "others": (Contrast.COMPLEMENT,),
    "joint": (Contrast.JOINT,),
}
"""Contrasts that share a reference share a chart."""


def kinds_of(results: pd.DataFrame) -> list[str]:
    """Kinds of reference for which a result table has gaps, in their order."""
    present = set(results["contrast"])
    return [kind for kind, contrasts in KINDS.items() if present.intersection(contrasts)]


def pair_gaps(
    results: pd.DataFrame, subject: Subject, contrasts: tuple[Contrast, ...]
) -> pd.DataFrame:
    """Put the raw and the adjusted gap of each group beside each other.

    Both have the errors that the study's design asks for: the raw difference comes from the
    linear model without covariates, the adjusted one from the logit.

    Returns
    -------
    pandas.DataFrame
        One row per contrast and group: group, counts, and estimate, limits and corrected
        p-value, note and digits of each, with the suffixes `_raw` and `_adjusted`.
    """
    rows = subject.rows(results, contrast=list(contrasts))
    raw = rows[(rows["estimand"] == Estimand.DIFFERENCE) & rows["method"].str.startswith("linear")]
    adjusted = rows[
        (rows["estimand"] == Estimand.ADJUSTED_DIFFERENCE) & rows["method"].str.startswith("logit")
    ]
    keys = ["contrast", "group", "reference", "term", "n_group", "n_reference"]
    numbers = ["estimate", "ci_low", "ci_high", "p_adjusted", "note", "digits"]
    return raw[keys + numbers].merge(
        adjusted[keys + numbers], on=keys, suffixes=("_raw", "_adjusted"), validate="1:1"
    )


def forest_chart(results: pd.DataFrame, subject: Subject, kind: str, alpha: float = 0.05) -> Chart:
    """Forest plot of the gaps against one kind of reference.

    Parameters
    ----------
    results
        A result table.
    subject
        The outcome to show.
    kind
        One of `KINDS`.
    alpha
        Corrected p-values up to it count as different from zero in the headline. Released ones
        are rounded up, which keeps them on their side of it.
    """
    pairs = pair_gaps(results, subject, KINDS[kind])
    return Chart.about(
        subject,
        f"gaps-{subject.file_stem}-{kind.replace('_', '-')}",
        pairs,
        lambda language: _words(pairs, subject, kind, alpha, language),
        lambda words, language: _draw(pairs, subject, words, language),
    )


def _words(pairs: pd.DataFrame, subject: Subject, kind: str, alpha: float, language: str) -> Words:
    outcome = subject.outcome_words(language)
    shared = {
        "outcome": outcome,
        "level": subject.level(language),
        "population": subject.population(language),
        "comparison": say(f"forest.against_{kind}", language),
    }
    values = say("words.separator", language).join(
        _value(row, subject, language) for _, row in pairs.iterrows()
    )
    n = (pairs["n_group"] + pairs["n_reference"]).max()
    note = _note(pairs, subject, alpha, language)
    return Words(
        _headline(pairs, outcome, kind, alpha, language),
        say("forest.subtitle", language, n=count(n, language), **shared),
        note,
        subject.source(language),
        say("forest.caption", language, values=values, note=note, **shared),
        say("forest.alt", language, values=values),
    )


def _headline(pairs: pd.DataFrame, outcome: str, kind: str, alpha: float, language: str) -> str:
    flagged = pairs["p_adjusted_adjusted"] <= alpha
    lower = pairs["estimate_adjusted"] < 0
    tested = pairs["p_adjusted_adjusted"].notna()
    key = "forest.headline_some"
    if not tested.any():
        key = "forest.headline_missing"
    elif not flagged.any():
        key = "forest.headline_none"
    elif (flagged & lower).all():
        key = f"forest.headline_all_{kind}"
    elif flagged.sum() == 1:
        key = "forest.headline_one"
    return say(
        key,
        language,
        outcome=capitalise(outcome),
        flagged=number(flagged.sum(), language),
        total=number(tested.sum(), language),
    )


def _note(pairs: pd.DataFrame, subject: Subject, alpha: float, language: str) -> str:
    notes = [read_note(note) for note in pairs["note_adjusted"]]
    adjusters = dict.fromkeys(
        name for note in notes for name in note.get("adjusted", "").split(", ") if name
    )
    clusters = [int(note["clusters"]) for note in notes if "clusters" in note]
    unknown = [int(note["left_out"]) for note in notes if "left_out" in note]
    parts = []
    if adjusters:
        held = subject.covariates(list(adjusters), language)
        parts.append(say("forest.note_adjusted", language, adjusters=held))
    if clusters:
        shown = number(max(clusters), language)
        parts.append(say("forest.note_clusters", language, clusters=shown))
    if unknown:
        parts.append(say("forest.note_unknown", language, unknown=number(max(unknown), language)))
    parts.append(say("forest.note_tests", language, alpha=number(alpha, language, 2)))
    return " ".join(parts)


def _value(row: pd.Series, subject: Subject, language: str) -> str:
    group = subject.group(row["group"], language)
    missing = [kind for kind in ("raw", "adjusted") if pd.isna(row[f"estimate_{kind}"])]
    if missing:
        note = pd.Series({"note": row[f"note_{missing[0]}"]})
        return say("words.item", language, name=group, value=subject.reason(note, language))
    parts = {}
    for kind in ("raw", "adjusted"):
        digits = row[f"digits_{kind}"]
        parts[kind] = points(row[f"estimate_{kind}"], language, digits)
        parts[f"{kind}_interval"] = interval_words(
            row[f"ci_low_{kind}"], row[f"ci_high_{kind}"], language, digits
        )
    said = say("forest.value", language, group=group, **parts, **subject.sides(row, language))
    return said + few_words(language, row["n_group"], row["n_reference"])


def interval_words(low: float, high: float, language: str, digits: int = 1) -> str:
    """An interval in points, and how it lies to zero, or the word that there is none."""
    if np.isnan(low):
        return say("words.no_interval", language)
    shown = interval(low, high, language, digits)
    if touches_zero(low, high):
        return say("words.touches_zero", language, interval=shown)
    return say("words.includes_zero", language, interval=shown) if low < 0 < high else shown


def touches_zero(low: float, high: float) -> bool:
    """Whether a limit is zero: a rounded one, of which the side of zero is not known any more."""
    return low == 0 or high == 0


def _draw(pairs: pd.DataFrame, subject: Subject, words: Words, language: str) -> Figure:
    figure, (axes,) = frame(
        words,
        ROW_HEIGHT * len(pairs),
        key_height=0.3,
        label_width=2.6,
        right_width=1.75,
        watermark=subject.watermark(language),
    )
    for y, (_, row) in enumerate(pairs.iterrows()):
        draw_pair(axes, y, row, language)
        text = _direct_label(row, subject, language)
        label_beside(axes, y, text, size=8.2, linespacing=1.35)
    name_rows(axes, [_row_label(row, subject, language) for _, row in pairs.iterrows()])
    draw_zero(axes, pairs.filter(regex="^(ci_|estimate_)"), language)
    outcome = subject.outcome_words(language)
    axes.set_xlabel(say("forest.axis", language, outcome=outcome), color=MUTED)
    key_above(figure, axes)
    return figure


def _row_label(row: pd.Series, subject: Subject, language: str) -> str:
    group = wrap_label(subject.group(row["group"], language))
    if is_hidden(row["note_adjusted"]):
        return group
    sides = say("words.against", language, **subject.sides(row, language))
    return f"{group}\n{sides}"


def draw_pair(axes: Axes, y: int, row: pd.Series, language: str) -> None:
    """Draw the raw gap of a row and the adjusted one below it; the first row names them."""
    for kind, color, offset in (("raw", SOFT, -0.15), ("adjusted", STRONG, 0.15)):
        values = (row[f"estimate_{kind}"], row[f"ci_low_{kind}"], row[f"ci_high_{kind}"])
        label = say(f"forest.{kind}", language) if y == 0 else None
        draw_interval(axes, y + offset, values, color=color, hollow=kind == "raw", label=label)


def draw_zero(axes: Axes, numbers: pd.DataFrame, language: str) -> None:
    """Draw the line of no gap, keep it in view, and label the axis in points."""
    axes.axvline(0, color=INK, linewidth=1)
    low, high = np.nanmin([0.0, *numbers.min()]), np.nanmax([0.0, *numbers.max()])
    room = 0.06 * (high - low or 0.1)
    axes.set_xlim(low - room, high + room)
    label_axis(axes, lambda x, digits: points(x, language, digits))


def _direct_label(row: pd.Series, subject: Subject, language: str) -> str:
    if is_hidden(row["note_adjusted"]):
        reason = subject.reason(pd.Series({"note": row["note_adjusted"]}), language)
        return wrap_label(reason, BESIDE)
    shown = [
        say("words.not_estimable", language)
        if pd.isna(value := row[f"estimate_{kind}"])
        else f"{points(value, language, row[f'digits_{kind}'])} {say(f'forest.{kind}', language)}"
        for kind in ("raw", "adjusted")
    ]
    if is_few(row["n_group"], row["n_reference"]):
        shown.append(say("words.small_group", language))
    return "\n".join(shown)
