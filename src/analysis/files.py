"""Hashing, staging and atomic replacement of files and folders."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import yaml

from analysis.errors import InputError

BLOCK_BYTES = 1 << 20


def project_root(start: Path | None = None) -> Path:
    """Folder of the repository: the nearest one above `start` that holds `notebooks/`.

    Parameters
    ----------
    start
        Where to begin; the working directory when not given.

    Raises
    ------
    InputError
        If no folder above `start` looks like the repository.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "pyproject.toml").is_file() and (folder / "notebooks").is_dir():
            return folder
    raise InputError(
        f"{here} is not inside the placement-gaps repository. Change to the folder that holds "
        "the Makefile and try again."
    )


def data_folder(root: Path) -> Path:
    """The folder of processed tables of a repository."""
    return root / "data" / "processed"


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def tree_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below `folder`, by its path relative to it, in sorted order."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in paths}


class _TextLoader(yaml.SafeLoader):
    """Reads every plain scalar as text, except null: "no", "007" and "20-10" stay what they are."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Refuse a name that stands twice, of which YAML would silently take the last."""
        names = [key.value for key, _ in node.value]
        for name in names:
            if names.count(name) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{name!r} stands twice", node.start_mark
                )
        return super().construct_mapping(node, deep)


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith(":null")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(path: Path) -> dict[str, object]:
    """Read a YAML file that maps names to values, every scalar a text or null.

    Raises
    ------
    InputError
        If the file can't be read, is not YAML, or is not such a mapping.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_TextLoader)  # noqa: S506
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(f"{path}: must map names to values, such as “name: value”")
    return {str(name): value for name, value in content.items()}


def canonical_json(content: object) -> str:
    """JSON text that depends on the content alone: sorted keys, fixed layout, one last newline."""
    return json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


@contextlib.contextmanager
def staged_file(target: Path) -> Iterator[Path]:
    """Give a path beside `target` to write to, and rename it to `target` once the block succeeds.

    A crash at any moment leaves the old file or the new one, never a part of one.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".staged-", suffix=target.suffix)
    os.close(handle)
    staged = Path(name)
    try:
        yield staged
        staged.chmod(0o644)  # mkstemp makes files private, which others of the team can't read
        staged.replace(target)
    finally:
        staged.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with staged_file(target) as staged:
        staged.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder to fill, and publish it as `target` once the block succeeds.

    A folder that has content can't be replaced in one step, a symbolic link can: `target` is a
    relative link into `.versions/` beside it, and publishing replaces the link. A crash at any
    moment leaves `target` as it was or as it will be; what a killed run left behind is removed
    by the next one.

    Raises
    ------
    InputError
        If another process is filling the same target, or a real folder stands in its place.
    """
    if target.exists() and not target.is_symlink():
        raise InputError(f"{target} is a folder that this program did not make; move it away.")
    target = target.absolute()
    versions = target.parent / ".versions"
    versions.mkdir(parents=True, exist_ok=True)
    with _only_one(versions / f"{target.name}.lock", target):
        current = target.resolve() if target.is_symlink() else None
        _remove_versions(versions, target.name, keep=current)
        version = Path(tempfile.mkdtemp(dir=versions, prefix=f"{target.name}@"))
        version.chmod(0o755)
        try:
            yield version
        except BaseException:
            shutil.rmtree(version, ignore_errors=True)
            raise
        link = versions / f"{target.name}.link"
        link.unlink(missing_ok=True)
        link.symlink_to(version.relative_to(target.parent))
        link.replace(target)
        _remove_versions(versions, target.name, keep=version)


def _remove_versions(versions: Path, name: str, keep: Path | None) -> None:
    for folder in versions.glob(f"{name}@*"):
        if folder.resolve() != (keep and keep.resolve()):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _only_one(lock: Path, target: Path) -> Iterator[None]:
    """Hold an advisory lock, which the system frees even when the process is killed."""
    with lock.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"Another run is writing {target}. Wait for it to end and try again."
            ) from None
        yield
