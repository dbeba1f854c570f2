"""The crate: valid for roc-validator, complete, and the same on every build.

`ro-crate-1.1-context.jsonld` is the JSON-LD context that w3id.org/ro/crate/1.1/context leads to,
CC0, as rocrate 0.13 carries it, so that the validator needs no network.
"""

import json
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from requests_cache import CachedSession
from rocrate.rocrate import ROCrate
from rocrate_validator.models import Severity, ValidationSettings
from rocrate_validator.services import validate
from urllib3 import HTTPResponse

from analysis.files import sha256, tree_hashes
from analysis.report.contents import Contents
from analysis.report.provenance.crate import write_crate
from analysis.report.provenance.facts import Facts
from analysis.report.provenance.layout import CRATE_FILE, MANIFEST_FILE
from analysis.report.provenance.manifest import write_manifest
from analysis.vocabulary import Audience

# The validator's library warns of its own parts.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")
Gather = Callable[..., tuple[Contents, Facts]]
CONTEXT = "https://w3id.org/ro/crate/1.1/context"
CONTEXT_FILE = Path(__file__).parent / "ro-crate-1.1-context.jsonld"
# What the profiles recommend and the pack lacks, on purpose: see `crate`.
LACKING = {
    "The Action SHOULD have an endTime in ISO 8601 format",
    "The Action SHOULD have an agent that is a Person or Organization",
    "The organization SHOULD have a URL.",
    "The Application SHOULD have a url",  # this program has no address
    "The SoftwareApplication id SHOULD be an absolute URI",  # files of the pack can't
    "The README.md SHOULD be about the crate",  # there is none; index.html tells
    "The README.md SHOULD have text/markdown as its encodingFormat",
}


class _Local(HTTPAdapter):
    """Answers with the file beside this test."""

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        headers = {"Content-Type": "application/ld+json"}
        body = BytesIO(CONTEXT_FILE.read_bytes())
        answer = HTTPResponse(body, headers, 200, preload_content=False)
        return self.build_response(request, answer)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The validator's cache of what it would fetch, with the context in it."""
    path = tmp_path_factory.mktemp("cache") / "http"
    with CachedSession(str(path), backend="sqlite", expire_after=-1) as session:
        session.mount("https://", _Local())
        session.get(CONTEXT)
    return path


def _issues(crate: Path, cache: Path, severity: Severity) -> Counter[tuple[str, str]]:
    settings = ValidationSettings(
        rocrate_uri=str(crate),
        profile_identifier="provenance-run-crate",  # with all that it is made of
        requirement_severity=severity,
        offline=True,
        cache_path=cache,
    )
    issues = validate(settings).get_issues()
    return Counter((issue.severity.name, str(issue.message)) for issue in issues)


def _graph(pack: Path) -> dict[str, dict[str, Any]]:
    content = json.loads((pack / CRATE_FILE).read_text())
    return {entity["@id"]: entity for entity in content["@graph"]}


def test_the_validator_accepts_it(built: Path, cache: Path) -> None:
    found = _issues(built, cache, Severity.RECOMMENDED)
    assert {level for level, _ in found} <= {"RECOMMENDED"}, found
    assert {message for _, message in found} <= LACKING


def test_the_validator_can_refuse(pack: Path, cache: Path) -> None:
    """So that its acceptance means something: no workflow, a parameter of no type, no licence."""
    content = json.loads((pack / CRATE_FILE).read_text())
    for entity in content["@graph"]:
        if entity["@id"] == "./":
            entity.pop("license")
        elif entity["@type"] == "FormalParameter":
            entity.pop("additionalType")
        elif entity["@type"] == "CreateAction":
            entity.pop("instrument")
    (pack / CRATE_FILE).write_text(json.dumps(content))
    found = " ".join(message for _, message in _issues(pack, cache, Severity.REQUIRED))
    assert "FormalParameter MUST have an additionalType" in found
    assert "The Action MUST have an instrument" in found
    assert "license" in found


def test_it_describes_every_file_with_its_hash(built: Path) -> None:
    described = {
        name: entity["sha256"]
        for name, entity in _graph(built).items()
        if "File" in entity["@type"] and name != MANIFEST_FILE
    }
    files = tree_hashes(built)
    assert described == {
        name: one for name, one in files.items() if name not in (CRATE_FILE, MANIFEST_FILE)
    }
    figure = _graph(built)["figures/gaps-placed-6.fr.svg"]
    assert figure["name"] == "title of gaps-placed-6, fr"
    assert figure["encodingFormat"] == "image/svg+xml"
    assert figure["identifier"] in (built / "figures/gaps-placed-6.fr.svg").read_text()


def test_each_run_has_its_notebook_inputs_and_outputs(built: Path) -> None:
    graph, manifest = _graph(built), json.loads((built / MANIFEST_FILE).read_text())
    run = graph[f"#run-{manifest['runs']['03_placement_gaps']}"]
    assert run["instrument"] == {"@id": "workflow/03_placement_gaps.ipynb"}
    results = {one["@id"] for one in run["result"]}
    assert "notebooks/03_placement_gaps.ipynb" in results
    assert {"figures/gaps-placed-6.csv", "tables/placement-gaps.parquet"} <= results
    assert not any("composition" in name for name in results)
    given = {
        graph[one["@id"]]["name"]: graph[one["@id"]].get("value")
        for one in run["object"]
        if one["@id"].startswith("#value-")
    }
    assert given["confidence"] == 0.95
    assert given["cohort"] == "null"
    assert json.loads(given["contrasts"]) == ["any", "marginal", "complement", "joint"]
    assert {"#processed", "#raw-published-2022"} < {one["@id"] for one in run["object"]}
    whole = graph["#report"]
    assert {"@id": "figures/"} in whole["result"]
    assert whole["instrument"] == graph["./"]["mainEntity"] == {"@id": "workflow/build.py"}


def test_data_have_licence_citation_and_hash(built: Path) -> None:
    graph = _graph(built)
    extract = graph["#extract"]
    assert graph[extract["license"]["@id"]]["name"] == "MIT"
    assert extract["citation"] == "none; no person of it exists"
    source = graph[extract["hasPart"]["@id"]]
    assert (source["name"], source["sha256"]) == ("learners.csv", "5" * 64)
    published = graph["#raw-published-2022"]
    assert "Mission Report 2023" in published["description"]
    files = (Path(__file__).parents[3] / "data" / "raw" / "published" / "2022").glob("*.csv")
    assert len(published["hasPart"]) == len(list(files))


def test_commit_date_and_versions_are_told(built: Path, root: Path) -> None:
    graph, manifest = _graph(built), json.loads((built / MANIFEST_FILE).read_text())
    assert len(manifest["code"]["commit"]) == 40
    assert graph["workflow/build.py"]["version"] == manifest["code"]["commit"]
    assert graph["./"]["datePublished"] == "2024-05-06"
    versions = manifest["environment"]["packages"]
    assert graph[f"https://pypi.org/project/pandas/{versions['pandas']}/"]["name"] == "pandas"
    lock = f"#sha256-{sha256(root / 'requirements.lock')}"
    assert {"@id": lock} in graph["#placement-gaps"]["softwareRequirements"]


def test_two_builds_are_the_same(
    built: Path, build: Callable[[Path], None], tmp_path: Path
) -> None:
    build(tmp_path)
    assert tree_hashes(tmp_path) == tree_hashes(built)


def test_a_pack_is_described_anew_the_same_way(pack: Path, gather: Gather) -> None:
    before = tree_hashes(pack)
    contents, facts = gather(pack)
    write_crate(contents, facts)
    write_manifest(pack, facts.description())
    assert tree_hashes(pack) == before


def test_no_place_and_no_machine_is_told(built: Path, root: Path) -> None:
    for name in (CRATE_FILE, MANIFEST_FILE):
        text = (built / name).read_text()
        assert str(root) not in text
        assert "platform" not in json.loads(text).get("environment", {})


def test_a_public_pack_tells_no_exact_counts(built: Path, gather: Gather) -> None:
    told = {each: str(gather(built, each)[1].description()) for each in Audience}
    assert "1234567" in told[Audience.INTERNAL]
    assert "1234567" not in told[Audience.PUBLIC]


def test_rocrate_reads_what_it_wrote(built: Path) -> None:
    crate = ROCrate(built)
    assert crate.mainEntity.id == "workflow/build.py"
    assert "SYNTHETIC" in crate.name
