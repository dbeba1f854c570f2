"""Persons' rows, the cells that stand for them, and the study that asks about them.

What is true of cells is tested against the rows that they were counted from, so both are here.
A journey's applications are drawn apart: their persons come twice.
Helpers are fixtures that give functions, for pytest's import mode lets no test import another.
"""

import json
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import export_data
import ibis
import numpy as np
import pandas as pd
import pytest

from analysis.cells import count_cells
from analysis.estimate.fits import Design, fit_linear, fit_logit
from analysis.estimate.groups import compare
from analysis.estimate.journey_gaps import journey_gaps
from analysis.estimate.options import GapOptions
from analysis.studies import Study
from analysis.vocabulary import Contrast

CATEGORIES = ["job_seeker", "low_qualification", "disability"]
LEVELS = {
    "gender": ["F", "M", "unknown"],
    "age_band": ["<=30", "31-45", ">45", "unknown"],
    "education": ["none", "bac", "degree", "unknown"],
    "funding": ["public", "employer", "other", "unknown"],
}
ADJUSTERS = ["gender", "age_band"]


def draw_persons(size: int = 1500, seed: int = 8128) -> pd.DataFrame:
    """Draw persons with overlapping categories, unknowns, two clusterings and a cluster effect."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({"person": np.arange(size)})
    rows["cohort"] = rng.choice(["2021", "2022"], size)
    rows["cluster"] = [f"c{number:02d}" for number in rng.integers(0, 45, size)]
    rows["school"] = [f"s{number:02d}" for number in rng.integers(0, 12, size)]
    for name, levels in LEVELS.items():
        shares = np.array([0.4, 0.3, 0.25, 0.05][-len(levels) :])
        rows[name] = rng.choice(levels, size, p=shares / shares.sum())
    for name, share in (("job_seeker", 0.45), ("disability", 0.15)):
        known = pd.array(rng.random(size) < share, dtype="boolean")
        known[rng.random(size) < 0.06] = pd.NA
        rows[name] = known
    low = rows["education"].map({"none": True, "bac": True, "degree": False})
    rows["low_qualification"] = low.astype("boolean")
    index = (
        0.3
        - 0.6 * rows["job_seeker"].fillna(False).astype(float)
        - 0.4 * rows["disability"].fillna(False).astype(float)
        + rows["education"].map({"none": -0.8, "bac": -0.3, "degree": 0.4, "unknown": 0.0})
        + rows["age_band"].map({"<=30": 0.3, "31-45": 0.0, ">45": -0.5, "unknown": 0.1})
        + rng.normal(0, 0.4, 45)[rows["cluster"].str[1:].astype(int)]
        + rng.normal(0, 0.4, 12)[rows["school"].str[1:].astype(int)]
    )
    graduated = pd.array(rng.random(size) < 1 / (1 + np.exp(-index)), dtype="boolean")
    graduated[rng.random(size) < 0.1] = pd.NA
    rows["graduated"] = graduated
    return rows


@pytest.fixture(scope="session")
def persons() -> pd.DataFrame:
    return draw_persons()


@pytest.fixture(scope="session")
def study_document() -> dict[str, Any]:
    """Give a study file's content: education is an adjuster that defines a category."""

    def text(*values: str) -> dict[str, Any]:
        return {"values": list(values)}

    def words(name: str) -> dict[str, str]:
        return {"en": name, "fr": name}

    columns = {
        "id": {"type": "integer"},
        "result": text("pass", "fail"),
        "status": text("seeking", "working", "unknown"),
        "disabled": text("yes", "no", "unknown"),
        "education": text(*LEVELS["education"][:-1]),
        "gender": text(*LEVELS["gender"][:-1]),
        "age": {"type": "integer"},
        "funding": text(*LEVELS["funding"][:-1]),
        "school": {},
        "year": text("2021", "2022"),
    }
    return {
        "name": "small",
        "title": words("A small study"),
        "unit": words("students"),
        "population": words("students of the tests"),
        "provenance": dict.fromkeys(("source", "citation", "licence", "obtain"), "drawn"),
        "tables": {"people": {"columns": columns, "key": ["id"]}},
        "rows": "people",
        "person": "id",
        "cluster": ["school"],
        "cohort": {"from": "year", "groups": {"2021": ["2021"], "2022": ["2022"]}},
        "outcomes": {
            "graduated": {
                "label": words("graduation"),
                "denominator": words("students"),
                "from": "result",
                "success": ["pass"],
                "failure": ["fail"],
            }
        },
        "categories": {
            "job_seeker": {"from": "status", "in": ["seeking"], "out": ["working"]},
            "low_qualification": {"from": "education", "in": ["none", "bac"], "out": ["degree"]},
            "disability": {"from": "disabled", "in": ["yes"], "out": ["no"]},
        },
        "adjusters": {
            "gender": {"label": words("gender"), "from": "gender"},
            "age_band": {"label": words("age band"), "from": "age", "cuts": [30, 45]},
            "education": {"label": words("education"), "from": "education", "default": False},
        },
        "mediators": {"funding": {"label": words("funding"), "from": "funding"}},
    }


@pytest.fixture(scope="session")
def study(study_document: dict[str, Any]) -> Study:
    return Study.model_validate(study_document)


@pytest.fixture(scope="session")
def count() -> Callable[..., pd.DataFrame]:
    """Give the function that counts persons' rows by pattern, with pandas alone."""

    def count_rows(rows: pd.DataFrame, by: list[str], outcome: str = "y") -> pd.DataFrame:
        grouped = rows.groupby(by, observed=True, as_index=False, dropna=False)
        return grouped[outcome].agg(n="size", successes="sum")

    return count_rows


def _row_design(rows: pd.DataFrame) -> pd.DataFrame:
    columns = {"intercept": pd.Series(1.0, index=rows.index)}
    for name in ADJUSTERS:
        for level in LEVELS[name][1:]:
            columns[f"{name}[{level}]"] = (rows[name] == level).astype(float)
    columns["member"] = rows["job_seeker"].astype(float)
    return pd.DataFrame(columns)


@pytest.fixture(scope="session")
def both(persons: pd.DataFrame) -> SimpleNamespace:
    """Job seekers against the others, as cells and as rows.

    `cells`: counted by the project. `y`, `design`, `rows`: of the same persons, by pandas.
    """
    counted = count_cells(
        ibis.memtable(persons),
        by=[*CATEGORIES, *ADJUSTERS, "school"],
        outcome="graduated",
        cluster="cluster",
        levels=LEVELS,
    )
    rows = persons[persons["job_seeker"].notna() & persons["graduated"].notna()]
    cells = compare(counted, CATEGORIES, Contrast.COMPLEMENT, "job_seeker").cells
    return SimpleNamespace(
        cells=cells.reset_index(drop=True),
        rows=rows.reset_index(drop=True),
        y=rows["graduated"].astype(float).to_numpy(),
        design=_row_design(rows).reset_index(drop=True),
        linear=fit_linear(cells, ["member"], ADJUSTERS),
        logit=fit_logit(cells, ["member"], ADJUSTERS),
    )


@pytest.fixture(scope="session")
def published() -> dict[str, Any]:
    """Values from R; see tests/reference/README.md."""
    path = Path(__file__).parents[1] / "reference" / "regressions.json"
    values: dict[str, Any] = json.loads(path.read_text())
    return values


def _order_of_terms(design: Design, terms: list[str]) -> list[int]:
    names = [
        "(Intercept)" if name == "intercept" else name.replace("[", "").rstrip("]")
        for name in design.names
    ]
    return [names.index(term) for term in terms]


@pytest.fixture(scope="session", params=["loanapp", "fair"])
def case(
    request: pytest.FixtureRequest, published: dict[str, Any], count: Callable[..., pd.DataFrame]
) -> SimpleNamespace:
    """Give a data set with values from R: its cells, fits, and the places of R's terms in them."""
    frame = {"loanapp": export_data.loanapp_frame, "fair": export_data.fair_frame}[request.param]()
    clusters = [name for name in frame if name.startswith("cluster_")]
    covariates = [name for name in frame if name not in ("y", "group", *clusters)]
    rows = frame.astype(dict.fromkeys(covariates, "category") | {"group": bool})
    cells = count(rows, [*covariates, "group", *clusters])
    fits = {
        "lpm": fit_linear(cells, ["group"], covariates),
        "logit": fit_logit(cells, ["group"], covariates),
    }
    values = published[request.param]
    return SimpleNamespace(
        name=request.param,
        cells=cells,
        values=values,
        order=_order_of_terms(fits["lpm"].design, values["terms"]),
        **fits,
    )


@pytest.fixture(scope="session")
def check_covariance() -> Callable[..., None]:
    """Give the function that compares covariances, relative to the two standard errors."""

    def check(ours: np.ndarray, theirs: Any, rtol: float = 1e-9) -> None:
        """Compare with a matrix, or with an entry of the R values (`group` is their term 1)."""
        entry = theirs if isinstance(theirs, dict) else {"full": theirs}
        errors = np.sqrt(np.abs(np.diag(ours)))
        scale = np.outer(errors, errors)
        places = {
            "full": np.s_[:, :],
            "group_row": np.s_[1],
            "diagonal": np.diag_indices_from(ours),
        }
        for part, values in entry.items():
            place = places[part]
            np.testing.assert_allclose(
                ours[place] / scale[place], np.asarray(values) / scale[place], rtol=0, atol=rtol
            )

    return check


@pytest.fixture(scope="session")
def of_group() -> Callable[..., Any]:
    """Give the function that takes one group's rows from a table of results."""

    def index_rows(results: pd.DataFrame, group: str = "job_seeker", link: str = "") -> Any:
        """Index the rows of one group's contrast with everyone else by estimand and term."""
        own = results[(results["group"] == group) & results["method"].str.startswith(link)]
        own = own[own["contrast"] == Contrast.COMPLEMENT]
        return own.set_index(["estimand", "term"])

    return index_rows


def draw_applications(size: int = 2500, seed: int = 4711) -> pd.DataFrame:
    """Draw applications: two of each person, who fares alike in both."""
    rng = np.random.default_rng(seed)
    persons = np.concatenate([np.arange(size), np.arange(size)])
    rows = pd.DataFrame({"person": persons.astype(str)})
    luck = rng.normal(0, 2.5, size)[persons]
    rows["job_seeker"] = (rng.random(size) < 0.5)[persons]
    rows["disability"] = (rng.random(size) < 0.2)[persons]
    rows["gender"] = rng.choice(["woman", "man", "unknown"], size, p=[0.4, 0.5, 0.1])[persons]
    rows["age_band"] = rng.choice(["<=25", "26-30", "31-40"], size)[persons]
    rows["cluster"] = [f"c{number:02d}" for number in rng.integers(0, 50, len(rows))]
    rows["cohort"] = rng.choice(["2021", "2022"], len(rows), p=[0.3, 0.7])
    index = luck - 0.5 * rows["job_seeker"] + 0.3 * (rows["gender"] == "man")

    def succeed(base: float) -> pd.Series:
        return pd.Series(rng.random(len(rows)) < 1 / (1 + np.exp(-base - index)), dtype="boolean")

    rows["admitted"] = succeed(0.8)
    rows["started"] = succeed(0.6).mask(~rows["admitted"])
    rows["graduated"] = succeed(0.4).mask(~rows["started"].fillna(False))
    rows["answered_6"] = succeed(0.2).mask(~rows["graduated"].fillna(False))
    rows["placed_6"] = succeed(0.0).mask(~rows["answered_6"].fillna(False))
    for name in ("graduated", "answered_6", "placed_6"):
        rows[f"cohort_{name}"] = np.where(rng.random(len(rows)) < 0.6, "2022", "2023")
    rows["cohort_placed_6"] = rows["cohort_answered_6"]
    nobody = ["low_qualification", "refugee", "underserved_area"]
    rows[nobody] = False
    return rows.astype(dict.fromkeys(["job_seeker", "disability", *nobody], "boolean"))


@pytest.fixture(scope="session")
def applications() -> pd.DataFrame:
    return draw_applications()


@pytest.fixture
def ask_journeys(provider_study: Study, tmp_path: Path) -> Callable[..., pd.DataFrame]:
    """Give the function that splits the gap in placements per application, from rows."""

    def ask(
        rows: pd.DataFrame, clusters: bool = False, study: Study = provider_study, **asked: Any
    ) -> pd.DataFrame:
        path = tmp_path / "rows.parquet"
        rows.to_parquet(path)
        used = study.model_copy(update={"cluster": ("path",) if clusters else ()})
        options = {"contrasts": (Contrast.COMPLEMENT,)} | asked.pop("options", {})
        asked = {"cohort": "2022", "covariates": ADJUSTERS, "draws": 199} | asked
        return journey_gaps(used, path, options=GapOptions(**options), **asked)

    return ask


@pytest.fixture(scope="session")
def by_orders() -> Callable[..., np.ndarray]:
    """Give the function of the Shapley values of a difference of two products, by all orders."""

    def split(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        orders = list(permutations(range(len(first))))
        parts = np.zeros(len(first))
        for order in orders:
            now = second.copy()
            for step in order:
                before = now.prod()
                now[step] = first[step]
                parts[step] += (now.prod() - before) / len(orders)
        return parts

    return split
