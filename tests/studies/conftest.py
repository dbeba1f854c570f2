"""The made-up study with a part of its file changed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.studies import Study, load_study

Change = tuple[str, str]
LoadChanged = Callable[..., Study]


@pytest.fixture
def load_changed(toy_study_text: str, tmp_path: Path) -> LoadChanged:
    """Load the made-up study after replacing texts of its file, each of which stands there."""

    def load(*changes: Change) -> Study:
        text = toy_study_text
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        path = tmp_path / "changed.yml"
        path.write_text(text, encoding="utf-8")
        return load_study(str(path))

    return load
