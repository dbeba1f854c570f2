"""The archive of a pack: the same bytes for the same files, whenever and wherever it is made."""

import datetime
import zipfile
from pathlib import Path

from analysis.files import sha256, staged_file, write_text
from analysis.report.provenance.layout import checksum_file
from analysis.runs.provenance import source_epoch

LEVEL = 6
STORED = {".jpg", ".parquet", ".png", ".woff2", ".xlsx", ".zip"}
"""Kinds of files that are compressed already."""
FILE_MODE = 0o100644
UNIX = 3
EARLIEST = datetime.datetime(1980, 1, 1, tzinfo=datetime.UTC)
"""A zip archive can't hold an earlier time."""


def write_archive(folder: Path, target: Path) -> Path:
    """Write a pack's archive and, beside it, its checksum.

    Members are sorted; times (SOURCE_DATE_EPOCH, else 1980), modes and compression are fixed.
    The checksum can be checked without this program: `sha256sum --check NAME.zip.sha256`.

    Parameters
    ----------
    folder
        The pack.
    target
        The archive, `NAME.zip`; all members lie in its one folder NAME.

    Returns
    -------
    pathlib.Path
        The archive.

    Raises
    ------
    InputError
        If SOURCE_DATE_EPOCH is no whole number.
    """
    checksum = checksum_file(target)
    # A crash may leave an archive without checksum, but never one with that of another.
    checksum.unlink(missing_ok=True)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    with staged_file(target) as staged, zipfile.ZipFile(staged, "w") as archive:
        for path in paths:
            name = f"{target.stem}/{path.relative_to(folder).as_posix()}"
            archive.writestr(_member(name, path.suffix), path.read_bytes(), compresslevel=LEVEL)
    write_text(checksum, f"{sha256(target)}  {target.name}\n")
    return target


def _member(name: str, suffix: str) -> zipfile.ZipInfo:
    time = datetime.datetime.fromtimestamp(source_epoch() or 0, datetime.UTC)
    member = zipfile.ZipInfo(name, max(time, EARLIEST).timetuple()[:6])
    member.compress_type = zipfile.ZIP_STORED if suffix in STORED else zipfile.ZIP_DEFLATED
    member.external_attr = FILE_MODE << 16
    member.create_system = UNIX
    return member
