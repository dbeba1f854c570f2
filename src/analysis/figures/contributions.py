"""Charts of the parts of a gap: bars that begin where the last one ends and add up to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.forest import draw_zero
from analysis.figures.panels import part_ticks
from analysis.figures.released import (
    adjusters,
    against,
    alike,
    excludes_zero,
    gap_words,
    hidden_rows,
    most_persons,
    points_of,
)
from analysis.figures.save import Chart
from analysis.figures.small_sides import hidden_sides, is_small, small_sides
from analysis.figures.subject import Subject
from analysis.figures.theme import (
    INK,
    MUTED,
    SOFT,
    STRONG,
    Words,
    frame,
    label_beside,
    name_rows,
    title_panels,
    titles_height,
    wrap_label,
)
from analysis.figures.wording import capitalise, enumerate_words, say
from analysis.vocabulary import Audience, Contrast, Estimand

ROW_HEIGHT = 0.42
BAR = 0.6
PART, REST, TOTAL, ASIDE = "part", "rest", "total", "aside"
"""Kinds of bar: a named part, what is left, the sum of both, and one that is in no sum."""

FACES: Final = {PART: STRONG, REST: SOFT, TOTAL: INK, ASIDE: "white"}
HATCHES: Final = {PART: "", REST: "///", TOTAL: "", ASIDE: ""}
"""So that colour is not the only sign."""
EDGES: Final = {PART: STRONG, REST: "white", TOTAL: INK, ASIDE: INK}
"""Of the hatches too. A white edge would hide a thin bar."""

SHOWN_METHOD: Final = "oaxaca_pooled_group"
JOURNEY_DIGITS: Final = 2
SUM_TOLERANCE: Final = 1e-6


@dataclass(frozen=True)
class Kind:
    """What a chart of contributions is of.

    Attributes
    ----------
    section
        Of the message catalogue.
    name
        Of its files, before the outcome and the groups.
    """

    section: str
    name: str


COMPOSITION: Final = Kind("composition", "drivers")
JOURNEY: Final = Kind("steps", "journey-gap")


def composition_parts(results: pd.DataFrame, subject: Subject) -> pd.DataFrame:
    """Parts of each group's gap by covariate, what is left, and the gap.

    Parameters
    ----------
    results
        The result table of `decompositions`; its pooled Oaxaca-Blinder rows are taken.
    subject
        The outcome.

    Returns
    -------
    pandas.DataFrame
        Rows of the result table, with `kind` (see `FACES`) and `begin`, where the bar begins: a
        part or the rest where the last one ends, the others at zero. A group's parts stand in
        their order, before the rest and the total.
    """
    rows = subject.rows(results)
    own = (
        rows["method"]
        .str.removeprefix(SHOWN_METHOD)
        .str.fullmatch("(_(hc[0-3]|model|cluster|cr2))?")
    )
    rows = rows[rows["method"].str.startswith(SHOWN_METHOD) & own]
    whole = rows["term"] == ""
    kinds = pd.Series(pd.NA, index=rows.index, dtype="string")
    kinds[~whole & (rows["estimand"] == Estimand.EXPLAINED)] = PART
    kinds[whole & (rows["estimand"] == Estimand.UNEXPLAINED)] = REST
    kinds[whole & (rows["estimand"] == Estimand.DIFFERENCE)] = TOTAL
    return _in_order(rows.assign(kind=kinds))


def journey_parts(results: pd.DataFrame) -> pd.DataFrame:
    """Parts of each group's gap in placements per application by step, and the gap.

    Parameters
    ----------
    results
        The result table of `journey_gaps`.

    Returns
    -------
    pandas.DataFrame
        See `composition_parts`; non-response is a bar aside.
    """
    kinds = pd.Series(pd.NA, index=results.index, dtype="string")
    step = results["estimand"] == Estimand.STEP_CONTRIBUTION
    kinds[step & (results["term"] != "")] = PART
    kinds[step & (results["term"] == "")] = TOTAL
    aside = (results["estimand"] == Estimand.NONRESPONSE_SHIFT) & (results["term"] == "")
    # A gap that can't be weighted has its steps all the same, but nothing to show beside them.
    kinds[aside & (results["estimate"].notna() | hidden_rows(results))] = ASIDE
    return _in_order(results.assign(kind=kinds))


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    place = rows["kind"].map({kind: i for i, kind in enumerate(FACES)})
    groups = rows["group"].map({group: i for i, group in enumerate(rows["group"].unique())})
    ordered = rows.assign(_place=place, _group=groups).dropna(subset="kind")
    ordered = ordered.sort_values(["_group", "_place"], kind="stable", ignore_index=True)
    summed = ordered["estimate"].where(ordered["kind"].isin([PART, REST]), 0.0)
    before = summed.groupby(ordered["_group"]).cumsum() - summed
    begin = before.where(ordered["kind"].isin([PART, REST]), 0.0)
    return ordered.assign(begin=begin).drop(columns=["_place", "_group"])


def contributions_charts(parts: pd.DataFrame, subject: Subject, kind: Kind) -> list[Chart]:
    """One chart of the underserved as a whole, and one with a panel for each category.

    Parameters
    ----------
    parts
        See `composition_parts` and `journey_parts`.
    subject
        The outcome shown, or any outcome of the study for its journey.
    kind
        Which of the two.
    """
    if kind is JOURNEY and subject.audience is Audience.INTERNAL:
        # Placements per application are few: where nothing is rounded, they need one more digit.
        parts = parts.assign(digits=JOURNEY_DIGITS)
    together = parts["contrast"] == Contrast.ANY
    charts = []
    for name, rows in (("underserved", parts[together]), ("categories", parts[~together])):
        if len(rows):
            stem = f"-{subject.file_stem}" if kind is COMPOSITION else ""
            charts.append(_chart(f"{kind.name}{stem}-{name}", rows, subject, kind))
    return charts


def _chart(identifier: str, rows: pd.DataFrame, subject: Subject, kind: Kind) -> Chart:
    return Chart.about(
        subject,
        identifier,
        rows,
        lambda language: _words(rows, subject, kind, language),
        lambda words, language: _draw(rows, subject, kind, words, language),
    )


def _words(rows: pd.DataFrame, subject: Subject, kind: Kind, language: str) -> Words:
    values = say("words.separator", language).join(
        _value(own, subject, kind, language) for _, own in rows.groupby("group", sort=False)
    )
    note = say(f"{kind.section}.note", language) + _remarks(rows, subject, kind, language)
    shared = {
        "outcome": subject.outcome_words(language),
        "level": subject.level(language),
        "population": subject.population(language),
        "comparison": against(rows, language),
        "n": most_persons(rows, language),
        "values": values,
        "note": note,
    }
    return Words(
        _headline(rows, subject, kind, language),
        say(f"{kind.section}.subtitle", language, **shared),
        note,
        subject.source(language),
        say(f"{kind.section}.caption", language, **shared),
        say(f"{kind.section}.alt", language, **shared),
    )


def _remarks(rows: pd.DataFrame, subject: Subject, kind: Kind, language: str) -> str:
    """Sentences on what is held fixed, what is rounded, small groups and hidden ones."""
    held = adjusters(rows["note"], subject, language)
    said = [say(f"{kind.section}.adjusted", language, adjusters=held)] if held else []
    if not _add_up(_shown(rows)):
        said.append(say("released.sums", language))
    told = "".join(f" {sentence}" for sentence in said)
    if kind is not JOURNEY:
        wholes = rows[rows["kind"] == TOTAL]
        return (
            told + small_sides(wholes, subject, language) + hidden_sides(wholes, subject, language)
        )

    def step(row: pd.Series) -> str:
        return say(f"steps.{row['term']}", language)

    # Of the journey each step has its own persons.
    steps = rows[rows["kind"] == PART]
    return (
        told
        + small_sides(steps, subject, language, step)
        + hidden_sides(steps, subject, language, step)
    )


def _add_up(rows: pd.DataFrame) -> bool:
    """Whether the parts of each group still add up to its gap after rounding."""
    signs = rows["kind"].map({PART: 1.0, REST: 1.0, TOTAL: -1.0}).astype(float)
    left = (rows["estimate"] * signs).groupby(rows["group"]).sum()
    return bool((left.abs() < SUM_TOLERANCE).all())


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the groups of which no part is hidden."""
    return rows[~rows["group"].isin(rows.loc[hidden_rows(rows), "group"])]


def _headline(rows: pd.DataFrame, subject: Subject, kind: Kind, language: str) -> str:
    rows, outcome = _shown(rows), subject.outcome_words(language)
    wholes, parts = (rows[rows["kind"] == one] for one in (TOTAL, PART))
    if wholes["estimate"].isna().any() or parts.empty:
        return say(f"{kind.section}.headline_missing", language, outcome=outcome)
    unsure = parts["ci_low"].isna() | is_small(parts)
    if kind is JOURNEY:
        return _journey_headline(parts[~unsure], subject, outcome, language)
    # Parts of a group are told as a sum, so that one of them takes the others with it.
    parts = parts[~parts["group"].isin(parts.loc[unsure, "group"])]
    if parts.empty:
        return say(f"{kind.section}.headline_missing", language, outcome=outcome)
    outcome = capitalise(outcome)
    explained = parts.groupby("group", sort=False).agg({"estimate": "sum", "digits": "min"})
    ends = [explained.loc[explained["estimate"].agg(end)] for end in ("idxmin", "idxmax")]
    if rows["group"].nunique() == 1:
        gap, part = (points_of(row, language) for row in alike([wholes.iloc[0], ends[0]]))
        return say("composition.headline", language, outcome=outcome, gap=gap, explained=part)
    low, high = (points_of(row, language) for row in alike(ends))
    return say("composition.headline_categories", language, outcome=outcome, low=low, high=high)


def _journey_headline(parts: pd.DataFrame, subject: Subject, outcome: str, language: str) -> str:
    """The steps at which a group is ahead and behind for certain; of several groups the largest."""
    sure = parts[excludes_zero(parts)]
    if sure.empty:
        return say("steps.headline_missing", language, outcome=outcome)

    def step(row: pd.Series) -> str:
        return say(f"steps.{row['term']}", language)

    least, most = (sure.loc[sure["estimate"].agg(end)] for end in ("idxmin", "idxmax"))
    alone = parts["group"].nunique() == 1
    if alone and least["estimate"] < 0 < most["estimate"]:
        least, most = alike([least, most])
        return say(
            "steps.headline_both", language,
            ahead=step(most), plus=points_of(most, language),
            behind=step(least), minus=points_of(least, language),
        )  # fmt: skip
    largest = max((least, most), key=lambda row: abs(row["estimate"]))
    return say(
        "steps.headline" if alone else "steps.headline_categories", language,
        step=step(largest), value=points_of(largest, language),
        group=subject.group(largest["group"], language),
    )  # fmt: skip


def bar_label(row: pd.Series, subject: Subject, kind: Kind, language: str) -> str:
    """What a bar is: a covariate, a step, or what the catalogue calls the rest and the total."""
    if row["kind"] != PART:
        return say(f"{kind.section}.{row['kind']}", language)
    if kind is JOURNEY:
        return say(f"steps.{row['term']}", language)
    return subject.covariates([row["term"]], language)


def _value(own: pd.DataFrame, subject: Subject, kind: Kind, language: str) -> str:
    group = subject.group(own["group"].iloc[0], language)
    missing = own[own["estimate"].isna()]
    if len(missing):
        return say(
            "words.item", language, name=group, value=subject.reason(missing.iloc[0], language)
        )
    told = enumerate_words(
        (
            f"{bar_label(row, subject, kind, language)} {gap_words(row, language)}"
            for _, row in own.iterrows()
        ),
        language,
    )
    sides = say(
        "words.against", language, **subject.sides(own[own["kind"] == TOTAL].iloc[0], language)
    )
    return say("words.item", language, name=f"{group} ({sides})", value=told)


def _draw(rows: pd.DataFrame, subject: Subject, kind: Kind, words: Words, language: str) -> Figure:
    groups = list(dict.fromkeys(rows["group"]))
    alone = len(groups) == 1
    names = rows.drop_duplicates(["kind", "term"])
    lines = {(row["kind"], row["term"]): i for i, (_, row) in enumerate(names.iterrows())}
    titles = [] if alone else [subject.group(group, language) for group in groups]
    figure, panels = frame(
        words,
        ROW_HEIGHT * len(lines),
        columns=len(groups),
        key_height=titles_height(titles) if titles else 0.0,
        label_width=2.3,
        right_width=1.75 if alone else 0.3,
        watermark=subject.watermark(language),
    )
    for axes, group in zip(panels, groups, strict=True):
        own = rows[rows["group"] == group]
        missing = own[own["estimate"].isna()]
        if len(missing):
            _say_why(axes, subject.absence(missing.iloc[0], language), alone=alone)
            continue
        _draw_bars(axes, own, lines)
        if alone:
            _label_bars(axes, own, lines, language)
    labels = [wrap_label(bar_label(row, subject, kind, language)) for _, row in names.iterrows()]
    name_rows(panels[0], labels)
    ends = _ends(rows)
    for axes in panels:
        draw_zero(axes, ends, language)
    if titles:
        title_panels(panels, titles)
        part_ticks(panels)
    panels[len(panels) // 2].set_xlabel(say(f"{kind.section}.axis", language), color=MUTED)
    return figure


def _say_why(axes: Axes, reason: str, *, alone: bool) -> None:
    """Write in a panel why it has no bars."""
    text = wrap_label(reason, 40 if alone else 14)
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", size=8.2,
              color=MUTED)  # fmt: skip


def _draw_bars(axes: Axes, own: pd.DataFrame, lines: Mapping[tuple[str, str], int]) -> None:
    _join_bars(axes, own, lines)
    for _, row in own.iterrows():
        y, left = lines[row["kind"], row["term"]], row["begin"]
        axes.barh(y, row["estimate"], left=left, height=BAR, color=FACES[row["kind"]],
                  hatch=HATCHES[row["kind"]], edgecolor=EDGES[row["kind"]],
                  linewidth=0.8)  # fmt: skip
        limits = [left + row["ci_low"], left + row["ci_high"]]
        # White below black: the interval is seen on a dark bar and beside it.
        axes.plot(limits, [y, y], color="white", linewidth=3.2, solid_capstyle="butt")
        axes.plot(limits, [y, y], color=MUTED, linewidth=1.3, solid_capstyle="butt")


def _label_bars(
    axes: Axes, own: pd.DataFrame, lines: Mapping[tuple[str, str], int], language: str
) -> None:
    for _, row in own.iterrows():
        told = gap_words(row, language, zero=False)
        label_beside(axes, lines[row["kind"], row["term"]], told, size=8.0)


def _join_bars(axes: Axes, own: pd.DataFrame, lines: Mapping[tuple[str, str], int]) -> None:
    """Lead from where each bar ends to the next one of the sum, for a part may be thin."""
    summed = own[own["kind"] != ASIDE]
    places = [lines[kind, term] for kind, term in zip(summed["kind"], summed["term"], strict=True)]
    ends = summed["begin"] + summed["estimate"]
    for (upper, lower), end in zip(pairwise(places), ends, strict=False):
        reach = [upper - BAR / 2, lower + BAR / 2]
        axes.plot([end, end], reach, color=MUTED, linewidth=0.8, solid_capstyle="butt", zorder=0.9)


def _ends(rows: pd.DataFrame) -> pd.DataFrame:
    """Everything that must be in view: ends of bars and of their intervals."""
    ends = rows[["estimate", "ci_low", "ci_high"]].add(rows["begin"], axis=0)
    return ends.assign(begin=rows["begin"])
