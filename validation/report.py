"""docs/validation.md from what was seen: coverage and bias, each with its Monte Carlo error."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from validation.coverage import Tally
from validation.scenarios import (
    ALLOWED_ERRORS,
    COVERAGE,
    LARGE,
    LOOSE,
    SMALL,
    STRICT,
    Bar,
    Scenario,
    reason,
)

MISSES = "**✗**"
Seen = Sequence[tuple[Scenario, Mapping[str, Tally]]]

INTRODUCTION = """\
# Validation

Made by `make validate`; not edited by hand.

Persons are drawn from populations whose gaps are known, made of the generated cohort
(`validation/population.py`), and it is counted how often each interval that the project reports
holds the truth. The truth of an estimand is what its estimator finds in the population itself,
unless the table says otherwise. Intervals are of 95%, errors those that the project takes by
default. ± is one Monte Carlo error.

A column tells the persons of the group against those of the reference.

- Bars of coverage: {low} to {high} where both sides have {large} persons or more, at least
  {loose} where the smaller one has {small} or more, none below. Each is allowed {errors} Monte
  Carlo errors. {misses} marks what misses its bar.
- “rare” marks intervals that fewer than 95% of the samples gave; the others say why they have none.
  Their coverage is that of the samples that gave one.
- Bias is in points of the estimand's own scale, times 100: percentage points for rates and gaps.

{verdict}
"""
RARE = 0.95


def write_report(seen: Seen, seconds: float) -> str:
    """The text of docs/validation.md.

    Parameters
    ----------
    seen
        Each scenario with what was seen of its intervals, tables together.
    seconds
        How long it took.
    """
    parts = [
        INTRODUCTION.format(
            low=_percent(STRICT.low),
            high=_percent(STRICT.high),
            loose=_percent(LOOSE.low),
            large=LARGE,
            small=SMALL,
            errors=ALLOWED_ERRORS,
            misses=MISSES,
            verdict=_verdict(seen),
        )
    ]
    for heading, group in groupby(seen, key=lambda pair: pair[0].table):
        own = list(group)
        counts = sorted({scenario.replications for scenario, _ in own})
        parts.append(f"## {heading}\n")
        parts.append(f"Samples of each design: {', '.join(f'{n:,}' for n in counts)}.\n")
        counted = own[0][0].counted
        parts.append(f"{counted}, %:\n\n" + "\n".join(_table(own, _coverage)) + "\n")
        if counted == COVERAGE:
            parts.append("Bias × 100:\n\n" + "\n".join(_table(own, _bias)) + "\n")
    parts.append(f"Drawn and estimated in {seconds / 60:.0f} minutes.\n")
    return "\n".join(parts)


def misses(seen: Seen) -> Iterator[tuple[Scenario, str, Tally]]:
    """Intervals that miss their bar."""
    for scenario, tallies in seen:
        for name, one in tallies.items():
            if not _holds(scenario.bars.get(name), one):
                yield scenario, name, one


def _holds(bar: Bar | None, one: Tally) -> bool:
    return bar is None or not one.intervals or bar.holds(one.coverage, one.coverage_error)


def _verdict(seen: Seen) -> str:
    barred = sum(
        1
        for scenario, tallies in seen
        for name, one in tallies.items()
        if scenario.bars.get(name) and one.intervals
    )
    missed = list(misses(seen))
    if not missed:
        return f"All {barred} coverages with a bar hold it."
    parts = [f"{barred - len(missed)} of {barred} coverages with a bar hold it. These miss:"]
    for why, group in groupby(sorted(missed, key=_why), key=_why):
        listed = (
            f"- {scenario.table}, {scenario.column}: {name}, {_coverage(scenario, name, one)}"
            for scenario, name, one in group
        )
        parts += [why, "\n".join(listed)]
    return "\n\n".join(parts)


def _why(missed: tuple[Scenario, str, Tally]) -> str:
    return reason(*missed[:2])


def _table(own: Seen, write: Callable[[Scenario, str, Tally], str]) -> Iterator[str]:
    names = list(dict.fromkeys(name for _, tallies in own for name in tallies))
    yield "| interval | " + " | ".join(scenario.column for scenario, _ in own) + " |"
    yield "|---" * (len(own) + 1) + "|"
    for name in names:
        cells = (
            write(scenario, name, tallies[name]) if name in tallies else ""
            for scenario, tallies in own
        )
        yield f"| {name} | " + " | ".join(cells) + " |"


def _coverage(scenario: Scenario, name: str, one: Tally) -> str:
    if not one.intervals:
        return "none"
    told = f"{_percent(one.coverage)} ± {100 * one.coverage_error:.1f}"
    if one.intervals < RARE * one.samples:
        told += f" (rare: {100 * one.intervals / one.samples:.0f}%)"
    return told if _holds(scenario.bars.get(name), one) else f"{told} {MISSES}"


def _bias(_: Scenario, name: str, one: Tally) -> str:
    if math.isnan(one.bias):
        return "none"
    return f"{100 * one.bias:+.2f} ± {100 * one.bias_error:.2f}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
