"""The crate's inputs: data with licence and hash, and the software with its versions."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from rocrate.model import ContextEntity, Entity
from rocrate.rocrate import ROCrate

from analysis.ingest.processed import TABLE_FILE
from analysis.report.provenance.facts import Facts, Plain
from analysis.report.provenance.layout import told_version

LICENCES = {
    "MIT": "https://spdx.org/licenses/MIT",
    "CC BY 4.0": "https://creativecommons.org/licenses/by/4.0/",
}
OWN = "placement-gaps"


@dataclass(frozen=True)
class Inputs:
    """Entities of what every run has in common.

    Attributes
    ----------
    extract
        The extract, as its owner gave it.
    processed
        The processed table that was made of it, which the notebooks read.
    published
        Raw files that the notebooks read beside it, a collection a folder.
    program
        This program, with the packages that it needs.
    """

    extract: Entity
    processed: Entity
    published: list[Entity]
    program: Entity

    @classmethod
    def add(cls, crate: ROCrate, facts: Facts) -> Self:
        """Add the inputs to a crate. Data stay outside of the pack, so they are no files of it."""
        about = facts.study.provenance
        sources: Any = facts.inputs["sources"]
        processed: Any = facts.inputs["processed"]
        extract = _collection(
            crate,
            "#extract",
            {source["file"]: source["sha256"] for source in sources},
            name=about.source,
            description=f"The extract. How to obtain it: {about.obtain}",
            citation=about.citation,
            license=add_licence(crate, about.licence),
        )
        derived = _collection(
            crate,
            "#processed",
            processed,
            TABLE_FILE,
            name="processed table",
            description=(
                "A row a person, and tables that are of no person beside it; derived from the "
                "extract, and no part of the pack"
            ),
            isBasedOn=extract,
        )
        published = [_published(crate, place, one) for place, one in facts.published.items()]
        return cls(extract, derived, published, _program(crate, facts))

    @property
    def read(self) -> list[Entity]:
        """What a notebook reads."""
        return [self.processed, *self.published]

    @property
    def all(self) -> list[Entity]:
        """All data."""
        return [self.extract, *self.read]


def add_licence(crate: ROCrate, name: str) -> Entity:
    """Add a licence, by its address where it is known."""
    identifier = LICENCES.get(name, f"#licence-{_slug(name)}")
    about = {"@type": "CreativeWork", "name": name, "description": f"Licence: {name}"}
    return crate.get(identifier) or crate.add(ContextEntity(crate, identifier, properties=about))


def _collection(
    crate: ROCrate,
    identifier: str,
    hashes: Mapping[str, str],
    main: str | None = None,
    **about: object,
) -> Entity:
    """Add files that are not in the pack; `main` names the chief one, the first if not given."""
    parts = {name: _outside(crate, name, digest) for name, digest in hashes.items()}
    chief = parts.get(main or "", next(iter(parts.values())))
    entity = crate.add(ContextEntity(crate, identifier, properties={"@type": "Collection"}))
    return set_properties(entity, **about, hasPart=list(parts.values()), mainEntity=chief)


def set_properties(entity: Entity, **properties: object) -> Entity:
    """Set properties; a list of one as the one, as RO-Crate asks."""
    for name, value in properties.items():
        entity[name] = value[0] if isinstance(value, list) and len(value) == 1 else value
    return entity


def _outside(crate: ROCrate, name: str, digest: str) -> Entity:
    """Add a file that is not in the pack, named by its content."""
    about = {"@type": "CreativeWork", "name": name, "sha256": digest}
    return crate.add(ContextEntity(crate, f"#sha256-{digest}", properties=about))


def _published(crate: ROCrate, place: str, told: Plain) -> Entity:
    hashes: Any = told["sha256"]
    return _collection(
        crate,
        f"#raw-{_slug(place)}",
        hashes,
        name=f"data/raw/{place}",
        description=told["origin"],
        license=add_licence(crate, str(told["licence"])),
    )


def _program(crate: ROCrate, facts: Facts) -> Entity:
    versions: Any = facts.environment["packages"]
    needed = [_package(crate, name, versions[name]) for name in _without_own(versions)]
    python = {
        "@type": "SoftwareApplication",
        "name": "Python",
        "softwareVersion": facts.environment["python"],
        "url": "https://www.python.org",
    }
    needed.append(crate.add(ContextEntity(crate, "https://www.python.org/", properties=python)))
    if facts.environment["lock_sha256"]:
        needed.append(_outside(crate, "requirements.lock", str(facts.environment["lock_sha256"])))
    about = {
        "@type": "SoftwareApplication",
        "name": OWN,
        "softwareVersion": versions[OWN],
        "identifier": told_version(facts.code),
    }
    program = crate.add(ContextEntity(crate, f"#{OWN}", properties=about))
    program["softwareRequirements"] = needed
    return program


def _without_own(versions: Iterable[str]) -> list[str]:
    return sorted(name for name in versions if name != OWN)


def _package(crate: ROCrate, name: str, version: str) -> Entity:
    address = f"https://pypi.org/project/{name}/{version}/"
    about = {
        "@type": "SoftwareApplication",
        "name": name,
        "softwareVersion": version,
        "url": address,
    }
    return crate.add(ContextEntity(crate, address, properties=about))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
