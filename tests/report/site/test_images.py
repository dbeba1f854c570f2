"""Sizes of images, from their header."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from analysis.report.site.images import png_size


def test_size_is_that_of_the_header(tmp_path: Path) -> None:
    Figure(figsize=(3, 2)).savefig(tmp_path / "a.png", dpi=50)
    assert png_size(tmp_path / "a.png") == (150, 100)


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("<svg/>")
    with pytest.raises(ValueError, match="no PNG"):
        png_size(tmp_path / "a.png")
