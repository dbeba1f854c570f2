"""Files of a figure: complete, described, and the same bytes on every repetition."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from analysis.figures.save import save_figure, save_table
from analysis.figures.theme import Words, frame
from analysis.files import tree_hashes

WORDS = Words("Finding", "Measure", "Note", "Source: toy.", "Caption", "Alternative text")
DATA = pd.DataFrame({"x": [1.0, 2.0], "group": ["a", "b"]})


def draw() -> Figure:
    figure, (axes,) = frame(WORDS, 1.5)
    axes.plot([0.0, 1.0], [0.0, 1.0], marker="o")
    return figure


def save(folder: Path, alt: str = WORDS.alt) -> Path:
    return save_figure(
        draw(),
        "toy",
        WORDS.headline,
        WORDS.caption,
        alt,
        DATA,
        ["toy"],
        language="en",
        folder=folder,
    )


def test_writes_every_format_with_data_and_words(tmp_path: Path) -> None:
    png = save(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"toy.csv", *(f"toy.en.{kind}" for kind in ("svg", "png", "pdf", "json"))}
    with Image.open(png) as image:
        assert min(image.info["dpi"]) > 199
    assert pd.read_csv(tmp_path / "toy.csv").equals(DATA)
    assert json.loads((tmp_path / "toy.en.json").read_text("utf-8")) == {
        "id": "toy",
        "language": "en",
        "title": WORDS.headline,
        "caption": WORDS.caption,
        "alt": WORDS.alt,
        "sources": ["toy"],
    }


def test_text_stays_text_in_svg(tmp_path: Path) -> None:
    save(tmp_path)
    svg = (tmp_path / "toy.en.svg").read_text("utf-8")
    assert ">Finding</text>" in svg
    assert "<dc:date>" not in svg


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_refuses_an_empty_alternative_text(tmp_path: Path, alt: str) -> None:
    with pytest.raises(ValueError, match="alternative text"):
        save(tmp_path, alt)
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
    save_table(DATA, "gaps", tmp_path)
    assert pd.read_parquet(tmp_path / "tables" / "gaps.parquet").equals(DATA)
    assert pd.read_csv(tmp_path / "tables" / "gaps.csv").equals(DATA)
