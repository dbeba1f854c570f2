"""Tables and sentences on the data: sources, steps, unknowns, who the persons are."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.figures.subject import Subject
from analysis.figures.tables import (
    DASH,
    show,
    show_message,
    show_text,
    shown_value,
    with_interval,
)
from analysis.figures.wording import count, level_label, number, percent, say
from analysis.release.policy import ROUNDED_TO, SMALLEST
from analysis.studies import Study
from analysis.vocabulary import KEPT, UNKNOWN_LEVEL, Audience

HASH_DIGITS = 12


def show_notice(study: Study, language: str, audience: Audience = Audience.INTERNAL) -> None:
    """Say that the data are synthetic, if they are, and how numbers are rounded for everyone."""
    if study.synthetic:
        show_message("quality.synthetic", language)
    if audience is Audience.PUBLIC:
        show_text(_rounding, language)


def _rounding(language: str) -> str:
    limits = {"nearest": ROUNDED_TO, "smallest": SMALLEST}
    shown = {name: number(limit, language) for name, limit in limits.items()}
    return say("quality.rounded", language, **shown)


def show_sources(log: Mapping[str, Any], language: str) -> None:
    """Show the files that were read, their rows and hashes, and the day of the extract."""

    def make(each: str) -> pd.DataFrame:
        names = {name: say(f"columns.{name}", each) for name in ("file", "rows", "sha")}
        rows = [
            {
                names["file"]: source["file"],
                names["rows"]: number(source["rows"], each),
                names["sha"]: source["sha256"][:HASH_DIGITS] + "…",
            }
            for source in log["sources"]
        ]
        return pd.DataFrame(rows)

    show(make, language)
    show_message("quality.contract", language)
    if "as_of" in log:
        show_message("quality.as_of", language, day=log["as_of"])


def show_repairs(log: Mapping[str, Any], language: str) -> None:
    """Show what was repaired, if anything was."""
    if not log["repairs"]:
        return

    def make(each: str) -> pd.DataFrame:
        columns = {"table": "file", "column": "variable", "found": "found", "meant": "meant"}
        rows = [
            {
                **{say(f"columns.{name}", each): fix[key] for key, name in columns.items()},
                say("columns.repaired", each): number(fix["rows"], each),
            }
            for fix in log["repairs"]
        ]
        return pd.DataFrame(rows)

    show(make, language)


def show_steps(log: Mapping[str, Any], subject: Subject, language: str) -> None:
    """Show how many rows the outcome's denominator keeps and leaves out, and why."""
    steps = [
        step
        for step in log["steps"]
        if step["outcome"] == subject.outcome and step["year"] in (subject.cohort, None)
    ]
    # A row without a year has not come as far as the step that dates the cohort.
    steps.sort(key=lambda step: (step["year"] is None, step["status"] != KEPT, step["status"]))

    def make(each: str) -> pd.DataFrame:
        names = [say(f"columns.{name}", each) for name in ("outcome", "cohort", "status", "rows")]
        rows = [
            (
                subject.outcome_words(each),
                step["year"] or DASH,
                say(f"quality.{step['status']}", each),
                number(step["rows"], each),
            )
            for step in steps
        ]
        return pd.DataFrame(rows, columns=names)

    show(make, language)


def show_unknown_memberships(composition: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show for each category how many persons described are not known to be in it or not."""
    rows = composition[composition["variable"] == "category"]
    everyone = rows["n"] + rows["unknown"]
    rows = rows.assign(all=everyone, unknown_share=rows["unknown"] / everyone)

    def make(each: str) -> pd.DataFrame:
        return pd.DataFrame(
            {
                say("columns.category", each): subject.group(row["level"], each),
                say("columns.unknown", each): count(row["unknown"], each),
                say("columns.share", each): shown_value(row, percent, each, "unknown_share"),
                say("columns.persons", each): count(row["all"], each),
            }
            for _, row in rows.iterrows()
        )

    show(make, language)


def show_composition(composition: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show who the persons described are: categories, then each covariate."""
    variables = subject.study.covariates

    def make(each: str) -> pd.DataFrame:
        rows = []
        for _, row in composition.iterrows():
            in_category = row["variable"] == "category"
            variable = (
                say("columns.category", each)
                if in_category
                else variables[row["variable"]].label.label()[each]
            )
            level = str(row["level"])
            rows.append(
                {
                    say("columns.variable", each): variable,
                    say("columns.level", each): subject.group(level, each)
                    if in_category
                    else level_label(level, each),
                    say("columns.persons", each): count(row["persons"], each),
                    say("columns.share_interval", each, level=subject.level(each)): with_interval(
                        row, percent, each, "share"
                    ),
                }
            )
        return pd.DataFrame(rows)

    show(make, language)


def show_funnel(funnel: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show the stages with their persons, their rate and the stage that it is a part of."""

    def make(each: str) -> pd.DataFrame:
        rows = [
            {
                say("columns.stage", each): say(f"stages.{row['stage']}", each),
                say("columns.persons", each): count(row["persons"], each),
                say("columns.rate", each): shown_value(row, percent, each, "rate")
                if row["of"]
                else DASH,
                say("columns.definition", each): say(f"stages.{row['of']}", each)
                if row["of"]
                else DASH,
            }
            for _, row in funnel.iterrows()
        ]
        return pd.DataFrame(rows)

    show(make, language)


def show_funding(
    shares: pd.DataFrame, printed: pd.DataFrame | None, subject: Subject, language: str
) -> None:
    """Show who pays by group, with intervals, and the printed share where there is one."""
    told = {}
    if printed is not None:
        told = {(row["group"], row["measure"]): row["value"] / 100
                for row in printed.to_dict("records")}  # fmt: skip
    kept = shares[shares["level"] != UNKNOWN_LEVEL]

    def make(each: str) -> pd.DataFrame:
        rows = []
        for _, row in kept.iterrows():
            value = told.get((row["group"], row["level"]))
            rows.append(
                {
                    say("columns.group", each): subject.group(row["group"], each),
                    say("columns.funding", each): level_label(row["level"], each),
                    say("columns.share_interval", each, level=subject.level(each)): with_interval(
                        row, percent, each, "share"
                    ),
                    say("columns.n", each): count(row["n"], each),
                    say("columns.printed", each): DASH
                    if value is None
                    else percent(value, each, 0),
                }
            )
        return pd.DataFrame(rows)

    show(make, language)
