"""The explorer's data: every released gap and nothing else, in both languages."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis.impact.measures import measure_table
from analysis.release.results import is_hidden
from analysis.report.contents import Contents, ReportTable
from analysis.report.explorer import write_explorer
from analysis.report.explorer.rows import DIMENSIONS, SHOWN, errors_of, gap_rows, model_of
from analysis.studies import Study
from analysis.vocabulary import LANGUAGES, Audience

MakeContents = Callable[[Path, Study, Audience, dict[str, pd.DataFrame]], Contents]
ReadPayload = Callable[[Contents, str], dict[str, Any]]
FROM_ELSEWHERE = re.compile(r"""(?:src|href)=["'](?:https?:)?//""")


def released(contents: Contents, name: str) -> pd.DataFrame:
    return next(table.data for table in contents.tables if table.id == name)


def test_every_gap_is_there_once(internal: Contents) -> None:
    rows = gap_rows(internal)
    gaps, steps = released(internal, "placement-gaps"), released(internal, "adjustment-steps")
    gaps = gaps[gaps["estimand"].isin(SHOWN)]
    # Of the steps, only the gap without and the ones with a single covariate are new.
    alone = steps[~steps["note"].str.contains(", ")]
    assert len(rows) == len(gaps) + len(alone)
    assert not rows.duplicated(list(DIMENSIONS)).any()
    shown = sorted(rows["estimate"].dropna())
    assert shown == sorted([*gaps["estimate"].dropna(), *alone["estimate"].dropna()])


def test_steps_are_told_apart_by_what_they_hold_fixed(internal: Contents) -> None:
    rows = gap_rows(internal)
    logit = rows[
        (rows["contrast"] == "complement")
        & (rows["outcome"] == "graduated")
        & (rows["group"] == "job_seeker")
        & (rows["model"] == "logit")
        & (rows["unknown"] == "left_out")
    ]
    assert list(logit["adjustment"]) == ["none", "gender", "age_band", "all"]
    for name in ("gender", "age_band"):
        (note,) = logit.loc[logit["adjustment"] == name, "note"]
        assert f"adjusted={name};" in note


def test_single_covariate_is_all_there_is(
    toy_study: Study, tmp_path: Path, make_contents: MakeContents, estimated_steps: pd.DataFrame
) -> None:
    steps = estimated_steps
    steps = steps[steps["note"].isin(["adjusted=gender; left_out=23", "left_out=23"])]
    contents = make_contents(tmp_path, toy_study, Audience.INTERNAL, {"adjustment-steps": steps})
    assert set(gap_rows(contents)["adjustment"]) == {"none", "all"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_are_the_released_ones(
    public: Contents, read_payload: ReadPayload, language: str
) -> None:
    rows, payload = gap_rows(public), read_payload(public, language)
    assert len(payload["named"]) == len(rows)
    for told, (_, row) in zip(payload["named"], rows.iterrows(), strict=True):
        assert {name: told[name] for name in DIMENSIONS} == row[list(DIMENSIONS)].to_dict()
        for key, column in (("estimate", "estimate"), ("low", "ci_low"), ("high", "ci_high")):
            if pd.isna(row[column]):
                assert told[key] is None
            else:
                assert told[key] == pytest.approx(100 * row[column], abs=1e-9)
                assert told[key] == round(told[key], row["digits"])
        counts = [None if pd.isna(row[f"n_{side}"]) else row[f"n_{side}"] for side in
                  ("group", "reference")]  # fmt: skip
        assert told["n"] == counts


def test_public_page_holds_nothing_that_was_not_released(
    public: Contents, read_payload: ReadPayload
) -> None:
    fields = {
        "at", "reference", "estimate", "low", "high", "gap", "interval", "n", "sides", "zero",
        "touch", "small", "note",
    }  # fmt: skip
    for language in LANGUAGES:
        payload = read_payload(public, language)
        assert set(payload["fields"]) == fields
        for row in payload["named"]:
            assert all(n is None or n % 5 == 0 for n in row["n"])
            assert row["touch"] == (0 in (row["low"], row["high"]))
        text = (public.folder / "pages" / f"explorer.{language}.html").read_text("utf-8")
        # The sides, unrounded and in thousands, the successes, and who was left out.
        for exact in ("1504", "1,504", "803", "601", "23 left out", "23 exclus"):
            assert exact not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_hidden_group_stays_in_every_view(
    public: Contents, read_payload: ReadPayload, language: str
) -> None:
    payload = read_payload(public, language)
    named = pd.DataFrame(payload["named"])
    hidden = named[named["group"] == "carer"]
    views = ["outcome", "contrast", "adjustment", "model", "unknown"]
    others = named[named["group"] == "job_seeker"]
    assert set(map(tuple, hidden[views].to_numpy())) == set(map(tuple, others[views].to_numpy()))
    assert hidden[["estimate", "low", "high"]].isna().all(axis=None)
    word = {"en": "not shown: fewer than 25 persons", "fr": "non montré : moins de 25 personnes"}
    assert set(hidden["note"].str.replace("\N{NO-BREAK SPACE}", " ")) == {word[language]}
    assert not hidden["small"].any()


def test_hidden_rows_of_the_release_are_hidden_here(public: Contents) -> None:
    rows = gap_rows(public)
    hidden = rows["note"].map(is_hidden)
    assert (hidden == (rows["group"] == "carer")).all()


def test_what_has_no_estimate_says_why(internal: Contents, read_payload: ReadPayload) -> None:
    rows = read_payload(internal, "en")["named"]
    missing = [row for row in rows if row["estimate"] is None]
    assert missing
    assert all("successes and failures are told apart" in row["note"] for row in missing)
    assert all(row["gap"] == row["interval"] == "–" for row in missing)


def test_zero_and_small_sides_are_marked(internal: Contents, read_payload: ReadPayload) -> None:
    rows = [row for row in read_payload(internal, "en")["named"] if row["estimate"] is not None]
    assert {row["zero"] for row in rows} == {True, False}
    for row in rows:
        # Decided on the whole numbers, of which the page has one decimal.
        assert row["low"] <= 0 <= row["high"] if row["zero"] else row["low"] * row["high"] >= 0
        assert not row["touch"]
        assert row["small"] == (min(row["n"]) < 30)
    assert {row["group"] for row in rows if row["small"]} == {"carer", "low_qualification"}


def test_numbers_and_words_are_of_the_page_s_language(
    internal: Contents, read_payload: ReadPayload
) -> None:
    english, french = (read_payload(internal, language) for language in LANGUAGES)
    pairs = list(zip(english["named"], french["named"], strict=True))
    assert all(a["estimate"] == b["estimate"] for a, b in pairs)
    first_en, first_fr = next((a, b) for a, b in pairs if a["estimate"] is not None)
    assert re.fullmatch(r"−\d+\.\d", first_en["gap"])
    assert re.fullmatch(r"−\d+,\d", first_fr["gap"])
    assert first_en["sides"][1] == "1,504"
    assert first_fr["sides"][1] == "1\N{NARROW NO-BREAK SPACE}504"
    assert (english["format"]["decimal"], french["format"]["decimal"]) == (".", ",")
    assert english["words"]["interval"] == "90% interval"
    assert french["words"]["interval"] == "Intervalle à 90\N{NO-BREAK SPACE}%"


def test_what_all_holds_fixed_is_named(internal: Contents, read_payload: ReadPayload) -> None:
    dimensions = {one["name"]: one["values"] for one in read_payload(internal, "en")["dimensions"]}
    assert dimensions["adjustment"] == {
        "none": "Nothing (raw gap)",
        "gender": "Only gender",
        "age_band": "Only age band",
        "all": "All (gender and age band)",
    }


def test_rows_say_what_they_hold_fixed_if_it_differs(
    toy_study: Study,
    tmp_path: Path,
    make_contents: MakeContents,
    read_payload: ReadPayload,
    estimated_steps: pd.DataFrame,
) -> None:
    others = (estimated_steps["group"] == "carer") & estimated_steps["note"].str.contains(", ")
    note = "adjusted=gender, country; defines=age_band"
    steps = estimated_steps.assign(note=estimated_steps["note"].mask(others, note))
    contents = make_contents(tmp_path, toy_study, Audience.INTERNAL, {"adjustment-steps": steps})
    write_explorer(contents)
    payload = read_payload(contents, "en")
    assert payload["dimensions"][3]["values"]["all"] == "All covariates"
    (row,) = [
        one for one in payload["named"] if (one["group"], one["adjustment"]) == ("carer", "all")
    ]
    assert "holds fixed: gender and country" in row["note"]


def test_synthetic_data_are_marked_and_real_ones_are_not(
    internal: Contents, public: Contents, read_payload: ReadPayload
) -> None:
    assert read_payload(internal, "fr")["words"]["synthetic"] == "SYNTHÉTIQUE"
    assert read_payload(public, "en")["words"]["synthetic"] == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_stands_alone(internal: Contents, language: str) -> None:
    text = (internal.folder / "pages" / f"explorer.{language}.html").read_text("utf-8")
    page = BeautifulSoup(text, "html.parser")
    assert page.html is not None
    assert page.html["lang"] == language
    assert not FROM_ELSEWHERE.search(text)
    loaded = [script["src"] for script in page.find_all("script", src=True)]
    assert all((internal.folder / "pages" / str(path)).resolve().is_file() for path in loaded)
    inline = page.find_all("script", src=False)
    assert [script["type"] for script in inline] == ["application/json"]
    assert not [
        tag for tag in page.find_all(True) if any(key.startswith("on") for key in tag.attrs)
    ]
    without_script = page.find("noscript")
    assert without_script is not None
    assert without_script.find("a", href=f"tables.{language}.html")
    files = [link["href"] for link in page.select("ul.downloads a")]
    assert files == ["../tables/adjustment-steps.csv", "../tables/placement-gaps.csv"]


def test_no_label_can_end_the_data(
    toy_study: Study, tmp_path: Path, make_contents: MakeContents, estimated_steps: pd.DataFrame
) -> None:
    carer = toy_study.categories["carer"]
    label = carer.label.model_copy(update={"en": "</script><b>"}) if carer.label else None
    named = carer.model_copy(update={"label": label})
    study = toy_study.model_copy(update={"categories": {**toy_study.categories, "carer": named}})
    tables = {"adjustment-steps": estimated_steps}
    write_explorer(make_contents(tmp_path, study, Audience.INTERNAL, tables))
    page = BeautifulSoup((tmp_path / "pages/explorer.en.html").read_text("utf-8"), "html.parser")
    payload = page.find(id="payload")
    assert payload is not None
    assert "</script><b>" in json.loads(payload.text)["dimensions"][2]["values"].values()


def test_report_without_gaps_says_so(
    toy_study: Study, tmp_path: Path, make_contents: MakeContents
) -> None:
    write_explorer(make_contents(tmp_path, toy_study, Audience.INTERNAL, {}))
    for language, words in (("en", "holds no gaps"), ("fr", "ne contient pas d’écarts")):
        text = (tmp_path / "pages" / f"explorer.{language}.html").read_text("utf-8")
        assert words in text
        assert "vega.js" not in text
    assert not (tmp_path / "assets").exists()


def test_pages_repeat_byte_by_byte(internal: Contents) -> None:
    paths = [*internal.folder.glob("pages/explorer.*"), *internal.folder.glob("assets/*.js")]
    before = {path: path.read_bytes() for path in paths}
    write_explorer(internal)
    assert {path: path.read_bytes() for path in paths} == before


def test_methods_are_taken_apart() -> None:
    assert (model_of("logit_hc1_group_random"), errors_of("logit_hc1_group_random")) == (
        "logit", "hc1_group_random",
    )  # fmt: skip
    assert (model_of("miettinen_nurminen"), errors_of("miettinen_nurminen")) == (
        "miettinen_nurminen", "",
    )  # fmt: skip
    with pytest.raises(ValueError, match="probit"):
        model_of("probit_hc1")


def test_tables_of_measures_and_of_the_audit_are_left_alone(internal: Contents) -> None:
    measures = measure_table([{"measure": "rate", "unit": "EUR", "estimate": 1.0}])
    rates = released(internal, "placement-gaps")
    more = {"scoreboard": measures, "scoreboard-rates": rates, "audit-findings": pd.DataFrame()}
    own = replace(internal)
    own.__dict__["tables"] = (
        *(ReportTable(name, "00_scoreboard", "0", "0", table) for name, table in more.items()),
        *internal.tables,
    )
    pd.testing.assert_frame_equal(gap_rows(own), gap_rows(internal))
