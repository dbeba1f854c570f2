"""The pack as a Workflow Run RO-Crate: what was run, on which data, and every file that came out.

Profiles: Provenance, Workflow and Process Run Crate 0.5 (w3id.org/ro/wfrun) and Workflow RO-Crate
1.0, on RO-Crate 1.1. The report is the workflow, each notebook a step of it, and each step's run
has the notebook's content key for its name. Two things that the profiles recommend are left out:
actions have no times, because two builds of a commit are the same to the byte (times are in the
run's record), and no agent, because nobody is asked who they are.
"""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from rocrate.model import ContextEntity, Dataset, Entity, File
from rocrate.rocrate import ROCrate

from analysis.files import canonical_json, sha256, write_text
from analysis.report.contents import Contents
from analysis.report.provenance.facts import Facts
from analysis.report.provenance.inputs import Inputs, add_licence, set_properties
from analysis.report.provenance.layout import CRATE_FILE, MANIFEST_FILE, PROGRAM, WORKFLOW
from analysis.report.provenance.steps import Steps
from analysis.vocabulary import LANGUAGES

Told = dict[str, object]
VERSION = "1.1"
TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
DEVELOPERS = "The placement-gaps developers"
SOURCE_TYPES = {
    ".ipynb": ["File", "SoftwareSourceCode"],
    ".py": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
}
# The system's own table of types differs from machine to machine.
FORMATS = {
    ".css": "text/css",
    ".csv": "text/csv",
    ".html": "text/html",
    ".ipynb": "application/x-ipynb+json",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
FOLDERS = {
    "assets": "Style sheets and scripts of the pages",
    "documents": "The report as PDF, its tables as a workbook, its captions as text",
    "figures": "Figures as SVG, PNG and PDF, their data as CSV, their words as JSON",
    "notebooks": "The executed notebooks",
    "pages": "The pages of the site",
    "tables": "All estimates as Parquet and CSV",
    WORKFLOW: "The notebooks and the program that executed them",
}


def write_crate(contents: Contents, facts: Facts) -> None:
    """Describe a pack in its `ro-crate-metadata.json`, when all of it but the manifest is there.

    The notebooks' sources are copied into the pack, below `workflow/`.

    Parameters
    ----------
    contents
        The report; its folder is the pack.
    facts
        What it was made of.
    """
    _copy_sources(contents.folder / WORKFLOW, facts)
    crate = ROCrate(version=VERSION)
    crate.metadata.extra_terms.update(TERMS)
    _describe_root(crate, contents, facts)
    files = _add_files(crate, contents)
    inputs = Inputs.add(crate, facts)
    steps = Steps(crate, contents, facts, inputs, files)
    runs = steps.add(f"{WORKFLOW}/{PROGRAM}", WORKFLOW)
    crate.root_dataset["mentions"] = [*runs, *inputs.all]
    write_text(contents.folder / CRATE_FILE, canonical_json(crate.metadata.generate()))


def _copy_sources(folder: Path, facts: Facts) -> None:
    folder.mkdir(exist_ok=True)
    for name in facts.parameters:
        shutil.copyfile(facts.root / "notebooks" / f"{name}.ipynb", folder / f"{name}.ipynb")
    shutil.copyfile(Path(__file__).parents[1] / PROGRAM, folder / PROGRAM)


def _describe_root(crate: ROCrate, contents: Contents, facts: Facts) -> None:
    study, cohort = contents.study, contents.cohort or "all"
    mark = "SYNTHETIC DATA. " if study.synthetic else ""
    developers = {"@type": "Organization", "name": DEVELOPERS}
    developers_entity = crate.add(ContextEntity(crate, "#developers", properties=developers))
    root = crate.root_dataset
    root["name"] = f"{mark}{study.title.en}, cohort {cohort}"
    root["description"] = (
        f"{mark}Gaps between groups of {study.population.en}, with their intervals: figures, "
        f"tables, pages and documents in English and in French, made for {contents.audience} use."
    )
    root["datePublished"] = facts.date.date().isoformat()
    root["license"] = add_licence(crate, study.provenance.licence)
    root["author"] = root["publisher"] = developers_entity
    root["conformsTo"] = [
        crate.add(ContextEntity(crate, profile, properties=_profile(profile, name)))
        for profile, name in PROFILES.items()
    ]


def _profile(address: str, name: str) -> dict[str, str]:
    return {"@type": "CreativeWork", "name": name, "version": address.rsplit("/", 1)[1]}


def _add_files(crate: ROCrate, contents: Contents) -> dict[str, Entity]:
    """Add every file and its folder; by path, a folder's with a slash at its end."""
    words, added = _words(contents), {}
    paths = sorted(path for path in contents.folder.rglob("*") if path.is_file())
    for path in paths:
        name = path.relative_to(contents.folder).as_posix()
        if name not in (CRATE_FILE, MANIFEST_FILE):
            properties = _file(path, name) | words.get(name, {})
            added[name] = crate.add(File(crate, dest_path=name, properties=properties))
    told = {"name": "manifest", "description": "Hash of every file", "encodingFormat": _JSON}
    manifest = crate.add(File(crate, dest_path=MANIFEST_FILE, properties=told))
    folders = {}
    for folder in sorted({name.split("/")[0] for name in added if "/" in name}):
        about = {"name": folder, "description": FOLDERS.get(folder, folder)}
        entity = crate.add(Dataset(crate, dest_path=f"{folder}/", properties=about))
        parts = [file for name, file in added.items() if name.startswith(f"{folder}/")]
        set_properties(entity, hasPart=parts)
        folders[f"{folder}/"] = entity
    top = [file for name, file in added.items() if "/" not in name]
    crate.root_dataset["hasPart"] = [*folders.values(), *top, manifest]
    return {**added, **folders}


def _file(path: Path, name: str) -> dict[str, object]:
    return {
        "name": name,
        "encodingFormat": FORMATS.get(path.suffix, "application/octet-stream"),
        "contentSize": str(path.stat().st_size),
        "sha256": sha256(path),
    } | ({"@type": SOURCE_TYPES[path.suffix]} if name.startswith(f"{WORKFLOW}/") else {})


def _words(contents: Contents) -> Mapping[str, Told]:
    """What is told of each file of a figure or table, by the file's path."""
    return dict(_told(contents))


def _told(contents: Contents) -> Iterator[tuple[str, Told]]:
    for figure in contents.figures:
        for language in LANGUAGES:
            about: Told = {
                "name": figure.title[language],
                "description": figure.caption[language],
                "inLanguage": language,
                "identifier": figure.key[language],
            }
            for kind in ("svg", "png", "pdf", "json"):
                yield figure.file(language, kind), about
        keys = sorted(figure.key.values())
        yield (
            figure.file(LANGUAGES[0], "csv"),
            {"name": f"data of figure {figure.id}", "identifier": keys},
        )
    for table in contents.tables:
        for kind in ("csv", "parquet", "json"):
            yield table.file(kind), {"name": f"table {table.id}", "identifier": table.key}


_JSON = FORMATS[".json"]
