"""Charts: nothing cropped or overlapping, headlines short, every group there, in both languages."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.cells import study_cells
from analysis.estimate.gaps import adjustment_steps
from analysis.estimate.results import result_table
from analysis.figures.adjustment import ALL_OF_THEM, NONE, adjustment_chart, label_steps
from analysis.figures.forest import KINDS, forest_chart, kinds_of, pair_gaps
from analysis.figures.journey import funding_chart, outcomes_chart, overlap_chart
from analysis.figures.published import beside_printed, published_chart
from analysis.figures.rates import rates_chart
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.wording import number, say
from analysis.release.results import Release, Withheld
from analysis.studies import Study
from analysis.vocabulary import LANGUAGES, Audience, Contrast, Estimand

GROUPS_OF_TOY = (
    "all", "underserved", "non_underserved", "job_seeker", "low_qualification", "carer"
)  # fmt: skip
ALL_OF_GRADUATED = frozenset(Withheld("all", "graduated", group) for group in GROUPS_OF_TOY)
OVERLAP_ALLOWED = 2.0  # points of antialiasing at the edge of two lines of text


def charts(estimated: Any) -> Iterator[Chart]:
    for outcome in estimated.study.outcomes:
        subject = estimated.subject(outcome)
        yield rates_chart(estimated.gaps, subject)
        yield from (forest_chart(estimated.gaps, subject, kind) for kind in KINDS)
        yield adjustment_chart(estimated.steps, subject)
    yield from estimated.more


def adjustment_steps_of(estimated: Any, covariates: list[str]) -> pd.DataFrame:
    cells = study_cells(
        estimated.study, estimated.processed, outcome="graduated", covariates=covariates
    )
    steps = adjustment_steps(estimated.study, "graduated", cells, covariates)
    return Release(estimated.audience).results(steps)


def shown_texts(figure: Figure) -> list[Text]:
    FigureCanvasAgg(figure).draw()
    unseen = {
        label
        for axes in figure.axes
        for label in axes.get_xticklabels()
        if not axes.get_xlim()[0] <= label.get_position()[0] <= axes.get_xlim()[1]
    }
    return [
        text
        for text in figure.findobj(lambda one: isinstance(one, Text) and one not in unseen)
        if text.get_text().strip() and text.get_visible() and (text.get_alpha() or 1) == 1
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cropped_and_no_texts_overlap(shown: Any, language: str) -> None:
    for chart in charts(shown):
        figure = chart.draw(language)
        texts = shown_texts(figure)
        boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
        width, height = figure.canvas.get_width_height()
        for text, box in boxes:
            inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
            assert inside, f"{chart.id}.{language}: {text!r} is cropped"
        for (one, a), (other, b) in combinations(boxes, 2):
            across = min(a.x1, b.x1) - max(a.x0, b.x0)
            down = min(a.y1, b.y1) - max(a.y0, b.y0)
            apart = across <= OVERLAP_ALLOWED or down <= OVERLAP_ALLOWED
            assert apart, f"{chart.id}.{language}: {one!r} overlaps {other!r}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_complete(shown: Any, language: str) -> None:
    for chart in charts(shown):
        words = chart.words[language]
        marks = {";", ":", "!", "?", "%"}
        # A space within a number, which is narrow, parts no words.
        parts = re.split("[ \N{NO-BREAK SPACE}]", words.headline)
        assert len([word for word in parts if word not in marks]) <= 12, words
        for text in (words.subtitle, words.source, words.caption, words.alt):
            assert text.strip()
        assert not re.search(r"\bnan\b|<NA>", words.caption + words.alt + words.headline)


def test_labels_show_what_is_plotted(estimated: Any) -> None:
    subject = estimated.subject()
    chart = rates_chart(estimated.gaps, subject)
    axes = chart.draw("en").axes[0]
    dots = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert np.allclose(dots, chart.data["estimate"])
    bars = [line.get_xdata() for line in axes.lines if line.get_marker() != "o"]
    assert np.allclose(bars, chart.data[["ci_low", "ci_high"]])


def test_synthetic_data_are_watermarked(estimated: Any) -> None:
    assert estimated.study.synthetic
    for chart in charts(estimated):
        for language, word in (("en", "SYNTHETIC"), ("fr", "SYNTHÉTIQUE")):
            texts = [text.get_text() for text in chart.draw(language).findobj(Text)]
            assert word in texts, chart.id


def test_every_group_has_a_row_though_it_can_not_be_estimated(estimated: Any) -> None:
    subject = estimated.subject()
    gaps = estimated.gaps.copy()
    category = next(iter(estimated.study.categories))
    gone = (gaps["group"] == category) & (gaps["estimand"] == Estimand.ADJUSTED_DIFFERENCE)
    numbers = ["estimate", "std_error", "ci_low", "ci_high", "p_value", "p_adjusted"]
    gaps.loc[gone, numbers] = np.nan
    gaps.loc[gone, "note"] = "separation=region[Wales]"
    chart = forest_chart(gaps, subject, "others")
    texts = [text.get_text() for text in chart.draw("en").findobj(Text)]
    assert any("not estimable" in text for text in texts)
    assert "region[Wales]" in chart.words["en"].caption
    assert len(chart.data) == len(estimated.study.categories)


def test_small_groups_are_marked(estimated: Any) -> None:
    gaps = estimated.gaps.copy()
    gaps.loc[gaps["group"] == "carer", ["n_group", "k_group"]] = [29, 3]
    for chart in (
        rates_chart(gaps, estimated.subject()),
        forest_chart(gaps, estimated.subject(), "joint"),
    ):
        texts = [text.get_text() for text in chart.draw("fr").findobj(Text)]
        assert any("indicatif" in text for text in texts), chart.id


@pytest.mark.parametrize(
    ("p_values", "estimates", "start"),
    [
        ([0.01, 0.01, 0.01], [-0.1, -0.1, -0.1], "Graduation stays lower in every category"),
        ([0.9, 0.8, 0.5], [-0.1, 0.1, -0.1], "Graduation: no adjusted gap"),
        ([0.01, 0.8, 0.5], [-0.1, 0.1, -0.1], "Graduation: one of 3 adjusted gaps differs"),
        ([0.01, 0.05, 0.051], [-0.1, -0.1, -0.1], "Graduation: 2 of 3 adjusted gaps differ"),
        ([0.01, np.nan, 0.5], [-0.1, np.nan, -0.1], "Graduation: one of 2 adjusted gaps"),
        ([np.nan, np.nan, np.nan], [-0.1, 0.1, -0.1], "Graduation: gaps by group"),
        ([0.01, 0.01, 0.01], [-0.1, 0.1, -0.1], "Graduation: 3 of 3 adjusted gaps"),
    ],
)
def test_headline_states_what_the_estimates_say(
    estimated: Any, p_values: list[float], estimates: list[float], start: str
) -> None:
    gaps = estimated.gaps.copy()
    adjusted = (
        (gaps["outcome"] == "graduated")
        & (gaps["contrast"] == Contrast.COMPLEMENT)
        & (gaps["estimand"] == Estimand.ADJUSTED_DIFFERENCE)
        & gaps["method"].str.startswith("logit")
    )
    gaps.loc[adjusted, "p_adjusted"] = p_values
    gaps.loc[adjusted, "estimate"] = estimates
    headline = forest_chart(gaps, estimated.subject(), "others").words["en"].headline
    assert headline.startswith(start)


def test_raw_and_adjusted_stand_side_by_side(estimated: Any) -> None:
    pairs = pair_gaps(estimated.gaps, estimated.subject(), KINDS["others"])
    rows = estimated.gaps.query("outcome == 'graduated' and contrast == 'complement'")
    newcombe = rows[rows["method"] == "newcombe"].set_index("group")["estimate"]
    assert np.allclose(pairs.set_index("group")["estimate_raw"], newcombe)
    assert kinds_of(estimated.gaps) == list(KINDS)
    assert kinds_of(estimated.gaps[estimated.gaps["contrast"] == "joint"]) == ["joint"]


def test_steps_start_with_nothing_held_fixed_and_end_with_all(estimated: Any) -> None:
    rows = label_steps(estimated.subject().rows(estimated.steps))
    for _, own in rows.groupby("group"):
        assert {NONE, ALL_OF_THEM} <= set(own["specification"])
        assert own["specification"].is_unique


def test_a_single_covariate_is_both_alone_and_all(estimated: Any) -> None:
    rows = pd.DataFrame({"group": "a", "note": ["clusters=14", "adjusted=gender; clusters=14"]})
    assert list(label_steps(rows)["specification"]) == [NONE, ALL_OF_THEM]
    steps = adjustment_steps_of(estimated, ["gender"])
    chart = adjustment_chart(steps, estimated.subject())
    assert {*chart.data["specification"]} == {NONE, ALL_OF_THEM}
    assert chart.draw("en").axes


def test_without_covariates_there_is_one_step(estimated: Any) -> None:
    chart = adjustment_chart(adjustment_steps_of(estimated, []), estimated.subject())
    assert {*chart.data["specification"]} == {NONE}
    assert "without adjustment" in chart.words["en"].caption
    assert chart.draw("fr").axes


def texts_of(chart: Chart, language: str) -> list[str]:
    """All words that a chart shows, lines joined."""
    found = chart.draw(language).findobj(Text)
    return [" ".join(text.get_text().split("\n")) for text in found]


def charts_of_gaps(estimated: Any) -> Iterator[tuple[Chart, str]]:
    """Give the charts of gaps with the key of the words for their reference."""
    for outcome in estimated.study.outcomes:
        subject = estimated.subject(outcome)
        for kind in KINDS:
            yield forest_chart(estimated.gaps, subject, kind), f"forest.against_{kind}"
        yield adjustment_chart(estimated.steps, subject), "forest.against_others"


@pytest.mark.parametrize("language", LANGUAGES)
def test_captions_of_gaps_state_reference_n_interval_adjustment_and_source(
    shown: Any, language: str
) -> None:
    adjusters = shown.study.default_adjusters()
    for chart, reference in charts_of_gaps(shown):
        caption = chart.words[language].caption
        assert say(reference, language) in caption, chart.id
        assert shown.subject().covariates(list(adjusters), language) in caption, chart.id
        assert shown.subject().level(language) in caption, chart.id
        assert caption.endswith(shown.subject().source(language)), chart.id
        for _, row in chart.data.iterrows():
            group = shown.subject().group(row["group"], language)
            told = caption.split(group, 1)[1]
            if pd.isna(row["n_group"]):
                assert say("words.not_shown", language) in told[:20], chart.id
            else:
                sides = shown.subject().sides(row, language)
                assert say("words.against", language, **sides) in told, chart.id


def test_intervals_that_include_zero_are_said_to(estimated: Any) -> None:
    gaps = estimated.gaps.copy()
    gaps[["ci_low", "ci_high"]] = gaps[["ci_low", "ci_high"]] * 0 + [0.01, 0.02]
    joint = gaps["contrast"] == Contrast.JOINT
    for language, words in (("en", "includes zero"), ("fr", "zéro compris")):
        chart = forest_chart(gaps, estimated.subject(), "joint")
        assert words not in chart.words[language].caption
        around = gaps.assign(ci_low=gaps["ci_low"].mask(joint, -0.01))
        chart = forest_chart(around, estimated.subject(), "joint")
        # Raw and adjusted, of each category.
        assert chart.words[language].caption.count(words) == 2 * len(chart.data)
        limit = gaps.assign(ci_low=gaps["ci_low"].mask(joint, 0.0))
        caption = forest_chart(limit, estimated.subject(), "joint").words[language].caption
        assert words not in caption
        assert say("words.touches_zero", language, interval="") in caption


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hidden_group_stays_as_a_row_that_says_so(public: Any, language: str) -> None:
    subject, hidden = public.subject(), say("words.not_shown", language)
    group = subject.group("carer", language)
    gaps = [forest_chart(public.gaps, subject, kind) for kind in KINDS]
    for chart in (rates_chart(public.gaps, subject), *gaps):
        own = chart.data[chart.data["group"] == "carer"]
        assert len(own) == 1
        assert own.filter(regex="^(estimate|ci_)").isna().all(axis=None), chart.id
        texts = texts_of(chart, language)
        assert any(text.startswith(group) for text in texts), chart.id
        assert sum(text.startswith(hidden) for text in texts) == 1, chart.id
        assert hidden in chart.words[language].caption, chart.id
        assert hidden in chart.words[language].alt, chart.id


def test_charts_live_on_though_all_is_hidden(estimated: Any) -> None:
    everything = Release(Audience.PUBLIC, ALL_OF_GRADUATED)
    subject = estimated.subject()
    gaps, steps = (everything.results(table) for table in (estimated.gaps, estimated.steps))
    for language in LANGUAGES:
        for chart in (
            rates_chart(gaps, subject),
            *(forest_chart(gaps, subject, kind) for kind in KINDS),
            adjustment_chart(steps, subject),
        ):
            assert chart.draw(language).axes
            words = chart.words[language]
            assert not re.search(r"\bnan\b|<NA>", words.caption + words.alt + words.subtitle)
            assert not re.search(r"\d %|\d%", words.headline), chart.id


def test_numbers_have_the_decimals_of_their_rows(estimated: Any) -> None:
    gaps, steps = (table.assign(digits=0) for table in (estimated.gaps, estimated.steps))
    subject = estimated.subject()
    for chart in (
        rates_chart(gaps, subject),
        *(forest_chart(gaps, subject, kind) for kind in KINDS),
        adjustment_chart(steps, subject),
    ):
        words = chart.words["en"]
        texts = [*texts_of(chart, "en"), words.headline, words.caption, words.alt]
        for text in texts:
            told = text.replace(f"at most {number(0.05, 'en', 2)}", "")
            assert not re.search(r"\d\.\d", told), (chart.id, text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_rounded_counts_are_said_to_be(estimated: Any, public: Any, language: str) -> None:
    rounded = public.subject().rounding(language)
    assert rounded
    for chart in charts(public):
        assert rounded in chart.words[language].note, chart.id
        assert rounded in chart.words[language].caption, chart.id
    for chart in charts(estimated):
        assert rounded not in chart.words[language].caption, chart.id


def test_small_groups_are_called_indicative_in_captions(estimated: Any) -> None:
    gaps = estimated.gaps.copy()
    gaps.loc[gaps["group"] == "carer", ["n_group", "k_group"]] = [29, 3]
    subject = estimated.subject()
    for chart in (rates_chart(gaps, subject), forest_chart(gaps, subject, "others")):
        assert chart.words["en"].caption.count("indicative") == 1, chart.id
        assert chart.words["fr"].caption.count("indicatif") == 1, chart.id


def test_shares_of_hidden_rows_are_neither_drawn_nor_summed(provider_study: Study) -> None:
    subject = Subject(provider_study, "third_party_funded", "2022", 0.95, Audience.PUBLIC)
    release = Release(Audience.PUBLIC)
    persons = [400, 300, 24]
    table = pd.DataFrame(
        {
            "combination": ["non_underserved", "job_seeker", "job_seeker + refugee"],
            "persons": persons,
            "categories": [0, 1, 2],
            "n": sum(persons),
            "share": [n / sum(persons) for n in persons],
        }
    )
    for language, least in (("en", "At least 0%"), ("fr", "Au moins 0")):
        chart = overlap_chart(release.shares(table), subject)
        assert chart.words[language].headline.startswith(least)
        texts = texts_of(chart, language)
        assert sum(say("words.not_shown", language) in text for text in texts) == 1
        assert not any("24" in text or "25 (" in text for text in texts)
        words = chart.words[language]
        for told in (words.caption, words.alt):
            assert say("overlap.hidden", language, hidden="1") in told


def test_a_group_without_shares_keeps_its_bar(provider_study: Study) -> None:
    subject = Subject(provider_study, "third_party_funded", "2022", 0.95, Audience.PUBLIC)
    sizes = {"all": 200, "refugee": 20}
    rows = [
        {"group": group, "level": level, "persons": n // 2, "n": n, "share": 0.5,
         "ci_low": 0.4, "ci_high": 0.6}
        for group, n in sizes.items()
        for level in ("public", "employer")
    ]  # fmt: skip
    released = Release(Audience.PUBLIC).shares(pd.DataFrame(rows))
    chart = funding_chart(released, subject)
    assert any("Réfugiés" in text for text in texts_of(chart, "fr"))
    assert any("moins de 25 personnes" in text for text in texts_of(chart, "fr"))
    assert "Refugees: not shown" in chart.words["en"].caption
    small = released[released["group"] == "refugee"]
    assert funding_chart(small, subject).words["en"].headline == "Who pays, by group"
    assert funding_chart(small, subject).draw("en").axes


def test_outcomes_of_few_have_no_bar_and_no_part_in_a_sum(provider_study: Study) -> None:
    subject = Subject(provider_study, "graduated", "2022", 0.95, Audience.PUBLIC)
    outcomes = pd.DataFrame(
        {
            "year": [2021, 2021, 2021, 2022],
            "learner": ["free", "apprentice", "apprentice", "free"],
            "counted": [900, 12, 31, 4000],
        }
    )
    released = Release(Audience.PUBLIC).counts(outcomes, ["counted"])
    chart = outcomes_chart(released, subject)
    assert chart.words["en"].headline == "Career outcomes: 4,000 (2022)"
    assert "2021 · apprentices: not shown" in chart.words["en"].caption
    assert sum("non montré" in text for text in texts_of(chart, "fr")) == 1
    assert len(chart.draw("en").axes[0].patches) == 2


def test_hidden_rates_do_not_count_as_given_back(provider_study: Study) -> None:
    subject = Subject(provider_study, "placed_6", "2022", 0.95, Audience.PUBLIC)
    rows = [
        {"study": "", "outcome": "placed_6", "group": group, "reference": "", "estimand": "rate",
         "method": "wilson", "estimate": 0.4, "ci_low": 0.3, "ci_high": 0.5, "n_group": n,
         "n_reference": 0, "k_group": 2 * n // 5, "k_reference": 0}
        for group, n in {"all": 200, "refugee": 20}.items()
    ]  # fmt: skip
    rates = Release(Audience.PUBLIC).results(result_table(rows))
    printed = pd.DataFrame({"group": ["all", "refugee"], "value": [40, 29], "rounding": [1, 1]})
    chart = published_chart(beside_printed(rates, printed, subject), subject)
    assert "1 of 1 printed rates" in chart.words["en"].headline
    # What the provider itself printed is exempt.
    assert "Refugees (printed 29%): not shown" in chart.words["en"].caption
