"""The command line: `placement-gaps`. Thin; each command imports what it needs when it runs."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.arguments import parser
from analysis.errors import InputError

if TYPE_CHECKING:
    from analysis.report.build import Report
    from analysis.runs.parameters import StudyParameters
    from analysis.runs.renew import Execute
    from analysis.runs.task import Ended

WRONG_INPUT = 2
NOT_DONE = 1
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code: 0, 1 if it found or left a fault, 2 for wrong input."""
    try:
        given = parser().parse_args(arguments)
        return COMMANDS[given.command](given)
    except InputError as error:
        print(f"placement-gaps: {error}", file=sys.stderr)
        return WRONG_INPUT
    except KeyboardInterrupt:
        print("placement-gaps: interrupted", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:  # a full disk, a folder that may not be written
        print(f"placement-gaps: {error.filename or 'system'}: {error.strerror}", file=sys.stderr)
        return NOT_DONE


def _data(given: argparse.Namespace) -> int:
    from analysis.files import data_folder, project_root
    from analysis.runs.parameters import DEFAULT_STUDY
    from analysis.studies import load_study

    study = load_study(given.study or DEFAULT_STUDY)
    # Imported late: an unknown study is refused before the heavy libraries are loaded.
    from analysis.ingest import obtain_data

    root = project_root()
    processed = obtain_data(study, root, data_folder(root), given.extract, renew=True)
    for line in processed.log_lines():
        print(line)
    return 0


def _generate(given: argparse.Namespace) -> int:
    from analysis.files import project_root
    from analysis.ingest.synthetic.assumed import SEED
    from analysis.ingest.synthetic.generate import generate_extract

    seed = SEED if given.seed is None else given.seed
    generate_extract(project_root(), given.to, scale=given.scale, seed=seed, threads=given.threads)
    print(f"generated: {given.to}, all SYNTHETIC")
    return 0


def _check(given: argparse.Namespace) -> int:
    from analysis.files import data_folder, project_root
    from analysis.ingest.contract_faults import check_contract

    for name, rows in check_contract(given.extract, data_folder(project_root())).items():
        print(f"{name}: not given (optional)" if rows is None else f"{name}: {rows:,} rows")
    print("The extract keeps the contract.")
    return 0


def _contract(_: argparse.Namespace) -> int:
    from analysis.ingest.contract_guide import contract_guide

    print(contract_guide(), end="")
    return 0


def _report(given: argparse.Namespace) -> int:
    from analysis.files import project_root

    parameters = _asked(given)
    # Imported late: a wrong parameter is refused before the heavy libraries are loaded.
    from analysis.report.build import build_report

    execute = _executor(given)
    report = build_report(project_root(), parameters, extract=given.extract, execute=execute)
    if report.record is None:
        print("Nothing changed since the report was made.")
        _tell_published(report, given.to)
        return 0
    if given.extract or report.data.synthetic:
        print("\n".join(report.data.log_lines()))
    for one in report.ended:
        print(f"{one.notebook}: {_how(one)}")
    print(f"record: {report.record}")
    if not report.complete:
        print("Nothing was published.", file=sys.stderr)
        stopped = any(one.status == "interrupted" for one in report.ended)
        return INTERRUPTED if stopped else NOT_DONE
    _tell_published(report, given.to)
    return 0


def _asked(given: argparse.Namespace) -> "dict[str, StudyParameters]":
    """Checked parameters of each notebook of a report."""
    from analysis.files import read_yaml
    from analysis.runs.parameters import DEFAULT_STUDY, MODELS, check_all

    asked = read_yaml(given.params) if given.params else {}
    for name in ("study", "cohort", "audience"):
        if getattr(given, name):
            asked[name] = getattr(given, name)
    asked["study"] = _from_root(str(asked.get("study") or DEFAULT_STUDY))
    return check_all(asked, given.notebook or list(MODELS))


def _executor(given: argparse.Namespace) -> "Execute":
    from analysis.runs.executors import executor

    options = {name: getattr(given, name) for name in ("scheduler", "jobs", "time_limit", "quiet")}
    return executor(**options)


def _how(ended: "Ended") -> str:
    """How a notebook ended, in words."""
    if ended.status == "kept":
        return "unchanged"
    return f"{ended.status} in {ended.seconds:.1f} s" + (ended.error and f": {ended.error}")


def _sweep(given: argparse.Namespace) -> int:
    from analysis.files import project_root
    from analysis.runs.grid import read_grid

    asked = {"audience": given.audience} if given.audience else {}
    grid = read_grid(given.grid, asked, _from_root)
    # Imported late: a wrong grid is refused before the heavy libraries are loaded.
    from analysis.report.sweeps.build import build_sweep
    from analysis.runs.sweep import prepare_sweep

    root = project_root()
    sweep = prepare_sweep(root, grid)
    print(f"{len(sweep.runs)} runs, {sweep.standing} of them done already", flush=True)
    text = given.grid.read_text(encoding="utf-8")
    report = build_sweep(root, sweep, text, _executor(given), quiet=given.quiet)
    print("\n".join(report.lines()))
    if report.published:
        _deliver(report.folder, report.archive, given.to)
    if report.interrupted:
        return INTERRUPTED
    return NOT_DONE if report.failed else 0


def _why(given: argparse.Namespace) -> int:
    from analysis.files import project_root
    from analysis.report.build import explain_report

    for name, clauses in explain_report(project_root(), _asked(given)):
        print(f"{name}: {'; '.join(clauses) or 'unchanged'}")
    return 0


def _pack(given: argparse.Namespace) -> int:
    from analysis.files import project_root
    from analysis.runs.parameters import DEFAULT_STUDY, check_values

    study = _from_root(given.study or DEFAULT_STUDY)
    asked = {"study": study, "cohort": given.cohort, "audience": given.audience}
    parameters = check_values(asked)
    # Imported late: a wrong name is refused before the heavy libraries are loaded.
    from analysis.report.build import renew_pack

    _tell_published(renew_pack(project_root(), parameters), given.to)
    return 0


def _tell_published(report: "Report", to: str | None) -> None:
    for remark in report.remarks:
        print(remark, file=sys.stderr)
    print(f"report: {report.folder}")
    print(f"archive: {report.archive}")
    _deliver(report.folder, report.archive, to)


def _deliver(folder: Path, archive: Path, to: str | None) -> None:
    """Copy a pack to the address asked for, if one is."""
    if to is None:
        return
    from analysis.report.delivery import deliver

    print(deliver(folder, archive, to))


def _from_root(study: str) -> str:
    """Path of a study file from the repository, so that results don't name this machine."""
    from analysis.files import project_root
    from analysis.studies.load import split_variants
    from analysis.studies.named import SUFFIXES

    path, root = Path(study).resolve(), project_root()
    inside = split_variants(study)[0].endswith(SUFFIXES) and path.is_relative_to(root)
    return path.relative_to(root).as_posix() if inside else study


def _trace(given: argparse.Namespace) -> int:
    from analysis.report.provenance.trace import trace

    lines, known = trace(given.file, given.pack)
    print("\n".join(lines), file=sys.stdout if known else sys.stderr)
    return 0 if known else NOT_DONE


def _verify(given: argparse.Namespace) -> int:
    from analysis.report.provenance.verify import verify

    verdict = verify(given.pack)
    print("\n".join(verdict.lines(given.pack.name)))
    return NOT_DONE if verdict.faults else 0


def _audit(given: argparse.Namespace) -> int:
    from analysis.audit.figures import published_files, read_printed
    from analysis.audit.findings import LIMIT, audit
    from analysis.audit.told import tell
    from analysis.files import project_root

    printed = read_printed(given.figures or published_files(project_root(), 2022))
    found = audit(printed, given.limit or LIMIT)
    print("\n".join(tell(found)))
    return NOT_DONE if found.contradictions else 0


def _studies(_: argparse.Namespace) -> int:
    from analysis.studies import available_studies, load_study

    for name in available_studies():
        print(f"{name}: {load_study(name).title.en}")
    return 0


def _parameters(given: argparse.Namespace) -> int:
    from analysis.runs.parameters import MODELS, describe_parameters

    if given.notebook not in MODELS:
        raise InputError(f"There is no notebook {given.notebook!r}: {', '.join(MODELS)}.")
    print(describe_parameters(given.notebook))
    return 0


COMMANDS = {
    "data": _data,
    "generate": _generate,
    "check": _check,
    "contract": _contract,
    "report": _report,
    "sweep": _sweep,
    "why": _why,
    "pack": _pack,
    "trace": _trace,
    "verify": _verify,
    "audit": _audit,
    "studies": _studies,
    "parameters": _parameters,
}
"""What each command of `analysis.arguments` does."""


if __name__ == "__main__":
    sys.exit(main())
