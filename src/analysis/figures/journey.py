"""Charts of the journey: the funnel, how categories overlap, who pays, career outcomes."""

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.bars import LEAST_LABELLED, counted, draw_bars, draw_parts
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.theme import Words
from analysis.figures.wording import enumerate_words, level_label, number, percent, say
from analysis.vocabulary import LANGUAGES, NON_UNDERSERVED, LearnerKind

COMBINATIONS_SHOWN = 12


def _chart(
    identifier: str,
    section: str,
    data: pd.DataFrame,
    subject: Subject,
    values: dict[str, dict[str, str]],
    draw: Callable[[Words, str], Figure],
) -> Chart:
    """A chart whose words are the section of the catalogue, filled with values by language."""

    def words(language: str) -> Words:
        shared = {"population": subject.population(language), **values[language]}
        parts = ("headline", "subtitle", "note", "caption", "alt")
        said = {part: say(f"{section}.{part}", language, **shared) for part in parts}
        return Words(source=subject.source(language), **said)

    return Chart.about(subject, identifier, data, words, draw)


def _item(name: str, value: str, language: str) -> str:
    return say("words.item", language, name=name, value=value)


def funnel_chart(funnel: pd.DataFrame, subject: Subject) -> Chart:
    """Bars of the persons at each stage, with the rate of each over its own denominator.

    Parameters
    ----------
    funnel
        See `analysis.estimate.journey.funnel`.
    subject
        Any outcome of the study, in the cohort shown.
    """

    def text(row: Mapping[Hashable, Any], language: str) -> str:
        return counted(row["persons"], language, row["rate"])

    def draw(words: Words, language: str) -> Figure:
        return draw_bars(
            words,
            [say(f"stages.{stage}", language) for stage in funnel["stage"]],
            list(funnel["persons"]),
            [text(row, language) for row in funnel.to_dict("records")],
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
                f"{say(f'stages.{stage}', language)} {number(by_stage[stage], language)}"
                for stage in first_cohort
            ),
            "values": say("words.separator", language).join(
                _item(say(f"stages.{row['stage']}", language), text(row, language), language)
                for row in funnel.to_dict("records")
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
        See `analysis.estimate.journey.overlap`.
    subject
        The outcome whose denominator is described, in the cohort shown.
    """
    shown = overlap.head(COMBINATIONS_SHOWN)
    total = int(overlap["persons"].sum())
    several = int(overlap.loc[overlap["categories"] > 1, "persons"].sum())

    def draw(words: Words, language: str) -> Figure:
        return draw_bars(
            words,
            [combination_label(name, subject, language) for name in shown["combination"]],
            list(shown["persons"]),
            [counted(n, language, n / total) for n in shown["persons"]],
            language,
            axis=say("overlap.axis", language),
            light=list(shown["combination"].isin(["", NON_UNDERSERVED])),
            watermark=subject.watermark(language),
        )

    values = {
        language: {
            "several": percent(several / total, language, 0),
            "n": number(total, language),
            "shown": number(len(shown), language),
            "others": number(len(overlap) - len(shown), language),
            "described": subject.described(language),
            "values": say("words.separator", language).join(
                _item(
                    combination_label(row["combination"], subject, language),
                    counted(row["persons"], language, row["share"]),
                    language,
                )
                for row in shown.to_dict("records")
            ),
        }
        for language in LANGUAGES
    }
    return _chart("overlap", "overlap", overlap, subject, values, draw)


def funding_chart(shares: pd.DataFrame, subject: Subject) -> Chart:
    """Bars parted by who pays, one a group.

    Parameters
    ----------
    shares
        See `analysis.estimate.journey.shares_by_group`.
    subject
        The outcome whose denominator is described, in the cohort shown.
    """
    table = shares.pivot(index="group", columns="level", values="share")
    table = table.loc[shares["group"].unique(), shares["level"].unique()]
    sizes = shares.drop_duplicates("group").set_index("group")["n"]
    first = table.iloc[0]

    def draw(words: Words, language: str) -> Figure:
        labels = {
            group: f"{subject.group(str(group), language)} "
            f"({say('words.n', language, n=number(sizes[group], language))})"
            for group in table.index
        }
        named = table.rename(index=labels, columns=lambda level: level_label(level, language))
        axis = say("funding.axis", language)
        return draw_parts(words, named, language, axis=axis, watermark=subject.watermark(language))

    values = {
        language: {
            "largest": level_label(str(first.idxmax()), language).lower(),
            "share": percent(first.max(), language, 0),
            "least": percent(LEAST_LABELLED, language),
            "n": number(sizes.iloc[0], language),
            "described": subject.described(language),
            "values": say("words.separator", language).join(
                _item(
                    subject.group(str(group), language),
                    enumerate_words(
                        (
                            f"{level_label(str(level), language).lower()} "
                            f"{percent(share, language, 0)}"
                            for level, share in row.items()
                        ),
                        language,
                    ),
                    language,
                )
                for group, row in table.iterrows()
            ),
        }
        for language in LANGUAGES
    }
    return _chart("funding", "funding", shares, subject, values, draw)


def outcomes_chart(outcomes: pd.DataFrame, subject: Subject) -> Chart:
    """Bars of the career outcomes that count, by year and by what the person was.

    Parameters
    ----------
    outcomes
        Columns `year`, `learner` and `counted`.
    subject
        Any outcome of the study.
    """
    counts = outcomes.groupby(["year", "learner"], as_index=False)["counted"].sum()
    order = counts["learner"].map({kind: i for i, kind in enumerate(LearnerKind)})
    counts = counts.assign(order=order).sort_values(["year", "order"]).drop(columns="order")
    total = counts.groupby("year")["counted"].sum()

    def label(row: pd.Series, language: str) -> str:
        return f"{row['year']} · {say(f'learners.{row.learner}', language)}"

    def draw(words: Words, language: str) -> Figure:
        rows = [row for _, row in counts.iterrows()]
        return draw_bars(
            words,
            [label(row, language) for row in rows],
            list(counts["counted"]),
            [counted(row["counted"], language) for row in rows],
            language,
            axis=say("outcomes.axis", language),
            light=list(counts["learner"] == LearnerKind.FREE),
            watermark=subject.watermark(language),
        )

    values = {
        language: {
            "totals": enumerate_words(
                (f"{number(n, language)} ({year})" for year, n in total.items()), language
            ),
            "values": say("words.separator", language).join(
                _item(label(row, language), number(row["counted"], language), language)
                for _, row in counts.iterrows()
            ),
        }
        for language in LANGUAGES
    }
    return _chart("career-outcomes", "outcomes", counts, subject, values, draw)
