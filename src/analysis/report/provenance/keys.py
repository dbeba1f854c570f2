"""Content keys: what a file says of itself, and what its sidecar, words and data say."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pikepdf
from PIL import Image, UnidentifiedImageError

from analysis.figures.place import KEY_FIELDS, KEY_PREFIX, METADATA, Place
from analysis.report.provenance.pack import Fault, Pack

KEY = re.compile(re.escape(KEY_PREFIX) + r"([0-9a-f]{64})")
ELEMENT = re.compile(rb"<dc:identifier>\s*([^<]*?)\s*</dc:identifier>")


def read_key(name: str, content: bytes) -> str | None:
    """The content key in a figure's own metadata, or in a sidecar.

    Parameters
    ----------
    name
        The file's name; its ending says how to read it.
    content
        The file's bytes.

    Returns
    -------
    str or None
        The key, in hexadecimal; None if the file has none, or is damaged.
    """
    kind = PurePosixPath(name).suffix.lower().lstrip(".")
    readers = {"svg": _svg_key, "png": _png_key, "pdf": _pdf_key, "json": _sidecar_key}
    return readers[kind](content) if kind in readers else None


def key_faults(pack: Pack, runs: Mapping[str, str]) -> Iterator[Fault]:
    """Compare the keys of figures and tables with what they are made of.

    A key is made of run, words and data, so a caption or a number that was changed no longer
    fits it, even where all hashes were computed again.

    Parameters
    ----------
    pack
        The pack.
    runs
        Content key of each notebook's run.
    """
    for name in sorted(pack.openers):
        folder, _, file = name.partition("/")
        if not file.endswith(".json") or folder not in ("figures", "tables"):
            continue
        try:
            told = json.loads(pack.read(name))
            yield from (_figure_faults if folder == "figures" else _table_faults)(pack, name, told)
            if runs.get(told["notebook"], told["run"]) != told["run"]:
                yield Fault("key", name, f"is of another run than that of {told['notebook']}")
        except (OSError, ValueError, KeyError, TypeError):
            yield Fault("key", name, "can't be followed to its words and data")


def _figure_faults(pack: Pack, name: str, told: dict[str, Any]) -> Iterator[Fault]:
    text = pack.read(f"figures/{told['id']}.csv").decode()
    words = [told["language"], told["title"], told["caption"], told["alt"]]
    made = _place(told).content_key(told["id"], *words, text)
    if made != told["key"]:
        yield Fault("key", name, "is not made of this run, these words and these data")
    for kind in METADATA:
        file = f"{name.removesuffix('.json')}.{kind}"
        if file in pack.openers and read_key(file, pack.read(file)) != told["key"]:
            yield Fault("key", file, "is not the one of its sidecar")


def _table_faults(pack: Pack, name: str, told: dict[str, Any]) -> Iterator[Fault]:
    text = pack.read(f"tables/{told['id']}.csv").decode()
    if _place(told).content_key(told["id"], text) != told["key"]:
        yield Fault("key", name, "is not made of this run and these data")


def _place(told: dict[str, Any]) -> Place:
    return Place(Path(), told["notebook"], told["run"])


def _svg_key(content: bytes) -> str | None:
    found = ELEMENT.search(content)
    return _stated(found[1].decode("utf-8", "replace")) if found else None


def _png_key(content: bytes) -> str | None:
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            return _stated(str(image.info.get(KEY_FIELDS["png"], "")))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return None


def _pdf_key(content: bytes) -> str | None:
    try:
        with pikepdf.open(io.BytesIO(content)) as document:
            return _stated(str(document.docinfo.get(f"/{KEY_FIELDS['pdf']}", "")))
    except pikepdf.PdfError:
        return None


def _sidecar_key(content: bytes) -> str | None:
    try:
        told = json.loads(content)
    except ValueError:
        return None
    key = told.get("key") if isinstance(told, dict) else None
    return _stated(f"{KEY_PREFIX}{key}")


def _stated(text: str) -> str | None:
    found = KEY.fullmatch(text)
    return found[1] if found else None
