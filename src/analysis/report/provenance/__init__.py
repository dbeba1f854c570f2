"""Where a report comes from: crate, manifest, archive, and the commands that read them back."""

from analysis.report.provenance.archive import write_archive
from analysis.report.provenance.crate import write_crate
from analysis.report.provenance.facts import Facts, gather_facts
from analysis.report.provenance.manifest import write_manifest

__all__ = ["Facts", "gather_facts", "write_archive", "write_crate", "write_manifest"]
