"""Chart and table of what non-response can hide: respondents, weighted, and bounds in one row."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.forest import draw_zero
from analysis.figures.released import adjusters, against, gap_words, most_persons
from analysis.figures.save import Chart
from analysis.figures.small_sides import hidden_sides
from analysis.figures.subject import Subject
from analysis.figures.tables import DASH, comparison, show
from analysis.figures.theme import (
    BESIDE,
    GRID,
    INK,
    MUTED,
    SOFT,
    STRONG,
    Words,
    draw_interval,
    frame,
    is_few,
    key_above,
    label_beside,
    name_rows,
    wrap_label,
)
from analysis.figures.wording import few_words, interval, number, points, say
from analysis.release.results import is_hidden
from analysis.vocabulary import Estimand

ROW_HEIGHT = 0.72
METHODS = ("respondents", "ipw", "aipw")
REMARKS = ("left_out", "adjusted", "defines", "mediators")
"""Keys of notes that are no reason why there is no estimate."""
NUMBERS = ["estimate", "ci_low", "ci_high", "note", "digits"]


def response_rows(results: pd.DataFrame) -> pd.DataFrame:
    """Put each gap's estimates under non-response beside each other.

    Parameters
    ----------
    results
        The result table of `response_gaps`.

    Returns
    -------
    pandas.DataFrame
        A row a contrast and group, with the counts of the respondents, the estimate, limits,
        note and digits of each of `METHODS` (suffix `_<method>`), the bounds `lower` and `upper`
        with their interval `ci_low_bounds` and `ci_high_bounds`, and the tipping points `vanish`
        and `double`, each with its note and digits (`digits_lower` are those of all bounds).
    """
    keys = ["contrast", "group", "reference"]
    gaps = results[(results["contrast"] != "") & (results["group"] != "")]
    method = gaps["method"].str.split("_").str[0]
    table = None
    for name in METHODS:
        own = gaps[(gaps["estimand"] == Estimand.DIFFERENCE) & (method == name)]
        counts = ["n_group", "n_reference"] if table is None else []
        part = own[[*keys, *counts, *NUMBERS]].rename(columns={c: f"{c}_{name}" for c in NUMBERS})
        table = part if table is None else table.merge(part, on=keys, validate="1:1")
    assert table is not None
    for estimand, name in (
        (Estimand.DIFFERENCE_LOWER_BOUND, "lower"),
        (Estimand.DIFFERENCE_UPPER_BOUND, "upper"),
        (Estimand.TIPPING_VANISH, "vanish"),
        (Estimand.TIPPING_DOUBLE, "double"),
    ):
        own = gaps[(gaps["estimand"] == estimand) & (gaps["term"] == "")]
        named = {"estimate": name, "note": f"note_{name}", "digits": f"digits_{name}"}
        if name == "lower":
            named |= {"ci_low": "ci_low_bounds", "ci_high": "ci_high_bounds"}
        part = own[[*keys, *named]].rename(columns=named)
        table = table.merge(part, on=keys, validate="1:1")
    return table


def response_chart(rows: pd.DataFrame, subject: Subject) -> Chart:
    """Each gap in placement among respondents, weighted, and within its bounds.

    Parameters
    ----------
    rows
        See `response_rows`.
    subject
        The placement rate shown.
    """
    return Chart.about(
        subject,
        f"response-{subject.file_stem}",
        rows,
        lambda language: _words(rows, subject, language),
        lambda words, language: _draw(rows, subject, words, language),
    )


def _words(rows: pd.DataFrame, subject: Subject, language: str) -> Words:
    values = say("words.separator", language).join(
        _value(row, subject, language) for _, row in rows.iterrows()
    )
    told = rows["lower"].notna()
    signed = (rows["lower"] > 0) | (rows["upper"] < 0)
    note = _note(rows, subject, language)
    shared = {
        "outcome": subject.outcome_words(language),
        "level": subject.level(language),
        "population": subject.population(language),
        "comparison": against(rows, language),
        "n": most_persons(rows, language),
        "note": note,
        "signed": number(signed.sum(), language),
        "total": number(told.sum(), language),
        "values": values,
    }
    return Words(
        say(f"response.{_headline(told.sum(), signed.sum())}", language, **shared),
        say("response.subtitle", language, **shared),
        note,
        subject.source(language),
        say("response.caption", language, **shared),
        say("response.alt", language, **shared),
    )


def _headline(told: int, signed: int) -> str:
    """Name of the headline, by how many gaps have bounds and how many of these one sign."""
    if not told:
        return "headline_missing"
    if not signed:
        return "headline_none"
    return "headline_all" if signed == told else "headline"


def _note(rows: pd.DataFrame, subject: Subject, language: str) -> str:
    names = adjusters(rows["note_ipw"], subject, language)
    weighted = f" {say('response.adjusted', language, adjusters=names)}" if names else ""
    hidden = hidden_sides(rows, subject, language, note="note_respondents")
    return say("response.note", language) + weighted + hidden


def _value(row: pd.Series, subject: Subject, language: str) -> str:
    group = subject.group(row["group"], language)
    missing = [name for name in ("lower", "respondents") if is_hidden(row[f"note_{name}"])]
    if pd.isna(row["estimate_respondents"]) or pd.isna(row["lower"]) or missing:
        note = row[f"note_{missing[0] if missing else 'respondents'}"]
        reason = subject.reason(pd.Series({"note": note}), language)
        return say("words.item", language, name=group, value=reason)
    told = {
        name: say("words.not_estimable", language)
        if pd.isna(row[f"estimate_{name}"])
        else gap_words(row, language, f"_{name}")
        for name in METHODS
    }
    bounds = interval(row["lower"], row["upper"], language, row["digits_lower"])
    said = say(
        "response.value", language, group=group, bounds=bounds, **told,
        **subject.sides(row, language),
    )  # fmt: skip
    return said + few_words(language, row["n_group"], row["n_reference"])


def _draw(rows: pd.DataFrame, subject: Subject, words: Words, language: str) -> Figure:
    figure, (axes,) = frame(
        words,
        ROW_HEIGHT * len(rows),
        key_height=0.5,
        label_width=2.5,
        right_width=1.75,
        watermark=subject.watermark(language),
    )
    for y, (_, row) in enumerate(rows.iterrows()):
        for name, color, offset in (("respondents", SOFT, -0.22), ("ipw", STRONG, 0.0)):
            values = (row[f"estimate_{name}"], row[f"ci_low_{name}"], row[f"ci_high_{name}"])
            label = say(f"response.{name}", language) if y == 0 else None
            hollow = name == "respondents"
            draw_interval(axes, y + offset, values, color=color, hollow=hollow, label=label)
        _draw_bounds(axes, y + 0.25, row, language)
        text = _direct_label(row, subject, language)
        label_beside(axes, y, text, size=8.0, linespacing=1.3)
    name_rows(axes, [_row_label(row, subject, language) for _, row in rows.iterrows()])
    kinds = ("respondents", "ipw", "bounds")
    columns = ["lower", "upper", *(f"{end}_{k}" for k in kinds for end in ("ci_low", "ci_high"))]
    draw_zero(axes, rows[columns], language)
    outcome = subject.outcome_words(language)
    axes.set_xlabel(say("forest.axis", language, outcome=outcome), color=MUTED)
    key_above(figure, axes)
    return figure


def _row_label(row: pd.Series, subject: Subject, language: str) -> str:
    group = wrap_label(subject.group(row["group"], language))
    if is_hidden(row["note_respondents"]):
        return group
    sides = say("words.against", language, **subject.sides(row, language))
    return f"{group}\n{sides}"


def _draw_bounds(axes: Axes, y: float, row: pd.Series, language: str) -> None:
    """A bar from bound to bound with their interval, and a diamond where the gap can vanish."""
    width = row["upper"] - row["lower"]
    if pd.isna(width):
        return
    axes.plot([row["ci_low_bounds"], row["ci_high_bounds"]], [y, y], color=MUTED, linewidth=0.8)
    axes.barh(y, width, left=row["lower"], height=0.16, color=GRID, edgecolor=MUTED,
              linewidth=0.8, zorder=2.5, label=_once(axes, "bounds", language))  # fmt: skip
    if pd.notna(row["vanish"]):
        axes.plot([0], [y], marker="D", markersize=5.5, color=INK, linestyle="none",
                  zorder=4, label=_once(axes, "vanish", language))  # fmt: skip


def _once(axes: Axes, name: str, language: str) -> str | None:
    """Words of the key for what is drawn, unless they are in it already."""
    words = say(f"response.{name}", language)
    return None if words in axes.get_legend_handles_labels()[1] else words


def _direct_label(row: pd.Series, subject: Subject, language: str) -> str:
    if is_hidden(row["note_respondents"]):
        reason = subject.reason(pd.Series({"note": row["note_respondents"]}), language)
        return wrap_label(reason, BESIDE)
    if all(pd.isna(row[f"estimate_{name}"]) for name in ("respondents", "ipw")):
        return say("words.not_estimable", language)
    shown = []
    for name in ("respondents", "ipw"):
        value = row[f"estimate_{name}"]
        digits = row[f"digits_{name}"]
        text = (
            say("words.not_estimable", language)
            if pd.isna(value)
            else points(value, language, digits)
        )
        shown.append(f"{text} {say(f'response.{name}_short', language)}")
    if pd.notna(row["vanish"]):
        shown.append(say("response.vanish_at", language, shift=points(row["vanish"], language, 0)))
    if is_few(row["n_group"], row["n_reference"]):
        shown.append(say("words.small_group", language))
    return "\n".join(shown)


def show_response(rows: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show each gap among respondents, weighted, doubly robust, its bounds and tipping points."""

    def make(each: str) -> pd.DataFrame:
        return pd.DataFrame([_cells(row, subject, each) for _, row in rows.iterrows()])

    show(make, language)


def _cells(row: pd.Series, subject: Subject, language: str) -> dict[str, str]:
    def reason(name: str) -> str:
        # Why a row is hidden is said once.
        if name != METHODS[0] and is_hidden(row[f"note_{name}"]):
            return say("words.not_shown", language)
        note = pd.Series({"note": row[f"note_{name}"]})
        return subject.reason(note, language, REMARKS)

    leading = comparison(subject, language)
    cells = {say(f"columns.{name}", language): make(row) for name, make in leading.items()}
    for name in METHODS:
        missing = pd.isna(row[f"estimate_{name}"])
        told = reason(name) if missing else gap_words(row, language, f"_{name}", zero=False)
        cells[say(f"columns.{name}", language)] = told
    cells[say("columns.bounds", language)] = _bounds_cell(row, language)
    for name in ("vanish", "double"):
        told = reason(name)
        if pd.notna(row[name]):
            told = points(row[name], language, row[f"digits_{name}"])
        cells[say(f"columns.{name}", language)] = told
    return cells


def _bounds_cell(row: pd.Series, language: str) -> str:
    """The bounds and their interval, or that they are not shown, or a dash."""
    if pd.isna(row["lower"]):
        hidden = is_hidden(row["note_lower"])
        return say("words.not_shown", language) if hidden else DASH
    digits = row["digits_lower"]
    bounds = interval(row["lower"], row["upper"], language, digits)
    sampled = interval(row["ci_low_bounds"], row["ci_high_bounds"], language, digits)
    return f"{bounds} ({sampled})"
