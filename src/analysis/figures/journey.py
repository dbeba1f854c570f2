"""Charts of the journey: the funnel, how categories overlap, who pays, career outcomes."""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.bars import LEAST_LABELLED, counted, draw_bars, draw_parts
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.theme import Words
from analysis.figures.wording import count, enumerate_words, level_label, number, percent, say
from analysis.release.results import is_hidden
from analysis.vocabulary import LANGUAGES, NON_UNDERSERVED, LearnerKind

COMBINATIONS_SHOWN = 12


def _chart(
    identifier: str,
    section: str,
    data: pd.DataFrame,
    subject: Subject,
    values: dict[str, dict[str, str]],
    draw: Callable[[Words, str], Figure],
    headline: str = "headline",
) -> Chart:
    """A chart whose words are the section of the catalogue, filled with values by language."""

    def words(language: str) -> Words:
        shared = {"population": subject.population(language), **values[language]}
        keys = {part: part for part in ("subtitle", "note", "caption", "alt")}
        said = {
            part: say(f"{section}.{key}", language, **shared)
            for part, key in {"headline": headline, **keys}.items()
        }
        return Words(source=subject.source(language), **said)

    return Chart.about(subject, identifier, data, words, draw)


def _item(name: str, value: str, language: str) -> str:
    return say("words.item", language, name=name, value=value)


def funnel_chart(funnel: pd.DataFrame, subject: Subject) -> Chart:
    """Bars of the persons at each stage, with the rate of each over its own denominator.

    Parameters
    ----------
    funnel
        See `analysis.estimate.journey.funnel`; released.
    subject
        Any outcome of the study, in the cohort shown.
    """

    def texts(language: str) -> list[str]:
        return [counted(row, subject, language, "rate") for _, row in funnel.iterrows()]

    def draw(words: Words, language: str) -> Figure:
        return draw_bars(
            words,
            [say(f"stages.{stage}", language) for stage in funnel["stage"]],
            list(funnel["persons"]),
            texts(language),
            language,
            axis=say("funnel.axis", language),
            light=list(funnel["of"] == ""),
            watermark=subject.watermark(language),
        )

    by_stage = funnel.set_index("stage")["persons"]
    first_cohort = funnel.loc[(funnel["of"] == "").cumsum() == 1, "stage"]
    values = {
        language: {
            "shown": say("words.separator", language).join(
                f"{say(f'stages.{stage}', language)} {count(by_stage[stage], language)}"
                for stage in first_cohort
            ),
            "values": say("words.separator", language).join(
                _item(say(f"stages.{stage}", language), text, language)
                for stage, text in zip(funnel["stage"], texts(language), strict=True)
            ),
        }
        for language in LANGUAGES
    }
    return _chart("funnel", "funnel", funnel, subject, values, draw)


def combination_label(combination: str, subject: Subject, language: str) -> str:
    """Label of a combination of categories, as `analysis.estimate.journey.overlap` names it."""
    if not combination:
        return say("overlap.unknown", language)
    return " + ".join(subject.group(name, language) for name in combination.split(" + "))


def overlap_chart(overlap: pd.DataFrame, subject: Subject) -> Chart:
    """Bars of the largest combinations of categories.

    Parameters
    ----------
    overlap
        See `analysis.estimate.journey.overlap`; released.
    subject
        The outcome whose denominator is described, in the cohort shown.
    """
    shown = overlap.head(COMBINATIONS_SHOWN)
    several = overlap[overlap["categories"] > 1]
    complete = several["share"].notna().all()
    hidden = overlap["note"].map(is_hidden).sum()

    def texts(language: str) -> list[str]:
        return [counted(row, subject, language) for _, row in shown.iterrows()]

    def draw(words: Words, language: str) -> Figure:
        return draw_bars(
            words,
            [combination_label(name, subject, language) for name in shown["combination"]],
            list(shown["persons"]),
            texts(language),
            language,
            axis=say("overlap.axis", language),
            light=list(shown["combination"].isin(["", NON_UNDERSERVED])),
            watermark=subject.watermark(language),
        )

    values = {
        language: {
            "several": percent(several["share"].sum(), language, 0),
            "n": count(overlap["n"].max(), language),
            "shown": number(len(shown), language),
            "others": number(len(overlap) - len(shown), language),
            "described": subject.described(language),
            "hidden": say("overlap.hidden", language, hidden=number(hidden, language))
            if hidden
            else "",
            "values": say("words.separator", language).join(
                _item(combination_label(name, subject, language), text, language)
                for name, text in zip(shown["combination"], texts(language), strict=True)
            ),
        }
        for language in LANGUAGES
    }
    headline = "headline" if complete else "headline_least"
    return _chart("overlap", "overlap", overlap, subject, values, draw, headline)


def funding_chart(shares: pd.DataFrame, subject: Subject) -> Chart:
    """Bars parted by who pays, one a group.

    Parameters
    ----------
    shares
        See `analysis.estimate.journey.shares_by_group`; released.
    subject
        The outcome whose denominator is described, in the cohort shown.
    """
    table = shares.pivot(index="group", columns="level", values="share")
    table = table.loc[shares["group"].unique(), shares["level"].unique()]
    rows = {row["group"]: row for _, row in shares.drop_duplicates("group").iterrows()}
    first = table.iloc[0]

    def draw(words: Words, language: str) -> Figure:
        labels = {group: _with_n(row, subject, language) for group, row in rows.items()}
        named = table.rename(index=labels, columns=lambda level: level_label(level, language))
        return draw_parts(
            words,
            named,
            [subject.reason(rows[group], language) for group in table.index],
            language,
            axis=say("funding.axis", language),
            watermark=subject.watermark(language),
        )

    values = {
        language: {
            "least": percent(LEAST_LABELLED, language),
            "n": count(shares["n"].max(), language),
            "described": subject.described(language),
            "values": say("words.separator", language).join(
                _item(
                    subject.group(str(group), language),
                    _parts(parts, language) or subject.reason(rows[group], language),
                    language,
                )
                for group, parts in table.iterrows()
            ),
            **_largest(first, language),
        }
        for language in LANGUAGES
    }
    headline = "headline" if first.notna().any() else "headline_missing"
    return _chart("funding", "funding", shares, subject, values, draw, headline)


def _with_n(row: pd.Series, subject: Subject, language: str) -> str:
    """The group of a row with its n, if that is shown."""
    group = subject.group(str(row["group"]), language)
    if pd.isna(row["n"]):
        return group
    return f"{group} ({say('words.n', language, n=count(row['n'], language))})"


def _parts(shares: pd.Series, language: str) -> str:
    """The shares of a bar as a list; empty if none is shown."""
    told = (
        f"{level_label(str(level), language).lower()} {percent(share, language, 0)}"
        for level, share in shares.dropna().items()
    )
    return enumerate_words(told, language)


def _largest(shares: pd.Series, language: str) -> dict[str, str]:
    """The largest part of a bar and its share, for messages; nothing if none is shown."""
    shown = shares.dropna()
    if shown.empty:
        return {}
    level = level_label(str(shown.idxmax()), language).lower()
    return {"largest": level, "share": percent(shown.max(), language, 0)}


def outcomes_chart(outcomes: pd.DataFrame, subject: Subject) -> Chart:
    """Bars of the career outcomes that count, by year and by what the person was.

    Parameters
    ----------
    outcomes
        Columns `year`, `learner` and `counted`; released.
    subject
        Any outcome of the study.
    """
    # A sum of which a part is hidden is not shown either: without it, it would be too low.
    counts = outcomes.groupby(["year", "learner"], as_index=False)["counted"].sum(skipna=False)
    order = counts["learner"].map({kind: i for i, kind in enumerate(LearnerKind)})
    counts = counts.assign(order=order).sort_values(["year", "order"]).drop(columns="order")
    total = counts.groupby("year")["counted"].sum(skipna=False)
    # The headline passes over years whose sum is not shown, unless that is all of them.
    total = total.dropna() if total.notna().any() else total

    def label(row: pd.Series, language: str) -> str:
        return f"{row['year']} · {say(f'learners.{row.learner}', language)}"

    def draw(words: Words, language: str) -> Figure:
        rows = [row for _, row in counts.iterrows()]
        return draw_bars(
            words,
            [label(row, language) for row in rows],
            list(counts["counted"]),
            [count(row["counted"], language) for row in rows],
            language,
            axis=say("outcomes.axis", language),
            light=list(counts["learner"] == LearnerKind.FREE),
            watermark=subject.watermark(language),
        )

    values = {
        language: {
            "totals": enumerate_words(
                (f"{count(n, language)} ({year})" for year, n in total.items()), language
            ),
            "values": say("words.separator", language).join(
                _item(label(row, language), count(row["counted"], language), language)
                for _, row in counts.iterrows()
            ),
        }
        for language in LANGUAGES
    }
    return _chart("career-outcomes", "outcomes", counts, subject, values, draw)
