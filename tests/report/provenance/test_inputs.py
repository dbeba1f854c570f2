"""What the crate says that a report was made of."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rocrate.rocrate import ROCrate

from analysis.report.contents import Contents
from analysis.report.provenance.facts import Facts
from analysis.report.provenance.inputs import Inputs


def test_the_chief_processed_file_is_that_of_the_rows(
    gather: Callable[[Path], tuple[Contents, Facts]], built: Path
) -> None:
    """Whatever tables beside it come before it by their names."""
    _, facts = gather(built)
    hashes = {"activity.parquet": "1" * 64, "finance.parquet": "2" * 64, "rows.parquet": "3" * 64}
    inputs = Inputs.add(ROCrate(), replace(facts, inputs={**facts.inputs, "processed": hashes}))
    assert inputs.processed["mainEntity"].id == f"#sha256-{'3' * 64}"
    assert [part.id for part in inputs.processed["hasPart"]] == [
        f"#sha256-{digest}" for digest in hashes.values()
    ]
