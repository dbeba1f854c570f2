"""A folder of results as bytes that another machine can be sent."""

import io
import zipfile
import zlib
from pathlib import Path

from analysis.errors import InputError
from analysis.files import staged_file

DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError)
"""What reading a damaged archive may raise."""
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""A zip archive can't hold an earlier time."""
LEVEL = 1  # the way is short: what a higher level saves on it is lost in packing


def pack_folder(folder: Path) -> bytes:
    """The files below a folder as one zip archive, of the same bytes for the same files.

    Parameters
    ----------
    folder
        May be missing: then it has no files.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            member = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EARLIEST)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, path.read_bytes(), compresslevel=LEVEL)
    return stream.getvalue()


def unpack_folder(content: bytes, folder: Path) -> None:
    """Write the files of an archive below a folder, each whole.

    Parameters
    ----------
    content
        What `pack_folder` gave.
    folder
        Made if it is missing; other files in it stay.

    Raises
    ------
    InputError
        If the archive is damaged, or a name in it leads out of the folder; nothing of it is then
        written.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    except DAMAGE as error:
        raise InputError(f"Results for {folder} arrived damaged: {error}. Try again.") from None
    for target, text in [(_inside(folder, name), text) for name, text in files.items()]:
        with staged_file(target) as staged:
            staged.write_bytes(text)


def _inside(folder: Path, name: str) -> Path:
    """The path of a name below a folder, links followed."""
    inside = folder.resolve()
    path = (inside / name).resolve()
    if inside not in path.parents:
        raise InputError(
            f"Results for {folder} name a file outside of it: {name!r}. Nothing of them was "
            "written; find out who else can send to this cluster."
        )
    return path
