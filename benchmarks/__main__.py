"""`make bench`: measure growth with persons and runs of notebooks, and print tables of both."""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from benchmarks.contract import measure_contract
from benchmarks.growth import cells_line, growth_table, measure_growth
from benchmarks.measure import ROOT
from benchmarks.notebooks import GRID, measure_reports, measure_sweep
from benchmarks.rows import measure_rows

SIZES = (4, 5, 6, 7, 8)
RUNS = 12
LIBRARIES = ("duckdb", "ibis-framework", "numpy", "pandas", "pyarrow", "scipy", "papermill")


def machine() -> str:
    """What it was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    return (
        f"{os.cpu_count()} processors, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, {versions}."
    )


def growth(asked: argparse.Namespace, work: Path) -> str:
    """Growth of each task with persons."""
    sizes = [10**power for power in asked.sizes]
    grown = measure_growth(sizes, work, repeats=asked.repeats)
    told = "Seconds (of processor time), and peak of memory."
    return f"{told}\n\n{growth_table(grown, sizes)}\n\n{cells_line(grown)}"


def rows(_: argparse.Namespace, work: Path) -> str:
    """Cells beside rows."""
    return measure_rows(work)


def contract(asked: argparse.Namespace, work: Path) -> str:
    """The provider's contract."""
    return measure_contract(work, asked.scales)


def reports(_: argparse.Namespace, work: Path) -> str:
    """Reports, as ratios."""
    return measure_reports(work / "reports").table()


def sweep(asked: argparse.Namespace, work: Path) -> str:
    """A sweep beside a plain loop, as a ratio."""
    return measure_sweep(work / "sweep", asked.grid, asked.runs).table()


PARTS: dict[str, Callable[[argparse.Namespace, Path], str]] = {
    "growth": growth,
    "rows": rows,
    "contract": contract,
    "reports": reports,
    "sweep": sweep,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all if left out")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=SIZES, help="persons, as powers of ten"
    )
    parser.add_argument(
        "--repeats", type=int, default=1, help="runs of each task on persons, to keep the least"
    )
    parser.add_argument(
        "--scales", type=int, nargs="+", default=(1, 5, 50), help="contract: times 200,000 persons"
    )
    parser.add_argument("--grid", type=Path, default=ROOT / GRID, help="grid of the sweep")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of the grid")
    parser.add_argument(
        "--work",
        type=Path,
        help="folder to work in, kept: what was drawn and measured of growth stands there",
    )
    asked = parser.parse_args(arguments)
    if strange := [name for name in asked.parts if name not in PARTS]:
        parser.error(f"no part {', '.join(strange)}; there are: {', '.join(PARTS)}")
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        work = asked.work or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        for name in asked.parts or PARTS:
            print(f"{name} …", file=sys.stderr, flush=True)
            print(f"\n## {name}\n\n{PARTS[name](asked, work)}", flush=True)


if __name__ == "__main__":
    main()
