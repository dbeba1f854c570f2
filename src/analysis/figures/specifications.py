"""Specification curve: one gap under every reasonable choice, with the choices below it."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.estimate.results import read_note
from analysis.figures.released import (
    adjusters,
    excludes_zero,
    hidden_rows,
    most_persons,
    points_of,
)
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.tables import show_text
from analysis.figures.theme import INK, MUTED, SOFT, STRONG, Words, frame
from analysis.figures.wording import (
    covariate_list,
    enumerate_words,
    number,
    outcome_label,
    percent,
    points,
    say,
)
from analysis.vocabulary import Estimand

CURVE_HEIGHT = 2.3
UNIT_HEIGHT = 0.2
EMPTY_HEIGHT = 0.5
CHOICE_HEIGHT = 0.17
CHOICES: Final = ("outcome", "reference", "covariates", "model", "weights", "unknown")
"""What a specification chooses, in the order shown; keys `spec_<choice>` of its note."""
SAID = ("adjusted", "left_out", "clusters", "defines", "mediators")
"""Remarks that are no reason why there is no estimate."""


def curve_rows(results: pd.DataFrame) -> pd.DataFrame:
    """Specifications in the order of their estimates, with a column for each of `CHOICES`.

    Parameters
    ----------
    results
        The result table of `specification_curve`, of one group.

    Returns
    -------
    pandas.DataFrame
        Rows of the result table that are specifications with an estimate.
    """
    rows = results[results["term"].str.fullmatch(r"s\d+") & results["estimate"].notna()]
    notes = [read_note(note) for note in rows["note"]]
    chosen = {name: [note.get(f"spec_{name}", "") for note in notes] for name in CHOICES}
    return rows.assign(**chosen).sort_values("estimate", kind="stable", ignore_index=True)


def curve_chart(results: pd.DataFrame, subject: Subject) -> Chart:
    """The gap of one group under all specifications, and which choices each of them makes.

    Parameters
    ----------
    results
        The result table of `specification_curve`, of one group.
    subject
        The outcome that the specifications are about.
    """
    rows = curve_rows(results)
    group = results["group"].iloc[0].replace("_", "-")
    name = f"specifications-{subject.file_stem}-{group}"
    if rows.empty:
        return Chart.about(
            subject,
            name,
            rows,
            lambda language: _missing_words(results, subject, language),
            lambda words, language: _draw_missing(subject, words, language),
        )
    return Chart.about(
        subject,
        name,
        rows,
        lambda language: _words(rows, results, subject, language),
        lambda words, language: _draw(rows, subject, words, language),
    )


def _missing_words(results: pd.DataFrame, subject: Subject, language: str) -> Words:
    """Words of a chart of nothing: why there is no specification to show."""
    sentence = _missing_sentence(results, subject, language)
    shared = {
        "outcome": subject.outcome_words(language),
        "group": subject.group(results["group"].iloc[0], language),
        "population": subject.population(language),
    }
    return Words(
        say("specifications.headline_none", language),
        say("specifications.missing_subtitle", language, **shared),
        "",
        subject.source(language),
        sentence,
        sentence,
    )


def _missing_sentence(results: pd.DataFrame, subject: Subject, language: str) -> str:
    asked = results[results["term"] != ""]
    reason = subject.reason(asked.iloc[0], language, [*SAID, *(f"spec_{name}" for name in CHOICES)])
    return say(
        "specifications.missing", language, total=number(len(asked), language), reason=reason
    )


def _draw_missing(subject: Subject, words: Words, language: str) -> Figure:
    figure, (axes,) = frame(words, EMPTY_HEIGHT, watermark=subject.watermark(language))
    axes.set_axis_off()
    axes.text(0.5, 0.5, words.caption, ha="center", va="center", wrap=True)
    return figure


def _words(rows: pd.DataFrame, results: pd.DataFrame, subject: Subject, language: str) -> Words:
    names = adjusters(rows["note"], subject, language)
    references = (subject.group(name, language) for name in rows["reference"].unique())
    shared = {
        "outcome": subject.outcome_words(language),
        "group": subject.group(rows["group"].iloc[0], language),
        "level": subject.level(language),
        "population": subject.population(language),
        "total": number(len(rows), language),
        "lower": _share(results, Estimand.SPECIFICATIONS_BELOW_ZERO, language),
        "sure": _sure(results, language),
        "median": _median(results, language),
        "least": points_of(rows.iloc[0], language),
        "most": points_of(rows.iloc[-1], language),
        "persons": _persons(rows, language),
        "reference": enumerate_words(references, language),
        "held": say("specifications.held", language, adjusters=names) if names else "",
        "test": joint_sentence(results, subject, language),
    }
    return Words(
        say("specifications.headline", language, **shared),
        say("specifications.subtitle", language, **shared),
        say("specifications.note", language, **shared),
        subject.source(language),
        say("specifications.caption", language, **shared),
        say("specifications.alt", language, **shared),
    )


def _median(results: pd.DataFrame, language: str) -> str:
    return points_of(_summary(results, Estimand.SPECIFICATIONS_MEDIAN), language)


def _summary(results: pd.DataFrame, estimand: Estimand) -> pd.Series:
    """The row that sums up the specifications of a group."""
    return results[results["estimand"] == estimand].iloc[0]


def _share(results: pd.DataFrame, estimand: Estimand, language: str) -> str:
    """A share of the specifications as estimated: rounded numbers don't tell their sign."""
    row = _summary(results, estimand)
    # None or all of them need no decimals.
    digits = 0 if row["estimate"] in (0, 1) else int(row["digits"])
    return percent(row["estimate"], language, digits)


def _sure(results: pd.DataFrame, language: str) -> str:
    """How many intervals exclude zero on the same side; empty if there is no interval."""
    if pd.isna(_summary(results, Estimand.SPECIFICATIONS_SIGNIFICANT)["estimate"]):
        return ""
    share = _share(results, Estimand.SPECIFICATIONS_SIGNIFICANT, language)
    return say("specifications.sure", language, share=share)


def _persons(rows: pd.DataFrame, language: str) -> str:
    """How many persons the specifications rest on at most, or that it is not shown."""
    if rows["n_group"].isna().all():
        return say("specifications.no_persons", language)
    return say("specifications.most", language, n=most_persons(rows, language))


def joint_sentence(results: pd.DataFrame, subject: Subject, language: str) -> str:
    """What the joint test says of a group's specifications, or that there is none."""
    row = _summary(results, Estimand.SPECIFICATIONS_MEDIAN)
    if pd.isna(row["p_value"]):
        return say("specifications.test_missing", language)
    p_value = subject.p_words(row["p_value"], language)
    said = [say("specifications.test", language, p=p_value)]
    note = read_note(row["note"])
    if "independent_draws" in note:
        said.append(say("specifications.independent", language))
    if "possible" in note:
        total, possible = (
            number(int(note[key]), language) for key in ("specifications", "possible")
        )
        said.append(say("specifications.chosen", language, total=total, possible=possible))
    asked = results[results["term"] != ""]
    hidden = hidden_rows(asked)
    for key, lost in (("hidden", hidden), ("lost", asked["estimate"].isna() & ~hidden)):
        if lost.any():
            said.append(say(f"specifications.{key}", language, count=number(lost.sum(), language)))
    return " ".join(said)


def _draw(rows: pd.DataFrame, subject: Subject, words: Words, language: str) -> Figure:
    lines = _lines(rows, subject, language)
    lower = CHOICE_HEIGHT * len(lines)
    figure, (whole,) = frame(
        words,
        CURVE_HEIGHT + 0.15 + lower,
        key_height=UNIT_HEIGHT,
        label_width=2.5,
        right_width=0.3,
        watermark=subject.watermark(language),
    )
    place = whole.get_position()
    whole.remove()
    height = figure.get_size_inches()[1]
    curve = figure.add_axes(
        (place.x0, place.y1 - CURVE_HEIGHT / height, place.width, CURVE_HEIGHT / height)
    )
    choices = figure.add_axes((place.x0, place.y0, place.width, lower / height))
    _draw_curve(curve, rows, subject, language)
    _draw_choices(choices, rows, lines)
    choices.set_xlabel(say("specifications.axis", language), color=MUTED)
    return figure


def _draw_curve(axes: Axes, rows: pd.DataFrame, subject: Subject, language: str) -> None:
    places = np.arange(len(rows))
    sure = excludes_zero(rows).to_numpy()
    axes.axhline(0, color=INK, linewidth=1)
    axes.vlines(places, rows["ci_low"], rows["ci_high"], color=np.where(sure, STRONG, SOFT),
                linewidth=1.0)  # fmt: skip
    for mask, color, face in ((sure, STRONG, STRONG), (~sure, SOFT, "white")):
        axes.plot(places[mask], rows["estimate"][mask], "o", markersize=3.6, color=color,
                  markerfacecolor=face)  # fmt: skip
    axes.grid(axis="x", visible=False)
    axes.grid(axis="y", visible=True)
    axes.set_xlim(-1, len(rows))
    axes.set_xticks([])
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: points(y, language, 0)))
    text = say("specifications.gap_axis", language)
    axes.annotate(text, (0, 1), xycoords="axes fraction", xytext=(-4, 6),
                  textcoords="offset points", ha="right", size=8.2, color=MUTED)  # fmt: skip


Line = tuple[str, str, str]
"""A choice, one of its values, and the label of both."""


def _lines(rows: pd.DataFrame, subject: Subject, language: str) -> list[Line]:
    """One line per value of each choice that was made in more than one way."""
    lines = []
    for choice in CHOICES:
        values = list(dict.fromkeys(sorted(rows[choice], key=lambda v: (v.count(","), v))))
        if choice == "outcome":
            values = [name for name in subject.study.outcomes if name in values]
        if len(values) > 1:
            lines += [
                (choice, one, _label(choice, one, values, subject, language)) for one in values
            ]
    return lines


def _label(choice: str, value: str, values: Sequence[str], subject: Subject, language: str) -> str:
    if choice == "outcome":
        return outcome_label(subject.study, value, language)
    if choice == "covariates":
        return _covariates_label(value, values, subject, language)
    if choice == "reference":
        return subject.group(value, language)
    return say(f"specifications.{choice}_{value}", language)


def _covariates_label(value: str, values: Sequence[str], subject: Subject, language: str) -> str:
    """Name what is held fixed, or what is not, whichever is shorter."""
    if not value:
        return say("specification.none", language)
    names = value.split(", ")
    largest = max(values, key=lambda one: one.count(",")).split(", ")
    left = [name for name in largest if name not in names]
    if len(names) <= 1:
        return covariate_list(subject.study, names, language)
    if len(left) == 1 and len(names) == len(largest) - 1:
        return say(
            "specifications.all_but",
            language,
            covariate=covariate_list(subject.study, left, language),
        )
    return say("specifications.covariates", language, count=number(len(names), language))


def _draw_choices(axes: Axes, rows: pd.DataFrame, lines: list[Line]) -> None:
    for y, (choice, value, _) in enumerate(lines):
        made = np.flatnonzero(rows[choice] == value)
        axes.plot(made, np.full(len(made), y), "s", markersize=2.8, color=INK)
        if y and lines[y - 1][0] != choice:
            axes.axhline(y - 0.5, color=MUTED, linewidth=0.6)
    axes.set_yticks(range(len(lines)), [label for _, _, label in lines], fontsize=7.4)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_xlim(-1, len(rows))
    axes.set_xticks([])
    axes.grid(visible=False)


def show_joint_test(results: pd.DataFrame, subject: Subject, language: str) -> None:
    """Say what the specifications agree on, and how surprising that would be without a gap."""

    def make(each: str) -> str:
        if curve_rows(results).empty:
            return _missing_sentence(results, subject, each)
        rows = curve_rows(results)
        return say(
            "specifications.summary",
            each,
            group=subject.group(rows["group"].iloc[0], each),
            total=number(len(rows), each),
            median=_median(results, each),
            share=_share(results, Estimand.SPECIFICATIONS_BELOW_ZERO, each),
            test=joint_sentence(results, subject, each),
        )

    show_text(make, language)
