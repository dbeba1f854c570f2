"""Files of a figure: complete, described, and the same bytes on every repetition."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pikepdf
import pytest
from matplotlib.figure import Figure
from PIL import Image

from analysis.figures.place import KEY_FIELDS, KEY_PREFIX, Place
from analysis.figures.save import save_figure, save_table
from analysis.figures.theme import Words, frame
from analysis.files import tree_hashes

WORDS = Words("Finding", "Measure", "Note", "Source: toy.", "Caption", "Alternative text")
DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
DATA = pd.DataFrame({"x": [1.0, 2.0], "group": ["a", "b"]})


def draw() -> Figure:
    figure, (axes,) = frame(WORDS, 1.5)
    axes.plot([0.0, 1.0], [0.0, 1.0], marker="o")
    return figure


def save(
    folder: Path,
    *,
    run: str = "run",
    name: str = "toy",
    title: str = WORDS.headline,
    caption: str = WORDS.caption,
    alt: str = WORDS.alt,
    data: pd.DataFrame = DATA,
    language: str = "en",
) -> Path:
    return save_figure(
        draw(),
        name,
        title,
        caption,
        alt,
        data,
        ["toy"],
        language=language,
        place=Place(folder, "03_toy", run),
    )


def carried(png: Path) -> dict[str, str]:
    """The key that each file of a figure carries."""
    with Image.open(png) as image:
        keys = {"png": image.info["Identifier"]}
    with pikepdf.open(png.with_suffix(".pdf")) as pdf:
        keys["pdf"] = str(pdf.docinfo["/Keywords"])
    (identifier,) = ElementTree.parse(png.with_suffix(".svg")).iter(DUBLIN_CORE + "identifier")
    keys["svg"] = str(identifier.text)
    return keys


def key_of(png: Path) -> str:
    """The key that all files of a figure carry, and its sidecar."""
    key: str = json.loads(png.with_suffix(".json").read_text("utf-8"))["key"]
    assert carried(png) == dict.fromkeys(KEY_FIELDS, KEY_PREFIX + key)
    return key


def test_writes_every_format_with_data_and_words(tmp_path: Path) -> None:
    png = save(tmp_path)
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert names == {"toy.csv", *(f"toy.en.{kind}" for kind in ("svg", "png", "pdf", "json"))}
    with Image.open(png) as image:
        assert min(image.info["dpi"]) > 199
    assert pd.read_csv(png.with_name("toy.csv")).equals(DATA)
    assert json.loads(png.with_suffix(".json").read_text("utf-8")) == {
        "id": "toy",
        "language": "en",
        "title": WORDS.headline,
        "caption": WORDS.caption,
        "alt": WORDS.alt,
        "sources": ["toy"],
        "notebook": "03_toy",
        "run": "run",
        "key": key_of(png),
    }


def test_every_file_carries_the_content_key(tmp_path: Path) -> None:
    key = key_of(save(tmp_path))
    assert re.fullmatch("[0-9a-f]{64}", key)
    # An absolute URI (RFC 3986, section 4.3), as Dublin Core's identifier should be.
    assert re.fullmatch(r"[a-z][a-z0-9+.-]*:", KEY_PREFIX)


@pytest.mark.parametrize(
    "changed",
    [
        {"run": "another run"},
        {"name": "another"},
        {"title": "Another finding"},
        {"caption": "Another caption"},
        {"alt": "Another text"},
        {"data": DATA.assign(x=[1.0, 2.1])},
        {"language": "fr"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_the_key_changes_with_what_the_figure_is_made_of(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    assert key_of(save(tmp_path / "one")) != key_of(save(tmp_path / "other", **changed))


def test_the_key_does_not_change_with_the_place_or_the_time(tmp_path: Path) -> None:
    assert key_of(save(tmp_path / "here")) == key_of(save(tmp_path / "there"))
    # Where one text ends and the next begins is a part of the key.
    place = Place(tmp_path, "03_toy", "run")
    assert place.content_key("toy", "ab", "c") != place.content_key("toy", "a", "bc")


def test_text_stays_text_in_svg(tmp_path: Path) -> None:
    svg = save(tmp_path).with_suffix(".svg").read_text("utf-8")
    assert ">Finding</text>" in svg
    assert "<dc:date>" not in svg


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_refuses_an_empty_alternative_text(tmp_path: Path, alt: str) -> None:
    with pytest.raises(ValueError, match="alternative text"):
        save(tmp_path, alt=alt)
    assert not list(tmp_path.iterdir())


def test_bytes_depend_on_content_alone(tmp_path: Path) -> None:
    save(tmp_path / "here")
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]);"
        "import test_save; test_save.save(Path(sys.argv[2]))"
    )
    # Another process, another time and another order of hashing.
    subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path / "there")],
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "1", "TZ": "Asia/Tokyo"},
    )
    assert tree_hashes(tmp_path / "here") == tree_hashes(tmp_path / "there")


def test_table_is_written_twice_over(tmp_path: Path) -> None:
    place = Place(tmp_path, "03_toy", "run")
    save_table(DATA, "gaps", place)
    assert pd.read_parquet(tmp_path / "tables" / "gaps.parquet").equals(DATA)
    assert pd.read_csv(tmp_path / "tables" / "gaps.csv").equals(DATA)
    made = json.loads((tmp_path / "tables" / "gaps.json").read_text("utf-8"))
    assert made == {"id": "gaps", "notebook": "03_toy", "key": made["key"], "run": "run"}
    save_table(DATA, "gaps", place, synthetic=True)
    marked = json.loads((tmp_path / "tables" / "gaps.json").read_text("utf-8"))
    assert marked["key"] != made["key"]
    assert set(pd.read_csv(tmp_path / "tables" / "gaps.csv")["data"]) == {"SYNTHETIC"}
