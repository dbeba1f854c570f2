"""The audit of the figures published of a session's study and year."""

from dataclasses import dataclass

from analysis.audit.figures import published_files, read_printed
from analysis.audit.findings import Audit, audit
from analysis.audit.tables import bounds_table, findings_table, resolution_table
from analysis.errors import InputError
from analysis.figures.save import save_table
from analysis.files import project_root
from analysis.ingest.raw import published_folder
from analysis.runs.parameters import PublishedAudit
from analysis.runs.session import Session


@dataclass(frozen=True)
class Audited:
    """What `07_published_audit` shows.

    Attributes
    ----------
    audit
        What was found.
    year
        The year that the figures were published of.
    limit
        How many conflicts were looked for at most.
    """

    audit: Audit
    year: str
    limit: int


def audit_published(session: Session) -> tuple[Audited, ...]:
    """Audit what the provider printed of the session's year, and save the findings as tables.

    Parameters
    ----------
    session
        Of a notebook with the parameters `PublishedAudit`.

    Returns
    -------
    tuple of Audited
        One; none if nothing was published of the study and the year, or the session is on all
        years.

    Raises
    ------
    InputError
        If the notebook's parameters are others, or the published files can't be read.

    Notes
    -----
    Printed figures are neither of the session's persons nor generated: nothing has to be released,
    and the tables are not marked as synthetic.
    """
    asked, year = session.parameters, session.cohort
    if not isinstance(asked, PublishedAudit):
        raise InputError(f"{session.notebook} has no parameter `limit`, which an audit needs.")
    root = project_root()
    if not session.study.published or year is None or not published_folder(root, year).is_dir():
        return ()
    found = audit(read_printed(published_files(root, year)), asked.limit)
    for name, table in (
        ("audit-findings", findings_table(found)),
        ("audit-resolution", resolution_table(found)),
        ("audit-bounds", bounds_table(found)),
    ):
        save_table(table, name, session.output)
    return (Audited(found, year, asked.limit),)
