"""Time and memory of the generated cohort at ten million persons: `make bench`."""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def measure(scale: int) -> dict[str, float]:
    """Seconds and MiB to generate an extract, imports not counted."""
    from analysis.ingest.synthetic.generate import generate_extract

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        generate_extract(ROOT, Path(folder) / "extract", scale=scale)
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "mebibytes": peak}


def main() -> None:
    """Measure in a process of its own, so that the peak is that of the generator alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=50, help="times 200,000 persons")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.scale)))
        return
    command = [sys.executable, __file__, "--measure", "--scale", str(given.scale)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    print(
        f"{200_000 * given.scale:,} persons generated in {found['seconds']:.1f} s, "
        f"peak {found['mebibytes']:,.0f} MiB"
    )


if __name__ == "__main__":
    main()
