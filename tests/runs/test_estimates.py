"""What notebooks ask the estimators: descriptions and logs as an audience may see them."""

from types import SimpleNamespace
from typing import Any

import pandas as pd

from analysis.release.knowledge import combined
from analysis.release.results import Release, Withheld
from analysis.runs.estimates import Description, released_log
from analysis.vocabulary import Audience

LOG = {
    "sources": [{"file": "learners.csv", "rows": 1203, "sha256": "ab"}],
    "repairs": [],
    "steps": [
        {"outcome": "admitted", "year": "2022", "status": "kept", "rows": 998},
        {"outcome": "admitted", "year": None, "status": "not_started", "rows": 7},
    ],
    "as_of": "2023-07-31",
}


def session(audience: Audience) -> Any:
    return SimpleNamespace(data=SimpleNamespace(log=LOG), release=Release(audience))


def description(persons: dict[str, int]) -> Description:
    total = sum(persons.values())
    overlap = pd.DataFrame(
        {
            "combination": list(persons),
            "persons": list(persons.values()),
            "categories": [name.count("+") + 1 for name in persons],
            "n": total,
            "share": [n / total for n in persons.values()],
        }
    )
    stages = pd.DataFrame({"stage": ["applicants"], "persons": [total], "of": [""], "n": [total]})
    levels = {"variable": ["gender"], "level": ["woman"], "persons": [40], "n": [total]}
    composition = pd.DataFrame(levels).assign(share=0.1, ci_low=0.05, ci_high=0.2, unknown=0)
    return Description(stages.assign(rate=float("nan")), composition, overlap, None)


def test_the_log_counts_what_the_audience_may_see() -> None:
    log = released_log(session(Audience.PUBLIC))
    assert [source["rows"] for source in log["sources"]] == [1205]
    assert [step["rows"] for step in log["steps"]] == [1000, 5]
    assert log["steps"][1]["year"] is None
    assert (log["repairs"], log["as_of"]) == ([], "2023-07-31")


def test_the_log_stays_as_it_is_inside_the_provider() -> None:
    assert released_log(session(Audience.INTERNAL)) == LOG
    assert LOG["steps"][0]["rows"] == 998


def test_studies_without_steps_have_none_in_the_log() -> None:
    bare = SimpleNamespace(
        data=SimpleNamespace(log={"sources": LOG["sources"], "repairs": []}),
        release=Release(Audience.PUBLIC),
    )
    assert "steps" not in released_log(bare)


def test_the_place_of_a_hidden_combination_tells_nothing() -> None:
    persons = {"a": 400, "b": 300, "a + b": 298, "c": 24, "b + c": 12}
    withheld = frozenset({Withheld("2022", "started", combined("b"))})
    release = Release(Audience.PUBLIC, withheld, "2022", "started")
    shown = description(persons).released(release).overlap
    assert list(shown["combination"]) == ["a", "a + b", "b", "b + c", "c"]
    assert list(shown["persons"].isna()) == [False, False, True, True, True]


def test_descriptions_stay_as_they_are_inside_the_provider() -> None:
    whole = description({"a": 400, "b": 300, "c": 12})
    shown = whole.released(Release(Audience.INTERNAL))
    for name in ("funnel", "composition", "overlap"):
        before = getattr(whole, name)
        after = getattr(shown, name)
        pd.testing.assert_frame_equal(after[before.columns], before, check_dtype=False)
    assert shown.funding is None
