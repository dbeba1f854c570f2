"""The change of a gap between two cohorts, and its two parts: against R, and told apart."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import export_data
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.estimate.change_split import split_change
from analysis.estimate.fits import fit_logit
from analysis.estimate.options import GapOptions
from analysis.estimate.results import read_note
from analysis.estimate.trends import gap_trends
from analysis.studies import Study
from analysis.vocabulary import Contrast, Estimand

PARTS = [Estimand.CHANGE_COMPOSITION, Estimand.CHANGE_RATES]
REFERENCE = Path(__file__).parents[1] / "reference" / "journey.json"


# ---- Against R ----------------------------------------------------------------------------------

FRAMES: dict[str, tuple[Callable[[], pd.DataFrame], Callable[[pd.DataFrame], Any], list[str]]] = {
    "loanapp": (
        export_data.loanapp_frame,
        lambda rows: rows["married"] == 1,
        ["male", "dep", "sch", "chist", "pubrec"],
    ),
    "fair": (
        export_data.fair_frame,
        lambda rows: rows["religious"] >= 3,
        ["rate_marriage", "age", "educ"],
    ),
}


def ask_frame(name: str, study: Study, cluster: str | None, errors: str = "auto") -> Any:
    """Trends of a public data set, its cohorts told by one of its columns."""
    make, later, covariates = FRAMES[name]
    rows = make()
    cells = rows.assign(
        job_seeker=rows["group"].astype(bool).astype("boolean"),
        **{covariate: rows[covariate].astype("category") for covariate in covariates},
        **({"cluster": rows[f"cluster_{cluster}"].astype(str)} if cluster else {}),
    )
    keys = ["job_seeker", *covariates, *(["cluster"] if cluster else [])]
    halves = {
        cohort: own.groupby(keys, observed=True, as_index=False)["y"].agg(n="size", successes="sum")
        for cohort, own in (("early", cells[~later(rows)]), ("late", cells[later(rows)]))
    }
    held = study.model_copy(
        update={
            "categories": {"job_seeker": study.categories["job_seeker"]},
            "adjusters": dict.fromkeys(covariates, study.adjusters["gender"]),
            "mediators": {},
        }
    )
    options = GapOptions(contrasts=(Contrast.COMPLEMENT,), errors=errors)  # type: ignore[arg-type]
    return gap_trends(held, "y", halves, covariates, options)


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    values: dict[str, Any] = json.loads(REFERENCE.read_text())
    return values


@pytest.mark.parametrize("name", FRAMES)
def test_changes_are_those_of_r(
    name: str, study: Study, reference: dict[str, Any], of_group: Callable[..., Any]
) -> None:
    """Of the adjusted gap, R fits one logit in which everything may differ by cohort."""
    expected, found = reference[name], ask_frame(name, study, None, errors="hc1")
    for link, kind in (("linear", "raw"), ("logit", "adjusted")):
        row = of_group(found, link=link).loc[(Estimand.CHANGE, "early>late")]
        assert row["method"] == f"{link}_hc1"
        assert row["estimate"] == pytest.approx(expected[kind]["estimate"], rel=1e-7)
        assert row["std_error"] == pytest.approx(expected[kind]["hc1"], rel=1e-7)


@pytest.mark.parametrize(
    ("name", "cluster", "raw", "adjusted"),
    [
        ("loanapp", "unem", "cr2", "cluster"),
        ("fair", "occupations", "cr2", "cluster"),
        ("fair", "cell", "cluster", "cluster"),
    ],
)
def test_clustered_changes_are_those_of_r(
    name: str,
    cluster: str,
    raw: str,
    adjusted: str,
    study: Study,
    reference: dict[str, Any],
    of_group: Callable[..., Any],
) -> None:
    expected, found = reference[name], ask_frame(name, study, cluster)
    for link, kind, errors in (("linear", "raw", raw), ("logit", "adjusted", adjusted)):
        row = of_group(found, link=link).loc[(Estimand.CHANGE, "early>late")]
        assert row["method"] == f"{link}_{errors}"
        value = expected[kind][errors][cluster]
        error = value["se"] if errors == "cr2" else value
        assert row["std_error"] == pytest.approx(error, rel=1e-7)
        if errors == "cr2":
            freedom = float(read_note(row["note"])["df"])
            assert freedom == pytest.approx(value["df"], abs=0.05)


@pytest.mark.parametrize(
    ("name", "cluster"),
    [
        ("loanapp", None),
        ("loanapp", "unem"),
        ("fair", None),
        ("fair", "occupations"),
        ("fair", "cell"),
    ],
)
def test_parts_of_a_change_are_those_of_r(
    name: str,
    cluster: str | None,
    study: Study,
    reference: dict[str, Any],
    of_group: Callable[..., Any],
) -> None:
    found = of_group(ask_frame(name, study, cluster), link="kitagawa")
    for estimand, part in zip(PARTS, ("composition", "rates"), strict=True):
        row, expected = found.loc[(estimand, "early>late")], reference[name]["split"][part]
        error = expected["cluster"][cluster] if cluster else expected["hc0"]
        assert row["estimate"] == pytest.approx(expected["estimate"], rel=1e-7)
        assert row["std_error"] == pytest.approx(error, rel=1e-6)
        assert row["method"] == ("kitagawa_cluster" if cluster else "kitagawa_hc0")


# ---- The two parts ------------------------------------------------------------------------------


def test_a_change_of_persons_is_told_from_a_change_of_rates(
    study: Study, of_group: Callable[..., Any]
) -> None:
    """Rates by age stay as they are, and the young leave the group: all is composition."""
    ages, rates = ["<=30", ">45"], {"<=30": 0.8, ">45": 0.4}
    counts = {("early", True): (600, 200), ("late", True): (200, 600)}
    counts |= {("early", False): (400, 400), ("late", False): (400, 400)}

    def cells(cohort: str, rate: Callable[[str], float]) -> pd.DataFrame:
        lines = [
            {"job_seeker": member, "age_band": age, "n": n, "successes": round(n * rate(age))}
            for (when, member), numbers in counts.items()
            if when == cohort
            for age, n in zip(ages, numbers, strict=True)
        ]
        frame = pd.DataFrame(lines).astype({"job_seeker": "boolean", "age_band": "category"})
        return frame.assign(low_qualification=False, disability=False).astype(
            {"low_qualification": "boolean", "disability": "boolean"}
        )

    same = {name: cells(name, rates.__getitem__) for name in ("early", "late")}
    found = of_group(gap_trends(study, "graduated", same, ["age_band"]), link="kitagawa")
    assert found.loc[(PARTS[0], "early>late"), "estimate"] == pytest.approx(-0.2, abs=1e-9)
    assert found.loc[(PARTS[1], "early>late"), "estimate"] == pytest.approx(0, abs=1e-9)


COUNTS = st.lists(st.integers(3, 60), min_size=12, max_size=12)


@given(n=COUNTS, share=st.lists(st.floats(0.15, 0.85), min_size=12, max_size=12))
@settings(max_examples=25, deadline=None)
def test_parts_add_up_and_nothing_else_matters(n: list[int], share: list[float]) -> None:
    patterns = pd.MultiIndex.from_product([[False, True], [False, True], ["a", "b", "c"]])
    cells = patterns.to_frame(index=False, name=["member", "later", "level"])
    cells["n"] = n
    cells["successes"] = np.clip(np.rint(cells["n"] * share), 1, cells["n"] - 1).astype(int)
    cells["member × later"] = cells["member"] & cells["later"]
    focus = ["member", "later", "member × later"]

    def parts(table: pd.DataFrame) -> list[float]:
        fit = fit_logit(table, focus, ["level"])
        return [effect.value for effect in split_change(fit)]

    found = parts(cells)
    sums = cells.groupby(["member", "later"])[["successes", "n"]].sum()
    rate = (sums["successes"] / sums["n"]).unstack()
    change = rate.loc[True, True] - rate.loc[True, False]
    change -= rate.loc[False, True] - rate.loc[False, False]
    assert sum(found) == pytest.approx(change, abs=1e-9)
    renamed = cells.replace({"level": {"a": "c", "c": "a"}})
    split = pd.concat(
        [cells.assign(n=1, successes=1), cells.assign(n=n, successes=cells["successes"] - 1)]
    )
    split["n"] = [*[1] * 12, *(np.array(n) - 1)]
    for other in (renamed, cells.sample(frac=1, random_state=1), split):
        np.testing.assert_allclose(parts(other), found, atol=1e-8)
    # The two cohorts exchanged, or the two sides: the same with the other sign.
    for side in ("member", "later"):
        turned = cells.assign(**{side: ~cells[side]})
        turned["member × later"] = turned["member"] & turned["later"]
        np.testing.assert_allclose(parts(turned), [-value for value in found], atol=1e-8)
