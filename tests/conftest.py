"""Data that tests of every part need: the real extract where it is, and a study made on the fly.

The made-up study "bootcamp" has what the shipped one has not: a second table that gives a
covariate, clusters that are sites, an outcome asked of some only, a category with a name of its
own, memberships that are not known, a mediator, and it is synthetic.
"""

import csv
import math
import random
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from analysis.ingest import Processed, process_extract
from analysis.ingest.synthetic.generate import generate_extract
from analysis.studies import Study, load_study

ROOT = Path(__file__).resolve().parents[1]
OULAD = ROOT.parent / "shared" / "data" / "oulad"
PERSONS = 600
SEED = 20221231
# A comma, so that CSV files of the study need quotes; an accent, so that they need UTF-8.
SITES = ("Évry, centre", *(f"site {number:02d}" for number in range(2, 15)))
PATHS = (
    ("web", "FR", 6),
    ("data", "FR", 12),
    ("design", "FR", 9),
    ("web-uk", "UK", 6),
    ("data-uk", "UK", 12),
    ("web-us", "US", 6),
)

BOOTCAMP = """\
name: bootcamp
title: {en: Bootcamp of the tests, fr: École des tests}
unit: {en: learners, fr: apprenants}
population: {en: learners drawn at random, fr: apprenants tirés au sort}
synthetic: true
provenance:
  source: tables learners and paths, drawn at random
  citation: none
  licence: none
  obtain: Run the tests, which draw them.

tables:
  paths:
    columns:
      path: {}
      country: {values: [FR, UK, US]}
      months: {type: integer, minimum: 1, maximum: 36}
    key: [path]
  learners:
    columns:
      learner: {type: integer, minimum: 1}
      path: {}
      site: {}
      year: {type: integer, values: [2021, 2022]}
      gender: {values: [F, M], repair: {Female: F}}
      age: {type: integer, minimum: 16, maximum: 90, optional: true}
      education: {values: [none, bac, degree]}
      status: {values: [seeking, employed], optional: true, missing: [not stated]}
      carer: {values: [yes, no]}
      funding: {values: [public, employer, individual]}
      result: {values: [graduated, left]}
      job: {values: [yes, no], optional: true}
    key: [learner]
    references:
      paths: [path]

rows: learners
person: learner
cluster: [site]
cohort:
  from: year
  groups: {"2021": [2021], "2022": [2022]}

outcomes:
  graduated:
    label: {en: graduation, fr: diplomation}
    denominator: {en: learners who graduated of all, fr: diplômés parmi tous les apprenants}
    from: result
    success: [graduated]
    failure: [left]
  placed:
    label: {en: job placement, fr: insertion professionnelle}
    denominator:
      en: graduates in a job, of the graduates who answered
      fr: diplômés en emploi, parmi les diplômés répondants
    from: job
    success: [yes]
    failure: [no]
    among: {result: [graduated]}

categories:
  job_seeker: {from: status, in: [seeking], out: [employed]}
  low_qualification: {from: education, in: [none, bac], out: [degree]}
  carer:
    label: {en: Carers, fr: Aidants}
    from: carer
    in: [yes]
    out: [no]

adjusters:
  gender: {label: {en: gender, fr: sexe}, from: gender}
  age_band:
    label: {en: age band, fr: tranche d’âge}
    from: age
    cuts: [25, 35, 45]
  country: {label: {en: country, fr: pays}, from: country}
  education:
    label: {en: education, fr: niveau d’études}
    from: education
    default: false

mediators:
  funding: {label: {en: funding, fr: financement}, from: funding}
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say how often the test of killed runs kills one."""
    parser.addoption("--kills", type=int, default=50, help="runs of a report to kill")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Give the folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def oulad_folder() -> Path:
    """Give the folder of the real extract, which stays outside of the repository."""
    if not (OULAD / "studentInfo.csv").is_file():
        pytest.skip("the OULAD extract is not at ../shared/data/oulad")
    return OULAD


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the generated extract of the provider's contract."""
    folder = tmp_path_factory.mktemp("generated") / "extract"
    generate_extract(ROOT, folder)
    return folder


@pytest.fixture(scope="session")
def provider_study() -> Study:
    """Give the study on the provider's contract."""
    return load_study("openclassrooms")


@pytest.fixture(scope="session")
def provider_processed(
    provider_study: Study, generated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Processed:
    """Give the processed table of the generated extract."""
    return process_extract(provider_study, generated, tmp_path_factory.mktemp("processed"))


@pytest.fixture(scope="session")
def toy_study_text() -> str:
    """Give the study file of "bootcamp", for tests that change a part of it."""
    return BOOTCAMP


@pytest.fixture(scope="session")
def toy_study_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the path of the study file of "bootcamp"."""
    path = tmp_path_factory.mktemp("study") / "bootcamp.yml"
    path.write_text(BOOTCAMP, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def toy_study(toy_study_file: Path) -> Study:
    """Give the study "bootcamp", loaded."""
    return load_study(str(toy_study_file))


@pytest.fixture(scope="session")
def write_csv() -> Callable[[Path, Iterable[Mapping[str, object]]], Path]:
    """Give the function that writes rows as a CSV file, quoted where they must be."""
    return _write_csv


@pytest.fixture(scope="session")
def toy_paths() -> list[dict[str, str]]:
    """Give the rows of the table of paths, as texts."""
    return [
        {"path": path, "country": country, "months": str(months)} for path, country, months in PATHS
    ]


@pytest.fixture(scope="session")
def toy_learners() -> list[dict[str, str]]:
    """Give the rows of the table of learners, as texts; an empty text is an empty field."""
    draw = random.Random(SEED)
    effects = {site: draw.gauss(0, 0.25) for site in SITES}
    return [_learner(number, draw, effects) for number in range(1, PERSONS + 1)]


@pytest.fixture(scope="session")
def toy_extract(
    tmp_path_factory: pytest.TempPathFactory,
    toy_paths: list[dict[str, str]],
    toy_learners: list[dict[str, str]],
) -> Path:
    """Give a folder with the extract of "bootcamp": learners.csv and paths.csv."""
    folder = tmp_path_factory.mktemp("extract")
    _write_csv(folder / "paths.csv", toy_paths)
    _write_csv(folder / "learners.csv", toy_learners)
    return folder


def _write_csv(path: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    rows = list(rows)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def _learner(number: int, draw: random.Random, sites: Mapping[str, float]) -> dict[str, str]:
    """Draw a learner: each category lowers the chance to graduate and the one to be placed."""
    path, country, _ = draw.choice(PATHS)
    site = draw.choice(SITES)
    age = draw.randint(17, 62)
    education = draw.choices(("none", "bac", "degree"), (0.15, 0.3, 0.55))[0]
    seeking, carer = draw.random() < 0.45, draw.random() < 0.25
    index = (
        sites[site]
        + {"none": -0.9, "bac": -0.5, "degree": 0.2}[education]
        - 0.7 * seeking
        - 0.6 * carer
        - 0.02 * (age - 35)
        + (0.3 if country == "FR" else 0.0)
    )
    graduated, answered = _chance(draw, index + 1.2), draw.random() < 0.85
    job = ("yes" if _chance(draw, index + 1.0) else "no") if graduated and answered else ""
    status = "seeking" if seeking else "employed"
    return {
        "learner": str(number),
        "path": path,
        "site": site,
        "year": draw.choice(("2021", "2022")),
        "gender": draw.choices(("F", "M", "Female"), (0.38, 0.6, 0.02))[0],
        "age": "" if draw.random() < 0.02 else str(age),
        "education": education,
        "status": draw.choices((status, "", "not stated"), (0.94, 0.03, 0.03))[0],
        "carer": "yes" if carer else "no",
        "funding": draw.choices(("public", "employer", "individual"), (6 if seeking else 3, 2, 2))[
            0
        ],
        "result": "graduated" if graduated else "left",
        "job": job,
    }


def _chance(draw: random.Random, index: float) -> bool:
    return draw.random() < 1 / (1 + math.exp(-index))
