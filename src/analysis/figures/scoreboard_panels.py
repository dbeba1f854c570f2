"""Charts of the scoreboard with panels side by side: outcomes by kind, and rates by category."""

from collections.abc import Iterator
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.figures.panels import EDGE, part_ticks
from analysis.figures.rates import interval_kind, rate_parts
from analysis.figures.released import alike
from analysis.figures.save import Chart
from analysis.figures.scoreboard import PUBLISHED, count_axis, draw_pair
from analysis.figures.scores import missing_words, printed_words
from analysis.figures.subject import Subject
from analysis.figures.theme import (
    INK,
    MUTED,
    SOFT,
    STRONG,
    Words,
    draw_interval,
    frame,
    is_few,
    key_above,
    name_rows,
    title_panels,
    titles_height,
    wrap_label,
)
from analysis.figures.wording import capitalise, count, percent, say
from analysis.impact.measures import MeasureUnit
from analysis.impact.scoreboard import RATE
from analysis.release.results import is_hidden
from analysis.vocabulary import (
    ALL,
    CAREER_OUTCOMES,
    NON_UNDERSERVED,
    UNDERSERVED,
    Estimand,
    LearnerKind,
)

ROW_HEIGHT: Final = 0.5
ABOVE: Final = -0.24
"""Where a row's text stands in a panel, and below it what it is about."""
BELOW: Final = 0.14
BESIDE: Final = 0.37
"""Where a cross stands, which would cover the dot that it agrees with."""
BAR: Final = 0.34
BEYOND: Final = 0.04
"""What an axis goes on beyond its last interval."""
MOST_PANELS: Final = 3


def outcome_kinds_chart(outcomes: pd.DataFrame, subject: Subject) -> Chart:
    """Bars of the career outcomes of a year by kind, in a panel for each kind of learner.

    Parameters
    ----------
    outcomes
        Columns `year`, `kind`, `learner`, `counted` and `reported`; released.
    subject
        Any outcome of the study. The year is its cohort, or the last one that there is.
    """
    years = outcomes["year"].astype(str)
    year = str(subject.cohort if (years == subject.cohort).any() else years.max())
    rows = outcomes[years == year].reset_index(drop=True)

    def words(language: str) -> Words:
        values = say("words.separator", language).join(
            say("words.item", language, name=name, value=_of_reported(row, language))
            for name, row in _named(rows, language)
        )
        parts = ("subtitle", "note", "caption", "alt")
        shared = {"values": values, "year": year}
        said = {part: say(f"scoreboard_kinds.{part}", language, **shared) for part in parts}
        headline = _kinds_headline(rows, year, language)
        return Words(headline=headline, source=subject.source(language), **said)

    return Chart.about(
        subject,
        "scoreboard-outcomes-by-kind",
        rows,
        words,
        lambda words, language: _draw_kinds(rows, subject, words, language),
    )


def _named(rows: pd.DataFrame, language: str) -> list[tuple[str, pd.Series]]:
    """Rows with what the person was and the kind of outcome, in words."""
    return [
        (f"{_learner(row['learner'], language)}, {_kind(row['kind'], language).lower()}", row)
        for _, row in rows.sort_values(["learner", "kind"]).iterrows()
    ]


def _learner(name: str, language: str) -> str:
    return say(f"measure_groups.{name}", language)


def _kind(name: str, language: str) -> str:
    return CAREER_OUTCOMES[name][language]


def _of_reported(row: pd.Series, language: str) -> str:
    if pd.isna(row["counted"]):
        return say("words.not_shown", language)
    shown = {name: count(row[name], language) for name in ("counted", "reported")}
    return say("scoreboard_kinds.value", language, **shown)


def _kinds_headline(rows: pd.DataFrame, year: str, language: str) -> str:
    # A sum of which a part is hidden would be too low.
    by_kind = rows.groupby("kind")["counted"].sum(skipna=False)
    if by_kind.isna().any() or not by_kind.sum():
        return say("scoreboard_kinds.headline_missing", language, year=year)
    kind, share = str(by_kind.idxmax()), float(by_kind.max() / by_kind.sum())
    shown = {"kind": _kind(kind, language), "share": percent(share, language, 0), "year": year}
    return say("scoreboard_kinds.headline", language, **shown)


def _draw_kinds(rows: pd.DataFrame, subject: Subject, words: Words, language: str) -> Figure:
    learners = [kind for kind in LearnerKind if (rows["learner"] == kind).any()]
    kinds = [kind for kind in CAREER_OUTCOMES if (rows["kind"] == kind).any()]
    titles = [capitalise(_learner(learner, language)) for learner in learners]
    room = titles_height(titles)
    figure, panels = frame(
        words,
        ROW_HEIGHT * len(kinds),
        columns=len(learners),
        key_height=0.3 + room,
        label_width=1.75,
        right_width=0.35,
        watermark=subject.watermark(language),
    )
    for axes, learner in zip(panels, learners, strict=True):
        for _, row in rows[rows["learner"] == learner].iterrows():
            y = kinds.index(row["kind"])
            lengths = [row["reported"], row["counted"]]
            draw_pair(axes, y + BELOW, lengths, BAR, language, named=y == 0)
            write_in_panel(axes, y + ABOVE, _of_reported(row, language))
    name_rows(panels[0], [wrap_label(_kind(kind, language), 22) for kind in kinds])
    panels[0].set_xlim(0, 1.04 * max([1.0, *rows["reported"].dropna()]))
    count_axis(panels[0], language, "", most=2)
    panels[len(panels) // 2].set_xlabel(say("scoreboard_kinds.axis", language), color=MUTED)
    title_panels(panels, titles)
    part_ticks(panels)
    key_above(figure, panels[0], above=room)
    return figure


def write_in_panel(axes: Axes, y: float, text: str) -> None:
    """Write at the left of a panel, at the height of a row."""
    axes.annotate(text, (0, y), xycoords=("axes fraction", "data"), xytext=(3, 0),
                  textcoords="offset points", va="center", size=7.4, color=INK,
                  bbox={"boxstyle": "square,pad=0.05", "fc": "white", "ec": "none"})  # fmt: skip


# ---- Rates --------------------------------------------------------------------------------------


def panel_rates_charts(
    rates: pd.DataFrame, board: pd.DataFrame, subject: Subject
) -> Iterator[Chart]:
    """Dot plots of rates by group, a panel for each rate, with a cross where one is printed.

    Parameters
    ----------
    rates
        A result table with rows of the estimand `rate`.
    board
        Has the printed rates; see `analysis.impact.scoreboard.scoreboard`.
    subject
        Any outcome of the study, in the cohort shown.

    Yields
    ------
    Chart
        One for each `MOST_PANELS` rates.
    """
    keys = ["outcome", "group"]
    printed = board.loc[board["measure"] == RATE, [*keys, "printed", "agreement"]]
    rows = rates[rates["estimand"] == Estimand.RATE].merge(printed, on=keys, how="left")
    outcomes = list(dict.fromkeys(rows["outcome"]))
    for start in range(0, len(outcomes), MOST_PANELS):
        own = rows[rows["outcome"].isin(outcomes[start : start + MOST_PANELS])]
        number = f"-{start // MOST_PANELS + 1}" if start else ""
        yield _rates_chart(own.reset_index(drop=True), subject, f"scoreboard-rates{number}")


def _rates_chart(rows: pd.DataFrame, subject: Subject, name: str) -> Chart:
    return Chart.about(
        subject,
        name,
        rows,
        lambda language: _rates_words(rows, subject, language),
        lambda words, language: _draw_rates(rows, subject, words, language),
        sources=[PUBLISHED] if rows["printed"].notna().any() else [],
    )


def _rates_words(rows: pd.DataFrame, subject: Subject, language: str) -> Words:
    separator = say("words.separator", language)
    outcomes = list(dict.fromkeys(rows["outcome"]))
    several = len(outcomes) > 1
    shared = {
        "view": f"{say('scoreboard.period_view', language)} " if several else "",
        "level": subject.level(language),
        "population": subject.population(language),
        "intervals": say(interval_kind(rows), language),
        "denominators": separator.join(
            say(
                "scoreboard_rates.denominator",
                language,
                outcome=_outcome(subject, outcome, language),
                denominator=subject.study.outcomes[outcome].denominator.label()[language],
            )
            for outcome in outcomes
        ),
        "values": _rates_values(rows, subject, language),
    }
    parts = ("subtitle", "note", "caption", "alt")
    said = {part: say(f"scoreboard_rates.{part}", language, **shared) for part in parts}
    last = rows[rows["outcome"] == outcomes[-1]]
    return Words(
        headline=_rates_headline(last, subject, language), source=subject.source(language), **said
    )


def _rates_values(rows: pd.DataFrame, subject: Subject, language: str) -> str:
    """All values, a sentence for each rate."""
    separator = say("words.separator", language)
    return ". ".join(
        say(
            "words.item",
            language,
            name=_outcome(subject, str(outcome), language),
            value=separator.join(_rate_value(row, subject, language) for _, row in own.iterrows()),
        )
        for outcome, own in rows.groupby("outcome", sort=False)
    )


def _outcome(subject: Subject, outcome: str, language: str) -> str:
    return capitalise(subject.study.outcomes[outcome].label.label()[language])


def _rates_headline(rows: pd.DataFrame, subject: Subject, language: str) -> str:
    """What the last rate, which the others lead to, is on both sides."""
    by_group = {row["group"]: row for _, row in rows.iterrows()}
    sides = [by_group[group] for group in (NON_UNDERSERVED, UNDERSERVED)]
    outcome = _outcome(subject, rows["outcome"].iloc[0], language)
    if any(pd.isna(side["estimate"]) for side in sides):
        return say("rates.headline_missing", language, outcome=outcome)
    reference, underserved = (
        percent(side["estimate"], language, side["digits"]) for side in alike(sides)
    )
    shown = {"reference": reference, "underserved": underserved}
    return say("rates.headline", language, outcome=outcome, **shown)


def _rate_value(row: pd.Series, subject: Subject, language: str) -> str:
    group = subject.group(row["group"], language)
    printed = _printed(row, language)
    if pd.isna(row["estimate"]):
        reason = missing_words(row, subject, language)
        if not printed:
            return say("words.item", language, name=group, value=reason)
        return say("published.value_missing", language, group=group, printed=printed, reason=reason)
    key = "published.value" if printed else "rates.value"
    return say(key, language, group=group, printed=printed, **rate_parts(row, language))


def _printed(row: pd.Series, language: str) -> str:
    """The printed rate; empty if none was."""
    if pd.isna(row["printed"]):
        return ""
    return printed_words({"printed": row["printed"], "unit": MeasureUnit.SHARE}, language)


def _draw_rates(rows: pd.DataFrame, subject: Subject, words: Words, language: str) -> Figure:
    outcomes, groups = (list(dict.fromkeys(rows[name])) for name in ("outcome", "group"))
    titles = [_outcome(subject, outcome, language) for outcome in outcomes]
    room = titles_height(titles)
    printed = rows["printed"].notna().any()
    figure, panels = frame(
        words,
        ROW_HEIGHT * len(groups),
        columns=len(outcomes),
        key_height=room + (0.3 if printed else 0),
        label_width=1.9,
        right_width=0.35,
        watermark=subject.watermark(language),
    )
    for axes, outcome in zip(panels, outcomes, strict=True):
        _draw_panel(axes, rows[rows["outcome"] == outcome], groups, language)
    name_rows(panels[0], [wrap_label(subject.group(group, language), 24) for group in groups])
    ends = [*rows["ci_high"].dropna(), *rows["estimate"].dropna(), *rows["printed"].dropna()]
    _scale_shares(panels[0], max([0.1, *ends]) + BEYOND)
    panels[0].xaxis.set_major_formatter(FuncFormatter(lambda x, _: percent(x, language, 0)))
    panels[len(panels) // 2].set_xlabel(say("scoreboard_rates.axis", language), color=MUTED)
    title_panels(panels, titles)
    part_ticks(panels)
    if printed:
        key_above(figure, panels[0], above=room)
    return figure


def _scale_shares(axes: Axes, reach: float) -> None:
    """Let an axis of shares begin at zero, and end where its last tick keeps off the next panel."""
    ticks = MaxNLocator(nbins=4, steps=[1, 2, 5, 10])
    last = max(tick for tick in ticks.tick_values(0, reach) if tick <= reach)
    axes.set_xlim(0, min(1.0, max(reach, last / (1 - 1.4 * EDGE))))
    axes.xaxis.set_major_locator(ticks)


def _draw_panel(axes: Axes, rows: pd.DataFrame, groups: list[str], language: str) -> None:
    """One rate, a row a group; the crosses of what is printed are one line, and so one key."""
    for i, (_, row) in enumerate(rows.iterrows()):
        y = groups.index(row["group"])
        plain = row["group"] in (ALL, NON_UNDERSERVED)
        values = (row["estimate"], row["ci_low"], row["ci_high"])
        label = None if i else say("published.estimated", language)
        color = INK if plain else STRONG
        draw_interval(axes, y + BELOW, values, color=color, hollow=plain, label=label)
        write_in_panel(axes, y + ABOVE, _panel_text(row, language))
    axes.plot(
        rows["printed"],
        [groups.index(group) + BESIDE for group in rows["group"]],
        marker="x",
        markersize=6.5,
        markeredgewidth=1.8,
        color=SOFT,
        linestyle="none",
        zorder=5,
        label=say("published.printed", language),
    )


def _panel_text(row: pd.Series, language: str) -> str:
    """A rate with its n, marked if that is small, or that there is none."""
    if is_hidden(str(row["note"])):
        return say("words.not_shown", language)
    n = count(row["n_group"], language)
    few = is_few(row["n_group"])
    told = say("scoreboard.indicative" if few else "words.n", language, n=n)
    if pd.isna(row["estimate"]):
        return f"{say('words.not_estimable', language)} ({told})"
    return f"{percent(row['estimate'], language, row['digits'])} ({told})"
