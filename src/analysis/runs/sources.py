"""Which files of the package a notebook's code rests on, told from their text alone."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

FROM: Final = re.compile(
    r"^[ \t]*from (?P<module>analysis(?:\.\w+)*) import (?:\((?P<list>[^)]*)\)|(?P<line>[^\n]*))",
    re.MULTILINE,
)
PLAIN: Final = re.compile(r"^[ \t]*import (?P<module>analysis\b[\w.]*)", re.MULTILINE)
COMMENT: Final = re.compile(r"#[^\n]*")
WORD: Final = re.compile(r"\w+")
DATA: Final = {".sql", ".yml"}
COUNTED_ELSEWHERE: Final = {"studies", "countries"}
"""Folders whose data files are chosen by a parameter: a run counts the one that it reads."""


def source_files(package: Path, code: Iterable[str]) -> dict[str, Path]:
    """The files that code imports, directly or not, with the data that lies beside them.

    Imports are read from the text and not followed by running it, so that lazy ones, and those
    for type checkers, count too: a file too many repeats a run, one too few would keep a wrong one.

    Parameters
    ----------
    package
        Folder of the package `analysis`.
    code
        Source code.

    Returns
    -------
    dict
        Paths by their name below the package, sorted.
    """
    modules = dict(_modules(package))
    reached: dict[str, Path] = {}
    waiting = {name for text in code for name in imported(text)}
    while waiting:
        found = {part for name in waiting for part in _with_parents(name) if part in modules}
        new = {name: modules[name] for name in sorted(found - reached.keys())}
        reached |= new
        waiting = {name for path in new.values() for name in imported(path.read_text("utf-8"))}
    files = [*reached.values(), *_data_beside(reached)]
    return {path.relative_to(package).as_posix(): path for path in sorted(files)}


def imported(text: str) -> Iterator[str]:
    """Names that a text imports from the package: modules, and what may be a module in one.

    Parameters
    ----------
    text
        Python source. A statement within a string counts as well.
    """
    text = COMMENT.sub("", text)
    for found in PLAIN.finditer(text):
        yield found["module"]
    for found in FROM.finditer(text):
        yield found["module"]
        names = found["list"] if found["list"] is not None else found["line"]
        yield from (f"{found['module']}.{name}" for name in WORD.findall(names))


def _modules(package: Path) -> Iterator[tuple[str, Path]]:
    """Each module of the package by its dotted name."""
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path


def _with_parents(name: str) -> Iterator[str]:
    """A dotted name and the packages that it lies in, which are imported with it."""
    parts = name.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _data_beside(modules: Mapping[str, Path]) -> set[Path]:
    """Data files of the folders that modules lie in, and of their folders without modules."""
    found: set[Path] = set()
    for folder in {path.parent for path in modules.values()}:
        plain = [one for one in folder.iterdir() if one.is_dir() and not any(one.glob("*.py"))]
        for place in (folder, *plain):
            if place.name not in COUNTED_ELSEWHERE:
                found.update(path for path in place.iterdir() if path.suffix in DATA)
    return found
