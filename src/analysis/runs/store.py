"""Results of runs, kept by their content key until nothing refers to them.

A result is a folder laid out like a pack: the executed copy in `notebooks/`, `figures/` and
`tables/`. It is published by one renaming, with the hash of each of its files, so a killed run
leaves a whole result or none, and a damaged one is never taken for a result.
"""

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from analysis.errors import InputError
from analysis.files import canonical_json, tree_hashes, write_text
from analysis.runs.keys import Wanted

RESULT_FILE: Final = "result.json"
RESULTS: Final = "results"
REFERENCES: Final = "references"
STAGED: Final = "staged"
LOCK: Final = ".lock"
CHANGING: Final = f"changing{LOCK}"
PUBLISHING: Final = f"publishing{LOCK}"


@dataclass(frozen=True)
class Reference:
    """The results that a report or sweep is made of.

    Attributes
    ----------
    standing
        Keys by what the published one calls them: notebooks, or runs of a sweep.
    wanted
        Those of the one in work, so that results of an interrupted one are kept for the next.
    """

    standing: Mapping[str, str]
    wanted: Mapping[str, str]


class Store:
    """The results that stand. Several processes may use one store at the same time.

    Parameters
    ----------
    folder
        Where they lie; made when the first is published.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.results = folder / RESULTS

    def find(self, key: str) -> Path | None:
        """Folder of a result that stands whole; a damaged one is removed.

        Parameters
        ----------
        key
            Its key (see `Wanted`).
        """
        place = self.results / key
        if self._whole(key):
            return place
        if place.exists():
            with self._alone(CHANGING):
                if self._whole(key):  # made by another process meanwhile
                    return place
                shutil.rmtree(place, ignore_errors=True)
        return None

    def _whole(self, key: str) -> bool:
        """Whether a result is there, each of its files as it was; one unreadable is not."""
        told = self.told(key)
        try:
            hashes = tree_hashes(self.results / key) if told else {}
        except OSError:
            return False
        hashes.pop(RESULT_FILE, None)
        return bool(told) and told.get("files") == hashes

    def require(self, keys: Iterable[str]) -> None:
        """Refuse to make a pack of results that are not there any more.

        Raises
        ------
        InputError
            If one is gone: whoever starts the same report or sweep again with other parameters,
            before the first has ended, no longer wants its results.
        """
        if any(not self.told(key) for key in keys):
            raise InputError(
                "Results were removed before a pack was made of them, for the same report or "
                "sweep was started once more with other code, data or parameters. Repeat the "
                "command."
            )

    @contextlib.contextmanager
    def publishing(self) -> Iterator[None]:
        """Wait until nobody else publishes a pack, and keep others waiting meanwhile.

        So each pack is checked against all public ones that stand, no result is removed that one
        is made of, and what is noted of a pack is told of that very pack.
        """
        with self._alone(PUBLISHING):
            yield

    @contextlib.contextmanager
    def _alone(self, lock: str) -> Iterator[None]:
        """Hold a lock of the store, which the system frees even when the process is killed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / lock).open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def told(self, key: str) -> dict[str, Any]:
        """What a result says of itself, with `made_of`, `versions` and `parameters`.

        Empty if it is not there, or unreadable. The files are not looked at.
        """
        try:
            read = json.loads((self.results / key / RESULT_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return read if isinstance(read, dict) else {}

    @contextlib.contextmanager
    def staging(self) -> Iterator[Path]:
        """Give an empty folder for results in work; what killed runs left is removed."""
        place = self.folder / STAGED
        with self._alone(CHANGING):
            place.mkdir(exist_ok=True)
            _remove_abandoned(place)
            handle, name = tempfile.mkstemp(dir=place, suffix=LOCK)
            # The system frees the lock even of a killed process.
            fcntl.flock(handle, fcntl.LOCK_EX)
        lock = Path(name)
        folder = lock.with_suffix("")
        try:
            folder.mkdir()
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)
            os.close(handle)

    def publish(self, wanted: Wanted, staged: Path) -> None:
        """Keep a finished result.

        Parameters
        ----------
        wanted
            What it is the result of.
        staged
            Its folder, on the same file system as the store; it is gone afterwards.

        Raises
        ------
        InputError
            If it can't be written, for the disk is full, say.
        """
        told = {
            "notebook": wanted.notebook,
            "made_of": wanted.made_of,
            "versions": wanted.versions,
            "parameters": wanted.plain,
        }
        try:
            files = tree_hashes(staged)
            write_text(staged / RESULT_FILE, canonical_json(told | {"files": files}))
            self._move(staged, wanted.key)
        except OSError as error:
            raise InputError(
                f"{self.folder}: a result can't be kept: {error.strerror}. What is done is kept; "
                "mend that and repeat the command."
            ) from None

    def _move(self, staged: Path, key: str) -> None:
        """Give a result its place, unless another process has published the same meanwhile."""
        with self._alone(CHANGING):
            self.results.mkdir(exist_ok=True)
            try:
                staged.rename(self.results / key)
            except OSError:
                if not self._whole(key):
                    raise

    def reference(self, name: str) -> Reference:
        """The results that a report or sweep refers to; nothing if there is none of that name."""
        try:
            told = json.loads(self._reference_file(name).read_text(encoding="utf-8"))
            return Reference(**told)
        except (OSError, ValueError, TypeError):
            return Reference({}, {})

    def want(self, name: str, keys: Mapping[str, str]) -> None:
        """Say which results a report or sweep is going to be made of."""
        with self._alone(CHANGING):
            self._refer(name, Reference(self.reference(name).standing, keys))

    def settle(self, name: str, keys: Mapping[str, str]) -> None:
        """Say which results a published report or sweep is made of; remove those of none."""
        with self._alone(CHANGING):
            self._refer(name, Reference(keys, keys))
            used = {key for one in self._references() for keys in one for key in keys.values()}
            for place in self.results.glob("*"):
                if place.name not in used:
                    shutil.rmtree(place, ignore_errors=True)

    def _references(self) -> Iterator[tuple[Mapping[str, str], Mapping[str, str]]]:
        for path in sorted((self.folder / REFERENCES).glob("*.json")):
            one = self.reference(path.stem)
            yield one.standing, one.wanted

    def _refer(self, name: str, reference: Reference) -> None:
        told = {"standing": dict(reference.standing), "wanted": dict(reference.wanted)}
        write_text(self._reference_file(name), canonical_json(told))

    def _reference_file(self, name: str) -> Path:
        return self.folder / REFERENCES / f"{name}.json"


def store_of(root: Path) -> Store:
    """The store of a repository."""
    return Store(root / "outputs" / ".store")


def _remove_abandoned(place: Path) -> None:
    """Remove what runs left whose process is gone, which nobody holds the lock of."""
    for lock in place.glob(f"*{LOCK}"):
        with contextlib.suppress(OSError), lock.open("r+") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
            lock.unlink(missing_ok=True)
