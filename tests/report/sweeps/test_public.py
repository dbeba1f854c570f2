"""A public sweep: its runs are checked together, and with what readers have already."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.errors import InputError
from analysis.files import data_folder
from analysis.ingest import open_processed
from analysis.report.contents import Contents
from analysis.report.pack import packs_beside
from analysis.report.provenance.facts import gather_facts
from analysis.studies import Study
from analysis.vocabulary import Audience, Estimand

GRID = """\
name: public-sweep
product:
  study: [{study}]
  errors: [hc1, hc2]
  contrasts: [[any, complement]]
"""


@pytest.fixture(scope="module")
def own(make_sweeps: Any, few_carers: Path) -> Any:
    """A repository with data of which a group is too small to be shown."""
    return make_sweeps(few_carers)


@pytest.fixture(scope="module")
def public_sweep(own: Any, in_process: Any) -> Any:
    return own(in_process(), GRID, audience="public")


def test_small_groups_are_hidden_in_every_table(public_sweep: Any) -> None:
    tables = public_sweep.folder / "tables"
    estimates = pd.read_parquet(tables / "sweep.parquet")
    questions = pd.read_parquet(tables / "sweep-questions.parquet")
    assert estimates["note"].str.contains("hidden=small").any()
    assert (estimates["n_group"].dropna() % 5 == 0).all()
    hidden = questions[questions["hidden"] > 0]
    assert len(hidden) > 0
    assert hidden["estimated"].eq(0).all()
    gaps = questions[questions["estimand"] == Estimand.DIFFERENCE].dropna(subset="median")
    assert (100 * gaps["median"]).round(6).mod(1).eq(0).all()  # whole points


def test_each_run_stands_beside_a_later_report(
    public_sweep: Any, own: Any, toy_study: Study
) -> None:
    first = public_sweep.swept[0]
    data = open_processed(toy_study, data_folder(own.root))
    contents = Contents(own.root / "outputs" / "report", toy_study, None, Audience.PUBLIC, ())
    parameters = {first.run.notebook: first.run.parameters}
    facts = gather_facts(own.root, contents, parameters, data)
    beside = packs_beside(contents, facts, own.root / "outputs", "report")
    assert [pack.folder.relative_to(own.root).as_posix() for pack in beside] == [
        "outputs/public-sweep/runs/001",
        "outputs/public-sweep/runs/002",
    ]
    assert [table.id for pack in beside for table in pack.tables] == ["placement-gaps"] * 2
    assert packs_beside(contents, facts, own.root / "outputs", "public-sweep") == []


def test_the_words_of_an_error_are_for_the_analyst_alone(own: Any, in_process: Any) -> None:
    text = GRID.replace("public-sweep", "failing").replace("[hc1, hc2]", "[hc3]")
    report = own(in_process(), f"{text}  confidence: [0.95, {{broken}}]\n", audience="public")
    assert report.published
    assert "run 2: failed: ValueError: planted" in list(report.lines())
    runs = pd.read_parquet(report.folder / "tables" / "sweep-runs.parquet")
    assert list(runs["error"]) == ["", "ValueError"]
    texts = [path for path in report.folder.rglob("*") if path.suffix in {".csv", ".html"}]
    assert not [path for path in texts if "planted" in path.read_text("utf-8")]


def test_what_one_run_hides_and_another_tells_is_refused(
    public_sweep: Any, own: Any, in_process: Any
) -> None:
    class Leaking(in_process):  # type: ignore[misc]
        """One of whose runs tells a count that the others hide."""

        def released(self, session: Any) -> pd.DataFrame:
            table: pd.DataFrame = super().released(session)
            if session.parameters.errors != "hc2":
                return table
            small = (table["estimand"] == Estimand.RATE) & (table["note"] == "hidden=small")
            leak = table[small].head(1).assign(n_group=15, k_group=10, estimate=0.6, note="")
            assert len(leak) == 1
            return pd.concat([table, leak], ignore_index=True)

    before = json.loads((public_sweep.folder / "manifest.json").read_text("utf-8"))
    leaking = GRID.replace("public-sweep", "leaking").replace("any, complement", "any, marginal")
    with pytest.raises(InputError, match="Hidden counts can be worked out"):
        own(Leaking(), leaking, audience="public")
    assert not (own.root / "outputs" / "leaking").exists()
    assert json.loads((public_sweep.folder / "manifest.json").read_text("utf-8")) == before
