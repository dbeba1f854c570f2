"""Charts of the parts of a gap: bars that begin where the last one ends and add up to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.forest import draw_zero, interval_words
from analysis.figures.save import Chart
from analysis.figures.small_sides import is_small, small_sides
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
from analysis.figures.wording import capitalise, enumerate_words, number, points, say
from analysis.vocabulary import Contrast, Estimand

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
STEPS: Final = ("admission", "start", "graduation", "placement")


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
    kinds[aside & results["estimate"].notna()] = ASIDE
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
    n = int((rows["n_group"] + rows["n_reference"]).max())
    shared = {
        "outcome": subject.outcome_words(language),
        "level": subject.level(language),
        "population": subject.population(language),
        "comparison": say(_comparison(rows), language),
        "n": number(n, language),
        "values": values,
    }
    return Words(
        _headline(rows, subject, kind, language),
        say(f"{kind.section}.subtitle", language, **shared),
        say(f"{kind.section}.note", language) + _small(rows, subject, kind, language),
        subject.source(language),
        say(f"{kind.section}.caption", language, **shared),
        say(f"{kind.section}.alt", language, **shared),
    )


def _small(rows: pd.DataFrame, subject: Subject, kind: Kind, language: str) -> str:
    """Sentence on the small groups; of the journey each step has its own persons."""
    if kind is not JOURNEY:
        return small_sides(rows[rows["kind"] == TOTAL], subject, language)
    steps = rows[rows["kind"] == PART]
    return small_sides(steps, subject, language, lambda row: say(f"steps.{row['term']}", language))


def _comparison(rows: pd.DataFrame) -> str:
    complement = (rows["contrast"] == Contrast.COMPLEMENT).any()
    return "forest.against_others" if complement else "forest.against_non_underserved"


def _headline(rows: pd.DataFrame, subject: Subject, kind: Kind, language: str) -> str:
    outcome = subject.outcome_words(language)
    wholes = rows[rows["kind"] == TOTAL].set_index("group")["estimate"]
    parts = rows[rows["kind"] == PART]
    if wholes.isna().any() or parts.empty:
        return say(f"{kind.section}.headline_missing", language, outcome=outcome)
    unsure = parts["ci_low"].isna() | is_small(parts)
    if kind is JOURNEY:
        return _journey_headline(parts[~unsure], subject, outcome, language)
    # Parts of a group are told as a sum, so that one of them takes the others with it.
    parts = parts[~parts["group"].isin(parts.loc[unsure, "group"])]
    if parts.empty:
        return say(f"{kind.section}.headline_missing", language, outcome=outcome)
    outcome = capitalise(outcome)
    explained = parts.groupby("group", sort=False)["estimate"].sum()
    if len(wholes) == 1:
        return say(
            "composition.headline", language, outcome=outcome,
            gap=points(wholes.iloc[0], language), explained=points(explained.iloc[0], language),
        )  # fmt: skip
    ends = {"low": points(explained.min(), language), "high": points(explained.max(), language)}
    return say("composition.headline_categories", language, outcome=outcome, **ends)


def _journey_headline(parts: pd.DataFrame, subject: Subject, outcome: str, language: str) -> str:
    """The steps at which a group is ahead and behind for certain; of several groups the largest."""
    sure = parts[(parts["ci_low"] > 0) | (parts["ci_high"] < 0)]
    if sure.empty:
        return say("steps.headline_missing", language, outcome=outcome)

    def step(row: pd.Series) -> str:
        return say(f"steps.{row['term']}", language)

    least, most = (sure.loc[sure["estimate"].agg(end)] for end in ("idxmin", "idxmax"))
    alone = parts["group"].nunique() == 1
    if alone and least["estimate"] < 0 < most["estimate"]:
        return say(
            "steps.headline_both", language,
            ahead=step(most), plus=points(most["estimate"], language, 2),
            behind=step(least), minus=points(least["estimate"], language, 2),
        )  # fmt: skip
    largest = max((least, most), key=lambda row: abs(row["estimate"]))
    return say(
        "steps.headline" if alone else "steps.headline_categories", language,
        step=step(largest), value=points(largest["estimate"], language, 2),
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
        return f"{group}: {subject.reason(missing.iloc[0], language)}"
    told = enumerate_words(
        (
            f"{bar_label(row, subject, kind, language)} {_number(row, kind, language)}"
            for _, row in own.iterrows()
        ),
        language,
    )
    sides = say(
        "words.against", language, **subject.sides(own[own["kind"] == TOTAL].iloc[0], language)
    )
    return say("words.item", language, name=f"{group} ({sides})", value=told)


def _number(row: pd.Series, kind: Kind, language: str) -> str:
    """A part with its interval, in points."""
    # Placements per application are few: their parts need one more digit.
    digits = 2 if kind is JOURNEY else 1
    told = interval_words(row["ci_low"], row["ci_high"], language, digits)
    return f"{points(row['estimate'], language, digits)} ({told})"


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
        _draw_bars(axes, own, lines, language)
        if alone:
            _label_bars(axes, own, lines, kind, language)
    labels = [wrap_label(bar_label(row, subject, kind, language)) for _, row in names.iterrows()]
    name_rows(panels[0], labels)
    ends = _ends(rows)
    for axes in panels:
        draw_zero(axes, ends, language)
    if titles:
        title_panels(panels, titles)
    panels[len(panels) // 2].set_xlabel(say(f"{kind.section}.axis", language), color=MUTED)
    return figure


def _draw_bars(
    axes: Axes, own: pd.DataFrame, lines: Mapping[tuple[str, str], int], language: str
) -> None:
    if own["estimate"].isna().any():
        axes.text(0.5, 0.5, say("words.not_estimable", language), transform=axes.transAxes,
                  ha="center", va="center", size=8.2, color=MUTED)  # fmt: skip
        return
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


def _join_bars(axes: Axes, own: pd.DataFrame, lines: Mapping[tuple[str, str], int]) -> None:
    """Lead from where each bar ends to the next one of the sum, for a part may be thin."""
    summed = own[own["kind"] != ASIDE]
    places = [lines[kind, term] for kind, term in zip(summed["kind"], summed["term"], strict=True)]
    ends = summed["begin"] + summed["estimate"]
    for (upper, lower), end in zip(pairwise(places), ends, strict=False):
        reach = [upper - BAR / 2, lower + BAR / 2]
        axes.plot([end, end], reach, color=MUTED, linewidth=0.8, solid_capstyle="butt", zorder=0.9)


def _label_bars(
    axes: Axes, own: pd.DataFrame, lines: Mapping[tuple[str, str], int], kind: Kind, language: str
) -> None:
    for _, row in own[own["estimate"].notna()].iterrows():
        text = _number(row, kind, language)
        label_beside(axes, lines[row["kind"], row["term"]], text, size=8.0)


def _ends(rows: pd.DataFrame) -> pd.DataFrame:
    """Everything that must be in view: ends of bars and of their intervals."""
    ends = rows[["estimate", "ci_low", "ci_high"]].add(rows["begin"], axis=0)
    return ends.assign(begin=rows["begin"])
