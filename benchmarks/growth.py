"""How seconds and memory grow with persons, of each task from the extract to the estimates."""

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measure import LIMIT, Measured, NotMeasuredError, measure
from benchmarks.persons import EXTRACT, TABLE

LABELS = {
    "derive": "derivation: extract → processed table",
    "count": "cells: processed table → counts",
    "adjust": "adjusted gaps: processed table → five joint gaps",
    "description": "description: funnel, composition, overlap",
    "rates": "rates of all groups",
    "gaps": "gaps, raw and adjusted, one contrast",
    "all_gaps": "gaps, raw and adjusted, all contrasts",
    "steps": "what each covariate changes, five categories",
    "decompositions": "Kitagawa and Oaxaca-Blinder decompositions",
    "nonlinear": "Fairlie and Yun decompositions, 200 draws",
    "journey": "journey by step, 200 draws",
    "trends": "trends between two years",
    "response": "non-response: bounds and weights",
    "small_groups": "Firth’s logit, power and equivalence",
    "intersections": "intersections, shrunk",
    "sensitivity": "sensitivity to what was not measured",
    "specifications": "specification curve, 200 draws",
    "times": "time to placement: curves, hazards",
    "bootstrap": "bootstrap of the adjusted gap, 200 draws",
}
"""Tasks in the order in which data flow, with what a reader is told of them."""
UNTOLD = ("draw", "count_others")
"""Tasks that make what others read."""
BEYOND_OVERHEAD = 2.0


@dataclass(frozen=True)
class Growth:
    """One task at several sizes.

    Attributes
    ----------
    task
        Its name.
    runs
        What it took, by persons.
    reasons
        Why it was not measured, by persons.
    """

    task: str
    runs: Mapping[int, Measured]
    reasons: Mapping[int, str]

    def exponent(self, value: Callable[[Measured], float]) -> float | None:
        """How a measure grows with persons; see `growth_exponent`."""
        return growth_exponent({persons: value(run) for persons, run in self.runs.items()})


def growth_exponent(values: Mapping[int, float]) -> float | None:
    """The power of persons that a value grows with, beyond what it is without any.

    The value at the fewest persons is taken for overhead. What comes on top of it, at the sizes
    where the value is at least twice the overhead, is set against persons: the exponent is the
    slope of the logarithm of the one on the logarithm of the other (least squares).

    Returns
    -------
    float or None
        1 is growth in proportion; None where fewer than two sizes are beyond overhead.
    """
    if not values:
        return None
    overhead = values[min(values)]
    grown = {n: value for n, value in values.items() if value >= BEYOND_OVERHEAD * overhead}
    points = [(math.log(n), math.log(value - overhead)) for n, value in grown.items()]
    if len(points) < 2:
        return None
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope: float = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    return slope


def measure_growth(
    sizes: Sequence[int], work: Path, *, repeats: int = 1, limit: float = LIMIT
) -> list[Growth]:
    """Measure every task at every size, one after the other.

    Parameters
    ----------
    sizes
        Numbers of persons.
    work
        Folder to work in. What an earlier run drew and measured there stands.
    repeats
        How often each task is run, to keep the least.
    limit
        Seconds that a task may take. One that takes longer is not tried at larger sizes.
    """
    runs: dict[str, dict[int, Measured]] = {task: {} for task in LABELS}
    reasons: dict[str, dict[int, str]] = {task: {} for task in LABELS}
    for persons in sorted(sizes):
        for task in _tasks(work / str(persons)):
            if task in LABELS and reasons[task]:
                reasons[task][persons] = "not tried"
                continue
            try:
                run = _measured(task, work / str(persons), persons, repeats, limit)
            except NotMeasuredError as error:
                if task in UNTOLD:
                    raise
                reasons[task][persons] = str(error)
                continue
            if task in LABELS:
                runs[task][persons] = run
    return [Growth(task, runs[task], reasons[task]) for task in LABELS]


def _measured(task: str, folder: Path, persons: int, repeats: int, limit: float) -> Measured:
    """What a task takes, measured now or, in a folder that is kept, before."""
    kept = folder / f"{task}.json"
    if kept.is_file():
        return Measured(**json.loads(kept.read_text(encoding="utf-8")))
    often = repeats if task in LABELS else 1
    given = [task, str(folder), str(persons)]
    run = measure("benchmarks.tasks", given, repeats=often, limit=limit)
    kept.write_text(json.dumps(asdict(run)), encoding="utf-8")
    print(f"  {persons:>11,} {task:15} {run.seconds:8.2f} s", file=sys.stderr, flush=True)
    return run


def _tasks(folder: Path) -> Iterator[str]:
    """Tasks in an order in which each finds what it reads."""
    first = ("derive", "count", "count_others", "adjust")
    if not (folder / EXTRACT / f"{TABLE}.parquet").is_file():
        yield "draw"
    yield from first
    yield from (task for task in LABELS if task not in first)


def growth_table(grown: Sequence[Growth], sizes: Sequence[int]) -> str:
    """The measures as a Markdown table: a line a task, a column a size, and the exponents."""
    powers = [f"10^{math.log10(n):g}" if n >= 10 else str(n) for n in sorted(sizes)]
    head = ["", *powers, "exponent of time", "of memory"]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for one in grown:
        cells = [_told(one, persons) for persons in sorted(sizes)]
        seconds = one.exponent(lambda run: run.processor)
        memory = one.exponent(lambda run: run.mebibytes)
        lines.append([LABELS[one.task], *cells, _power(seconds), _power(memory)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cells_line(grown: Sequence[Growth]) -> str:
    """How many cells the persons of each size fall into."""
    (counted,) = (one for one in grown if one.task == "count")
    told = (f"{run.told['cells']:,.0f} for {n:,} persons" for n, run in counted.runs.items())
    return f"Cells: {', '.join(told)}."


def _told(one: Growth, persons: int) -> str:
    if persons in one.reasons:
        return one.reasons[persons]
    run = one.runs[persons]
    return f"{run.seconds:.2f} s ({run.processor:.2f}), {run.mebibytes:,.0f} MiB"


def _power(exponent: float | None) -> str:
    return "–" if exponent is None else f"{exponent:.2f}"
