"""All linear decompositions of an outcome's gaps: against R, and which rows there are."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import export_data
import ibis
import numpy as np
import pandas as pd
import pytest

from analysis.cells import count_cells
from analysis.estimate.composition.decompositions import (
    ALL_METHODS,
    GELBACH,
    KITAGAWA,
    decompositions,
)
from analysis.estimate.composition.gelbach import gelbach
from analysis.estimate.composition.influences import Decomposition, Sample
from analysis.estimate.composition.kitagawa import COMPOSITION, kitagawa
from analysis.estimate.composition.oaxaca import METHODS, THREE_PARTS, THREEFOLD, TWO_PARTS, Oaxaca
from analysis.estimate.fits import INTERCEPT
from analysis.estimate.options import GapOptions
from analysis.estimate.results import read_note
from analysis.figures.wording import catalogue
from analysis.studies import Study
from analysis.vocabulary import UNDERSERVED, Contrast, Estimand

COVARIATES = ["gender", "age_band", "education", "funding"]
BOTH_DATA = (KITAGAWA, GELBACH)
KEY = ["contrast", "group", "way", "estimand", "term"]

# ---- Values from R ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    """Values from R; see tests/reference/README.md."""
    path = Path(__file__).parents[2] / "reference" / "decompositions.json"
    values: dict[str, Any] = json.loads(path.read_text())
    return values


def frame_of(data: str) -> pd.DataFrame:
    frame = {"loanapp": export_data.loanapp_frame, "fair": export_data.fair_frame}[data]()
    levels = [name for name in frame if name not in ("y", "group") and "cluster" not in name]
    return frame.astype(dict.fromkeys(levels, "category")).rename(columns={"group": "member"})


def sample_of(frame: pd.DataFrame, terms: list[str], errors: str, focus: list[str]) -> Sample:
    cluster = errors if errors.startswith("cluster") else None
    by = [*focus, *terms, *([cluster] if cluster else [])]
    cells = frame.groupby(by, observed=True, as_index=False)["y"].agg(n="size", successes="sum")
    cells["member"] = cells[focus[0]].astype(bool)
    return Sample.of(cells, terms, "cluster" if cluster else "hc1", cluster)


def in_r_order(method: str, made: Decomposition, terms: list[str]) -> np.ndarray:
    """Values and errors, gap first, in the order of decompositions.R."""
    parts = THREE_PARTS if method == THREEFOLD else TWO_PARTS
    keys = [(estimand, "") for estimand in parts]
    if method == KITAGAWA:
        keys += [(Estimand.EXPLAINED, term) for term in COMPOSITION]
    for estimand in {KITAGAWA: (), GELBACH: (Estimand.EXPLAINED,)}.get(method, parts):
        keys += [(estimand, term) for term in terms]
        if estimand in (Estimand.UNEXPLAINED, Estimand.COEFFICIENTS):
            keys.append((estimand, INTERCEPT))
    assert sorted(keys) == sorted(made.parts)
    return np.array([(p.value, p.std_error) for p in (made.gap, *(made.parts[k] for k in keys))])


@pytest.mark.parametrize(
    ("data", "errors", "method"),
    [
        *(("loanapp", errors, m) for errors in ("hc1", "cluster_unem") for m in ALL_METHODS),
        *(("fair", errors, m) for errors in ("hc1", "cluster_occupations") for m in BOTH_DATA),
    ],
)
def test_values_and_errors_are_those_of_r(
    published: dict[str, Any], data: str, errors: str, method: str
) -> None:
    terms = published[data]["terms"]
    sample = sample_of(frame_of(data), terms, errors, ["member"])
    makers: dict[str, Callable[[], Decomposition]] = {
        KITAGAWA: partial(kitagawa, sample),
        GELBACH: lambda: gelbach(sample, {"member": sample.members})["member"],
    }
    made = makers.get(method, lambda: Oaxaca(sample).decompose(method))()
    found = in_r_order(method, made, terms)
    theirs = published[data][errors][method]
    np.testing.assert_allclose(found[:, 0], theirs["estimate"], rtol=1e-9, atol=1e-12)
    # R's derivatives are numeric; those of shares and rates are not exact.
    np.testing.assert_allclose(found[:, 1], theirs["std_error"], rtol=1e-9)


@pytest.mark.parametrize("errors", ["hc1", "cluster_unem"])
def test_coefficients_of_several_groups_are_those_of_r(
    published: dict[str, Any], errors: str
) -> None:
    values = published["loanapp"]
    terms = [term for term in values["terms"] if term != "male"]
    frame = frame_of("loanapp")
    frame["male"] = frame["male"].astype(int)
    sample = sample_of(frame, terms, errors, ["member", "male"])
    cluster = [errors] if errors != "hc1" else []
    by = ["member", "male", *terms, *cluster]
    flags = frame.groupby(by, observed=True, as_index=False).size()
    made = gelbach(sample, {name: flags[name].to_numpy(bool) for name in ("member", "male")})
    theirs = values["joint" if errors == "hc1" else f"joint_{errors}"]
    for ours, name in (("member", "group"), ("male", "male")):
        found = in_r_order(GELBACH, made[ours], terms)
        np.testing.assert_allclose(found[:, 0], theirs[name]["estimate"], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found[:, 1], theirs[name]["std_error"], rtol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_errors_are_those_of_rows_drawn_again(published: dict[str, Any], method: str) -> None:
    """2,000 draws tell an error to about 5%; the second order is counted twice, on purpose."""
    terms = published["loanapp"]["terms"]
    sample = sample_of(frame_of("loanapp"), terms, "hc1", ["member"])
    found = in_r_order(method, Oaxaca(sample).decompose(method), terms)
    drawn = np.array(published["loanapp"]["bootstrap"][method])
    np.testing.assert_allclose(found[:, 1], drawn, rtol=0.08)


# ---- Which rows ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asking(study: Study) -> Callable[..., pd.DataFrame]:
    """Give the function that counts persons' cells and splits their gaps, with the small study."""

    def ask(rows: pd.DataFrame, covariates: list[str] = COVARIATES, **options: Any) -> pd.DataFrame:
        cells = count_cells(
            ibis.memtable(rows.assign(cluster=rows["school"])),
            by=[*study.categories, *covariates],
            outcome="graduated",
            cluster="cluster",
            levels={name: study.levels(name) for name in covariates},
        )
        found = decompositions(study, "graduated", cells, covariates, GapOptions(**options))
        way = found["method"].str.rsplit("_", n=1).str[0]
        return found.assign(way=way).set_index(KEY).sort_index()

    return ask


@pytest.fixture(scope="module")
def table(persons: pd.DataFrame, asking: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return asking(persons)


def expected_keys(method: str, adjusters: list[str]) -> Iterator[tuple[str, str]]:
    parts = THREE_PARTS if method == THREEFOLD else TWO_PARTS
    yield from ((estimand, "") for estimand in (Estimand.DIFFERENCE, *parts))
    if method == KITAGAWA:
        yield from ((Estimand.EXPLAINED, term) for term in COMPOSITION)
    elif method == GELBACH:
        yield from ((Estimand.EXPLAINED, term) for term in adjusters)
    else:
        yield from ((estimand, term) for estimand in parts for term in adjusters)
        yield Estimand.COEFFICIENTS if method == THREEFOLD else Estimand.UNEXPLAINED, INTERCEPT


def test_each_gap_is_split_in_every_way(table: pd.DataFrame, study: Study) -> None:
    assert table.index.is_unique
    wanted = set()
    for contrast in Contrast:
        for group in [UNDERSERVED] if contrast == Contrast.ANY else study.categories:
            free = contrast == Contrast.COMPLEMENT and group != "low_qualification"
            held = [name for name in COVARIATES if free or name != "education"]
            ways = (GELBACH,) if contrast == Contrast.JOINT else ALL_METHODS
            wanted |= {
                (contrast, group, way, *key) for way in ways for key in expected_keys(way, held)
            }
    assert set(table.index) == wanted
    assert table["estimate"].notna().all()
    notes = table["note"].map(read_note)
    assert all(note["mediators"] == "funding" for note in notes)
    assert {note["adjusted"] for note in notes} == {
        "gender, age_band, education, funding", "gender, age_band, funding"
    }  # fmt: skip


def test_rows_add_up_to_the_raw_gap(table: pd.DataFrame) -> None:
    rows = table.reset_index()
    plain = rows[rows["contrast"] != Contrast.JOINT]
    raw = plain["k_group"] / plain["n_group"] - plain["k_reference"] / plain["n_reference"]
    gaps = plain["estimand"] == Estimand.DIFFERENCE
    np.testing.assert_allclose(plain.loc[gaps, "estimate"], raw[gaps], atol=1e-12)
    by = ["contrast", "group", "way"]
    parts = rows[(rows["estimand"] != Estimand.DIFFERENCE) & (rows["term"] == "")]
    sums = parts.groupby(by)["estimate"].sum()
    whole = rows[rows["estimand"] == Estimand.DIFFERENCE].set_index(by)["estimate"]
    np.testing.assert_allclose(sums, whole[sums.index], atol=1e-10)
    detailed = rows[rows["term"] != ""].groupby([*by, "estimand"])["estimate"].sum()
    own = rows[rows["term"] == ""].set_index([*by, "estimand"])["estimate"]
    np.testing.assert_allclose(detailed, own[detailed.index], atol=1e-10)


def test_errors_follow_the_clusters(
    table: pd.DataFrame, persons: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    assert table["method"].str.endswith("_cluster").all()
    assert {read_note(note)["clusters"] for note in table["note"]} == {"12"}
    for asked, given in (("hc0", "hc0"), ("hc1", "hc1"), ("hc3", "hc1"), ("model", "hc1")):
        found = asking(persons, ["gender"], errors=asked, contrasts=(Contrast.ANY,))
        assert found["method"].str.endswith(f"_{given}").all()
        alone = found.index.isin(["only_group", "only_reference"], level="term")
        assert found.loc[~alone, "std_error"].gt(0).all()
        assert found.loc[alone, "std_error"].isna().all()
        assert found.loc[alone, "note"].str.contains("support_varies").all()
    few = asking(persons[persons["school"] < "s09"], ["gender"], contrasts=(Contrast.ANY,))
    assert few[["std_error", "ci_low", "p_value"]].isna().all(axis=None)
    assert few["estimate"].notna().all()
    assert {read_note(note)["few_clusters"] for note in few["note"]} == {"9"}


def test_without_clusters_they_can_not_be_asked_for(persons: pd.DataFrame, study: Study) -> None:
    cells = count_cells(
        ibis.memtable(persons), by=[*study.categories, "gender"], outcome="graduated"
    )
    with pytest.raises(ValueError, match="need cells with clusters"):
        decompositions(study, "graduated", cells, ["gender"], GapOptions(errors="cluster"))
    found = decompositions(study, "graduated", cells, ["gender"])
    assert found["method"].str.endswith("_hc1").all()


def test_each_way_of_splitting_is_a_family_of_its_own(table: pd.DataFrame) -> None:
    for way in ALL_METHODS:
        first = Estimand.ENDOWMENTS if way == "oaxaca_threefold" else Estimand.EXPLAINED
        own = table.xs(
            (Contrast.COMPLEMENT, way, first, ""), level=("contrast", "way", "estimand", "term")
        )
        raw = own["p_value"].sort_values()
        holm = np.maximum.accumulate(np.minimum(raw * [3, 2, 1], 1))
        np.testing.assert_allclose(own["p_adjusted"][raw.index], holm, rtol=1e-12)


def few_disabled(rows: pd.DataFrame, size: int) -> pd.DataFrame:
    members = rows["disability"].eq(True).fillna(False) & rows["graduated"].notna()
    return pd.concat([rows[members].head(size), rows[~rows["disability"].fillna(True)]])


BROKEN: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "no persons": lambda rows: rows.iloc[:0],
    "nobody in the denominator": lambda rows: rows.assign(graduated=pd.NA),
    "one person": lambda rows: rows.iloc[:1],
    "two persons": lambda rows: rows.iloc[:2],
    "ten persons": lambda rows: rows.iloc[:10],
    "one school": lambda rows: rows.assign(school="only"),
    "all succeed": lambda rows: rows.assign(graduated=True),
    "none succeed": lambda rows: rows.assign(graduated=False),
    "success is being a job seeker": lambda rows: rows.assign(graduated=rows["job_seeker"]),
    "nobody is a job seeker": lambda rows: rows.assign(job_seeker=False),
    "everybody is a job seeker": lambda rows: rows.assign(job_seeker=True),
    "nothing is known": lambda rows: rows.assign(
        job_seeker=pd.NA, low_qualification=pd.NA, disability=pd.NA
    ),
    "two categories are one": lambda rows: rows.assign(disability=rows["job_seeker"]),
    "an adjuster is a category": lambda rows: rows.assign(
        gender=rows["job_seeker"].map({True: "F", False: "M"}).astype(object).fillna("unknown")
    ),
    "a side lacks a level": lambda rows: rows[
        ~((rows["gender"] == "F") & rows["job_seeker"].fillna(True))
    ],
    "five persons with a disability": lambda rows: few_disabled(rows, 5),
}


@pytest.mark.parametrize("breaking", BROKEN.values(), ids=BROKEN)
def test_whatever_the_data_each_question_has_its_row(
    persons: pd.DataFrame,
    table: pd.DataFrame,
    asking: Callable[..., pd.DataFrame],
    breaking: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    """Never a crash, never a missing row, never an estimate of nobody."""
    flags = ["job_seeker", "low_qualification", "disability", "graduated"]
    found = asking(breaking(persons).astype(dict.fromkeys(flags, "boolean")))
    assert set(found.index) == set(table.index)
    remarks = {"adjusted", "defines", "mediators", "left_out", "clusters"}
    for note in found.loc[found["estimate"].isna(), "note"]:
        assert set(read_note(note)) - remarks, f"no reason in {note!r}"
    empty = (found["n_group"] == 0) | (found["n_reference"] == 0)
    assert found.loc[empty, "estimate"].isna().all()
    assert ((found["ci_high"] - found["ci_low"]).dropna() > 1e-9).all()
    for note in found["note"]:
        assert all(f"notes.{key}" in catalogue() for key in read_note(note))


def test_without_covariates_there_is_nothing_to_split_by(
    persons: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    found = asking(persons, ["education"])
    free = found.loc[Contrast.COMPLEMENT].loc["disability"]
    assert free["estimate"].notna().all()
    defined = found.loc[Contrast.ANY]
    assert defined["estimate"].isna().all()
    assert defined["note"].str.contains("no_covariates").all()
    terms = defined.index.get_level_values("term")
    assert set(terms) == {"", INTERCEPT, *COMPOSITION}


def test_a_small_group_keeps_its_whole_parts(
    persons: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    rows = few_disabled(persons, 2)
    rows = rows.assign(graduated=[True, False, *rows["graduated"].iloc[2:]])
    found = asking(
        rows.astype({"graduated": "boolean"}),
        contrasts=(Contrast.COMPLEMENT,),
        errors="hc1",
    ).loc[Contrast.COMPLEMENT, "disability"]
    pooled = found.loc["oaxaca_pooled_group"]
    assert pooled.loc[pooled.index.get_level_values("term") == "", "ci_low"].notna().all()
    assert pooled.loc[Estimand.EXPLAINED, "ci_low"].notna().all()
    assert "no_freedom" in pooled.loc[(Estimand.UNEXPLAINED, "gender"), "note"]
    assert found.loc["oaxaca_1", "note"].str.contains("no_freedom").all()


def test_persons_without_a_counterpart_are_counted(
    table: pd.DataFrame, both: SimpleNamespace
) -> None:
    notes = table.loc[Contrast.COMPLEMENT, "job_seeker", KITAGAWA]["note"].map(read_note)
    cells = both.cells  # without education and funding all have a counterpart
    assert kitagawa(Sample.of(cells, ["gender", "age_band"])).remarks["only_group"] is None
    assert {note["only_group"] for note in notes} == {notes.iloc[0]["only_group"]}
    assert int(notes.iloc[0]["only_group"]) > 0


def test_a_side_of_one_kind_has_parts_without_intervals(
    persons: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    """Its residuals are all zero, and what is left is the reference's error alone."""
    members = persons["disability"].eq(True).fillna(False)
    rows = persons.assign(graduated=persons["graduated"].mask(members, False))
    found = asking(rows, contrasts=(Contrast.COMPLEMENT,)).loc[Contrast.COMPLEMENT, "disability"]
    told = found[found["estimate"].notna()]
    assert len(told)
    assert told["ci_low"].isna().all()
    assert told["note"].str.contains("fixed_rate").all()
