"""The pack: what the report team receives, made of executed notebooks and released tables."""

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from analysis.report.contents import Contents
from analysis.report.documents import write_documents
from analysis.report.explorer import write_explorer
from analysis.report.provenance.crate import write_crate
from analysis.report.provenance.facts import Facts
from analysis.report.provenance.manifest import write_manifest
from analysis.report.site import write_site

MADE_BY_NOTEBOOKS = ("notebooks", "figures", "tables")


def write_pack(contents: Contents, facts: Facts) -> Sequence[str]:
    """Turn a folder of executed notebooks, figures and tables into a pack.

    Parameters
    ----------
    contents
        The folder and what it is on.
    facts
        What its runs were made of.

    Returns
    -------
    sequence of str
        What was left out and what to do about it.

    Raises
    ------
    InputError
        If what is to be public gives a hidden count away; the folder is then no pack.
    """
    remarks = write_documents(contents)
    write_explorer(contents)
    write_site(contents)
    write_crate(contents, facts)
    write_manifest(contents.folder, facts.description())
    return remarks


def copy_results(source: Path, target: Path) -> None:
    """Copy what notebooks made from one report's folder to another."""
    for name in MADE_BY_NOTEBOOKS:
        with contextlib.suppress(FileNotFoundError):
            shutil.copytree(source / name, target / name)
