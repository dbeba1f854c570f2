"""The pack: what the report team receives, made of executed notebooks and released tables."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.engines.tables import Place
from analysis.errors import InputError
from analysis.release.attack import check_release
from analysis.release.declared import declare
from analysis.release.facts import ReleasedTable
from analysis.release.measures import check_measures
from analysis.release.persons import check_no_persons
from analysis.report.contents import Contents
from analysis.report.documents import write_documents
from analysis.report.explorer import write_explorer
from analysis.report.provenance.crate import write_crate
from analysis.report.provenance.facts import Facts
from analysis.report.provenance.layout import MANIFEST_FILE, SWEPT
from analysis.report.provenance.manifest import write_manifest
from analysis.report.site import write_site
from analysis.studies.model import ALL_COHORTS
from analysis.vocabulary import Audience


def write_pack(
    contents: Contents, facts: Facts, processed: Place, published: Sequence[Contents] = ()
) -> Sequence[str]:
    """Turn a folder of executed notebooks, figures and tables into a pack.

    Parameters
    ----------
    contents
        The folder and what it is on.
    facts
        What its runs were made of.
    processed
        The processed table that they read.
    published
        Other packs of the study that the same readers have (see `packs_beside`).

    Returns
    -------
    sequence of str
        What was left out and what to do about it.

    Raises
    ------
    InputError
        If an output names persons, or if what is to be public gives a hidden count away; the
        folder is then no pack.
    """
    check_disclosure(contents, processed, published)
    remarks = write_documents(contents)
    write_explorer(contents)
    write_site(contents)
    write_crate(contents, facts)
    write_manifest(contents.folder, facts.description())
    return remarks


def check_disclosure(contents: Contents, processed: Place, published: Sequence[Contents]) -> None:
    """Refuse outputs that tell of persons, and public ones that tell a hidden count.

    Parameters
    ----------
    contents
        What is to be released.
    processed
        The processed table that it was made of: which populations are the same persons follows
        from its counts, and readers may know that too.
    published
        What its readers have already.

    Raises
    ------
    InputError
        Naming what is told, and where.
    """
    check_no_persons(dict(_outputs(contents)), contents.study)
    if contents.audience is Audience.INTERNAL:
        return
    everything = (contents, *published)
    amounts = {
        f"{pack.folder.name}/{table.file('csv')}": table.data
        for pack in everything
        for table in pack.tables
    }
    check_measures(amounts, list(contents.study.categories))
    declared = declare(contents.study, processed, contents.cohort or ALL_COHORTS)
    tables = [table for pack in everything for table in _released(pack)]
    check_release(tables, declared.links(), declared.wholes())


def _outputs(contents: Contents) -> Iterator[tuple[str, pd.DataFrame]]:
    for table in contents.tables:
        yield table.file("csv"), table.data
    for figure in contents.figures:
        yield figure.file("", "csv"), figure.data


def _released(contents: Contents) -> Iterator[ReleasedTable]:
    study = contents.study
    for table in contents.tables:
        yield ReleasedTable(
            f"{study.name}, {table.file('csv')}",
            table.data.drop(columns="data", errors="ignore"),
            study.name,
            contents.cohort or ALL_COHORTS,
            study.described_outcome,
        )


def packs_beside(contents: Contents, facts: Facts, outputs: Path, name: str) -> list[Contents]:
    """Public packs of the same study and data, made with other parameters, that stand already.

    Of a sweep each run is one.

    Parameters
    ----------
    contents, facts
        The pack that is made; it replaces the one called `name`.
    outputs
        Where packs are published.
    name
        Of the folder that it will be published as.

    Raises
    ------
    InputError
        If what another pack tells of itself is damaged: it may be public.
    """
    own = (Audience.PUBLIC, contents.study.name, facts.inputs["processed"])
    found = []
    for manifest in sorted(outputs.glob(f"*/{MANIFEST_FILE}")):
        if manifest.parent.name == name:
            continue
        read = _read_manifest(manifest)
        # The runs of a sweep are told one by one, as reports are.
        for told in read.get(SWEPT, [read]):
            if (told["audience"], told["study"], told["inputs"]["processed"]) == own:
                folder = manifest.parent / told.get("folder", "")
                place = {"folder": folder, "cohort": told["cohort"]}
                found.append(replace(contents, **place, notebooks=tuple(told["parameters"])))
    return found


def _read_manifest(manifest: Path) -> dict[str, Any]:
    try:
        read: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(
            f"{manifest} can't be read, so what its pack gives readers can't be checked together "
            f"with this one. Make that pack again, or remove {manifest.parent}."
        ) from None
    return read
