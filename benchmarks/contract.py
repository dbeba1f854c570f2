"""Time and memory of the provider's contract: its generated cohort, and what is derived from it.

python -m benchmarks.contract TASK FOLDER SCALE
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import ROOT, NotMeasuredError, Stopwatch, answer, measure
from benchmarks.persons import EXTRACT

PERSONS = 200_000
"""Persons of a cohort of scale 1."""
SCALES = (1, 5, 50)
TASKS = {"generate": "generated", "derive": "derived"}


def run(task: str, folder: Path, scale: int, watch: Stopwatch) -> None:
    """Generate an extract, or check one and derive the processed table."""
    from analysis.ingest import process_extract
    from analysis.ingest.synthetic.generate import generate_extract
    from analysis.studies import load_study

    study = load_study("openclassrooms")
    with watch.running():
        if task == "generate":
            generate_extract(ROOT, folder / EXTRACT, scale=scale)
        else:
            process_extract(study, folder / EXTRACT, folder / "processed")


def measure_contract(work: Path, scales: Sequence[int] = SCALES) -> str:
    """Measure both at several scales; gives a Markdown table."""
    lines = ["| persons | extract generated | processed table derived |", "| ---: | ---: | ---: |"]
    for scale in scales:
        told = []
        for task in TASKS:
            try:
                found = measure("benchmarks.contract", [task, str(work / str(scale)), str(scale)])
                told.append(f"{found.seconds:.1f} s, {found.mebibytes:,.0f} MiB")
            except NotMeasuredError as error:
                told.append(str(error))
        lines.append(f"| {PERSONS * scale:,} | {' | '.join(told)} |")
    return "\n".join(lines)


def main() -> None:
    """Run one task, and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.contract", description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("scale", type=int)
    asked = parser.parse_args()
    watch = Stopwatch()
    run(asked.task, asked.folder, asked.scale, watch)
    answer(watch, {})


if __name__ == "__main__":
    main()
