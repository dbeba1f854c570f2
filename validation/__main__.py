"""`make validate`: run the simulation study and write docs/validation.md."""

import argparse
import time
from functools import partial
from pathlib import Path

from analysis.files import project_root, write_text
from validation.report import misses, write_report
from validation.simulate import simulate
from validation.study import ANALYTIC, BOOTSTRAPPED, scenarios


def main() -> None:
    """Read the command line, simulate, write."""
    parser = argparse.ArgumentParser(prog="python -m validation", description=__doc__)
    parser.add_argument("--analytic", type=int, default=ANALYTIC, help="samples a design")
    parser.add_argument("--bootstrapped", type=int, default=BOOTSTRAPPED, help="samples a design")
    parser.add_argument(
        "--output", type=Path, default=project_root() / "docs" / "validation.md", help="to write"
    )
    asked = parser.parse_args()
    begun = time.monotonic()
    make = partial(scenarios, asked.analytic, asked.bootstrapped)
    all_of_them = make()
    seen = list(zip(all_of_them, simulate(all_of_them, make), strict=True))
    write_text(asked.output, write_report(seen, time.monotonic() - begun))
    missed = list(misses(seen))
    print(f"{asked.output}: {len(missed)} intervals miss their bar")
    for scenario, name, one in missed:
        print(f"  {scenario.table}, {scenario.column}: {name}: {100 * one.coverage:.1f}%")


if __name__ == "__main__":
    main()
