"""Which files of the package a notebook's code rests on, told from their text alone."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from analysis.files import sha256

FROM: Final = re.compile(
    r"(?:^|;)[ \t]*from[ \t]+(?P<module>analysis(?:\.\w+)*)[ \t]+import[ \t]*"
    r"(?:\((?P<list>[^)]*)\)|(?P<line>[^\n;]*))",
    re.MULTILINE,
)
PLAIN: Final = re.compile(r"(?:^|;)[ \t]*import[ \t]+(?P<names>[^\n;]*)", re.MULTILINE)
MODULE: Final = re.compile(r"(?<![\w.])analysis\b[\w.]*")
CONTINUED: Final = re.compile(r"[ \t]*\\\n[ \t]*")
COMMENT: Final = re.compile(r"#[^\n]*")
WORD: Final = re.compile(r"\w+")
COMPILED: Final = "__pycache__"
DATA: Final = {".sql", ".yml"}
COUNTED_ELSEWHERE: Final = {"studies", "countries"}
"""Folders whose data files are chosen by a parameter: a run counts the one that it reads."""


class Sources:
    """The files of the package at one moment, each read once.

    Imports are read from the text and not followed by running it, so that lazy ones, and those
    for type checkers, count too: a file too many repeats a run, one too few would keep a wrong one.

    Parameters
    ----------
    package
        Folder of the package `analysis`.
    """

    def __init__(self, package: Path) -> None:
        self.package = package
        self._modules = dict(_modules(package))
        self._imports: dict[str, frozenset[str]] = {}
        self._hashes: dict[Path, str] = {}

    def files(self, code: Iterable[str]) -> dict[str, Path]:
        """The files that code imports, directly or not, with the data that lies beside them.

        Parameters
        ----------
        code
            Source code.

        Returns
        -------
        dict
            Paths by their name below the package, sorted.
        """
        reached: set[str] = set()
        waiting = {name for text in code for name in imported(text)}
        while waiting:
            new = {part for name in waiting for part in _with_parents(name)} - reached
            new &= self._modules.keys()
            reached |= new
            waiting = {name for module in new for name in self._imported_by(module)}
        modules = {self._modules[name] for name in reached}
        files = sorted(modules | _data_beside(modules))
        return {path.relative_to(self.package).as_posix(): path for path in files}

    def hashes(self, code: Iterable[str]) -> dict[str, str]:
        """SHA-256 of each of `files`, by its name below the package."""
        return {name: self._hash(path) for name, path in self.files(code).items()}

    def all_hashes(self) -> dict[str, str]:
        """SHA-256 of every file of the package, by its name below it."""
        files = sorted(path for path in self.package.rglob("*") if path.is_file())
        own = [path for path in files if COMPILED not in path.parts]
        return {path.relative_to(self.package).as_posix(): self._hash(path) for path in own}

    def _imported_by(self, module: str) -> frozenset[str]:
        if module not in self._imports:
            text = self._modules[module].read_text("utf-8")
            self._imports[module] = frozenset(imported(text))
        return self._imports[module]

    def _hash(self, path: Path) -> str:
        if path not in self._hashes:
            self._hashes[path] = sha256(path)
        return self._hashes[path]


def imported(text: str) -> Iterator[str]:
    """Names that a text imports from the package: modules, and what may be a module in one.

    Parameters
    ----------
    text
        Python source. A statement within a string counts as well.
    """
    text = CONTINUED.sub(" ", COMMENT.sub("", text))
    for found in PLAIN.finditer(text):
        yield from MODULE.findall(found["names"])
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


def _data_beside(modules: Iterable[Path]) -> set[Path]:
    """Data files of the folders that modules lie in, and of their folders without modules."""
    found: set[Path] = set()
    for folder in {path.parent for path in modules}:
        plain = [one for one in folder.iterdir() if one.is_dir() and not any(one.glob("*.py"))]
        for place in (folder, *plain):
            if place.name not in COUNTED_ELSEWHERE:
                found.update(path for path in place.iterdir() if path.suffix in DATA)
    return found
