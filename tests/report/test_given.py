"""Parameters of an executed notebook: the last cell that sets one counts."""

from pathlib import Path

import nbformat
import pytest

from analysis.report.contents import Contents
from analysis.report.given import given_parameter
from analysis.studies import Study
from analysis.vocabulary import Audience


@pytest.fixture
def contents(tmp_path: Path, toy_study: Study) -> Contents:
    tagged = {
        "parameters": 'study = "toy"\nconfidence = 0.95\nmediators = []',
        "injected-parameters": "# Parameters\nconfidence = 0.9",
        "other": "confidence = 0.5\nelsewhere = 1",
    }
    cells = [
        nbformat.v4.new_code_cell(text, metadata={"tags": [tag]}) for tag, text in tagged.items()
    ]
    (tmp_path / "notebooks").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks" / "toy.ipynb")
    return Contents(tmp_path, toy_study, None, Audience.INTERNAL, ("toy",))


@pytest.mark.parametrize(
    ("name", "value"), [("confidence", 0.9), ("study", "toy"), ("mediators", [])]
)
def test_the_last_cell_of_parameters_counts(contents: Contents, name: str, value: object) -> None:
    assert given_parameter(contents, "toy", name) == value


def test_what_is_no_parameter_is_not_found(contents: Contents) -> None:
    with pytest.raises(KeyError):
        given_parameter(contents, "toy", "elsewhere")
