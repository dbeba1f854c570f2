"""YAML files that people ask for by the name of a shipped one, or by the path of their own."""

from pathlib import Path

from pydantic import ValidationError

from analysis.errors import InputError
from analysis.files import project_root

SUFFIXES = (".yml", ".yaml")


def available(shipped: Path) -> list[str]:
    """Names of the files that ship in a folder, in alphabetical order."""
    return sorted(path.stem for path in shipped.glob("*.yml"))


def named_file(asked: str, shipped: Path, kind: str, kinds: str) -> Path:
    """Path of a file, from the name of a shipped one or the path of one's own.

    Parameters
    ----------
    asked
        Name or path.
    shipped
        Folder of those that ship with the package.
    kind, kinds
        What such a file is called, for who asks for one that isn't there.

    Raises
    ------
    InputError
        If there is no such file.
    """
    if asked.endswith(SUFFIXES):
        path = Path(asked)
        if not path.is_file() and not path.is_absolute():
            # A notebook's working directory is its own folder, not the one of the command.
            path = project_root() / asked
    else:
        path = shipped / f"{asked}.yml"
    if not path.is_file():
        raise InputError(
            f"There is no {kind} {asked!r}. {kinds}: {', '.join(available(shipped))}; "
            f"or give the path of a {kind} file that ends in .yml."
        )
    return path


def fault_lines(error: ValidationError) -> str:
    """One line a fault: its place in the file, dotted, and what is wrong."""
    return "\n".join(
        f"  {'.'.join(str(step) for step in fault['loc']) or 'file'}: "
        f"{fault['msg'].removeprefix('Value error, ')}"
        for fault in error.errors()
    )
