"""The arguments of the command line: which commands there are, and what each takes."""

import argparse
import math
from pathlib import Path
from typing import TypeAlias

from analysis import __version__

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def parser() -> argparse.ArgumentParser:
    """What the command line takes; the namespace that it gives names the `command`."""
    whole = argparse.ArgumentParser(
        prog="placement-gaps",
        description="Placement gaps between underserved and other learners, reproducibly.",
    )
    whole.add_argument("--version", action="version", version=__version__)
    commands = whole.add_subparsers(
        title="commands", dest="command", required=True, metavar="COMMAND"
    )

    _add_data(commands)
    _add_reports(commands)
    _add_packs(commands)
    _add_others(commands)
    return whole


def _add_data(commands: Commands) -> None:
    """Commands on extracts."""
    data = commands.add_parser("data", help="check an extract and derive its processed table")
    _add_study(data)
    data.add_argument(
        "--extract", help="folder or address of the extract; a generated cohort if left out"
    )

    generate = commands.add_parser("generate", help="generate a SYNTHETIC extract in the contract")
    generate.add_argument("--to", type=Path, required=True, help="folder to write")
    generate.add_argument("--scale", type=_whole, default=1, help="times 200,000 persons")
    generate.add_argument("--seed", type=_whole, help="of the draws")
    generate.add_argument("--threads", type=_whole, help="of the engine; they change no byte")

    check = commands.add_parser("check", help="check an extract against the provider's contract")
    check.add_argument("--extract", required=True, help="folder or address of the extract")

    commands.add_parser("contract", help="print the contract of the extract")


def _add_reports(commands: Commands) -> None:
    """Commands that execute notebooks."""
    report = commands.add_parser("report", help="execute the notebooks and publish their results")
    _add_study(report)
    report.add_argument("--cohort", help="restrict to one of the study's cohorts")
    report.add_argument("--extract", help="folder or address of the extract")
    _add_audience(report)
    report.add_argument("--params", type=Path, help="YAML file with notebook parameters")
    report.add_argument("--notebook", action="append", help="only this one (may be repeated)")
    _add_execution(report)
    _add_delivery(report)

    sweep = commands.add_parser("sweep", help="execute a grid of parameters and compare its runs")
    sweep.add_argument("grid", type=Path, metavar="GRID.yaml", help="the grid: docs/sweeps.md")
    _add_audience(sweep)
    _add_execution(sweep)
    _add_delivery(sweep)

    why = commands.add_parser("why", help="tell what changed since the report was made")
    _add_study(why)
    why.add_argument("--cohort", help="restrict to one of the study's cohorts")
    _add_audience(why)
    why.add_argument("--params", type=Path, help="YAML file with notebook parameters")
    why.add_argument("--notebook", action="append", help="only this one (may be repeated)")


def _add_packs(commands: Commands) -> None:
    """Commands on packs that stand."""
    pack = commands.add_parser("pack", help="renew pages and documents of a finished report")
    _add_study(pack)
    pack.add_argument("--cohort", help="the cohort that the report is on")
    _add_audience(pack)
    _add_delivery(pack)

    trace = commands.add_parser("trace", help="tell what made a figure, table or other file")
    trace.add_argument("file", type=Path, help="the file, wherever it lies")
    trace.add_argument("--pack", type=Path, help="folder or zip that it is from; found if left out")

    verify = commands.add_parser("verify", help="name what was changed, added or lost in a pack")
    verify.add_argument("pack", type=Path, help="folder or zip of the pack")


def _add_others(commands: Commands) -> None:
    """Commands that need no data."""
    audit = commands.add_parser("audit", help="tell which published figures contradict each other")
    audit.add_argument(
        "figures",
        nargs="*",
        type=Path,
        metavar="FIGURES.csv",
        help="files of figures (docs/published-figures.md); those published for 2022 if left out",
    )
    audit.add_argument("--limit", type=_whole, help="conflicts to find at most; 50 if left out")

    commands.add_parser("studies", help="list the studies")

    parameters = commands.add_parser("parameters", help="list the parameters of a notebook")
    parameters.add_argument("notebook", nargs="?", default="03_placement_gaps")


def _add_study(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--study", help="name of a study, or path of a study file")


def _add_execution(parser: argparse.ArgumentParser) -> None:
    """Where and how notebooks are executed."""
    parser.add_argument("--jobs", type=_whole, help="notebooks at the same time")
    parser.add_argument(
        "--time-limit", type=_seconds, default=900, help="seconds that one notebook may take"
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.add_argument(
        "--scheduler", help="address of a Dask scheduler whose workers execute the notebooks"
    )


def _add_audience(parser: argparse.ArgumentParser) -> None:
    """For whom to release; left out, for everyone unless the data are synthetic."""
    one = parser.add_mutually_exclusive_group()
    for name, words in (
        ("internal", "unrounded, for use inside the provider only"),
        ("public", "rounded, small groups hidden"),
    ):
        one.add_argument(f"--{name}", dest="audience", action="store_const", const=name, help=words)


def _add_delivery(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to",
        metavar="ADDRESS",
        type=_address,
        help="copy the pack there too: a folder, or s3://bucket/reports (docs/scaling.md)",
    )


def _address(text: str) -> str:
    """Where to deliver, refused at once if nothing can be delivered there."""
    from analysis.report.delivery import check_address

    check_address(text)
    return text


def _whole(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, not {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    """A time above 0."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0, not {text!r}")
    return seconds
