"""The parameters of notebooks: their defaults, their faults and their description."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from pydantic import ValidationError

from analysis.errors import InputError
from analysis.runs.parameters import (
    MODELS,
    PlacementGaps,
    check_all,
    check_parameters,
    describe_parameters,
)
from analysis.vocabulary import LANGUAGES, Contrast

MAIN = "03_placement_gaps"
OULAD = {"study": "oulad"}


def _parameters_of(notebook: Path) -> dict[str, Any]:
    """What the cell tagged "parameters" defines."""
    cells = nbformat.read(notebook, as_version=4).cells
    (cell,) = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    names: dict[str, Any] = {}
    exec(cell.source, {"__builtins__": {}}, names)
    return names


def test_every_notebook_has_a_model_and_every_model_a_notebook(repository: Path) -> None:
    notebooks = {path.stem for path in (repository / "notebooks").glob("*.ipynb")}
    assert notebooks == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_a_notebooks_cell_has_the_defaults_of_its_model(repository: Path, name: str) -> None:
    given = _parameters_of(repository / "notebooks" / f"{name}.ipynb")
    assert list(given) == list(MODELS[name].model_fields)
    assert check_parameters(name, given) == MODELS[name]()


@pytest.mark.parametrize("name", MODELS)
def test_defaults_go_to_a_notebook_and_come_back(name: str) -> None:
    """The runner passes plain values, which the notebook checks again."""
    plain = MODELS[name]().model_dump(mode="json")
    assert check_parameters(name, plain) == MODELS[name]()


def test_texts_of_a_parameter_file_get_their_types() -> None:
    given = OULAD | {"confidence": "0.9", "contrasts": ["any", "joint"], "cohort": "2013"}
    checked = check_parameters(MAIN, given)
    assert isinstance(checked, PlacementGaps)
    assert checked.confidence == 0.9
    assert checked.contrasts == (Contrast.ANY, Contrast.JOINT)
    assert checked.cohort == "2013"


def test_parameters_do_not_change_once_checked() -> None:
    checked = check_parameters(MAIN, {})
    with pytest.raises(ValidationError, match="frozen"):
        checked.cohort = "2013"  # type: ignore[misc]


def test_what_is_left_out_is_all(toy_study_file: Path) -> None:
    checked = PlacementGaps(study=str(toy_study_file))
    assert checked.asked_outcomes == ("graduated", "placed")
    assert checked.asked_covariates == ("gender", "age_band", "country")


def test_what_is_asked_for_is_asked_for(toy_study_file: Path) -> None:
    given = {"outcomes": ["placed"], "adjusters": ["education"], "mediators": ["funding"]}
    checked = check_parameters(MAIN, {"study": str(toy_study_file), **given})
    assert isinstance(checked, PlacementGaps)
    assert checked.asked_outcomes == ("placed",)
    assert checked.asked_covariates == ("education", "funding")
    none = check_parameters(MAIN, {"study": str(toy_study_file), "adjusters": []})
    assert isinstance(none, PlacementGaps)
    assert none.asked_covariates == ()


# A notebook's cell gives Python values, a parameter file texts: both must be refused.
FAULTS: list[tuple[dict[str, object], list[str]]] = [
    ({"confidense": 0.9}, ["'confidense'", "Did you mean 'confidence'?"]),
    ({"confidence": 1.0}, ["confidence", "less than 1"]),
    ({"confidence": True}, ["confidence"]),
    ({"confidence": 0.5}, ["confidence", "greater than 0.5"]),
    ({"confidence": float("nan")}, ["confidence"]),
    ({"confidence": None}, ["confidence"]),
    ({"confidence": "95%"}, ["confidence", "'95%'"]),
    ({"language": "de"}, ["language", "'en' or 'fr'"]),
    ({"language": None}, ["language"]),
    ({"cohort": 2013}, ["cohort", "2013"]),
    ({"cohort": "2012"}, ["cohort", "'2012'", "2013, 2014"]),
    ({"study": 7}, ["study", "7"]),
    ({"outcomes": "completed"}, ["outcomes", "'completed'"]),
    ({"outcomes": ["placed"]}, ["outcomes", "'placed'", "completed"]),
    ({"outcomes": ["completed", "completed"]}, ["outcomes", "completed"]),
    ({"contrasts": []}, ["contrasts"]),
    ({"contrasts": ["every"]}, ["contrasts", *Contrast]),
    ({"contrasts": ["any", "any"]}, ["contrasts", "any"]),
    ({"adjusters": ["gendr"]}, ["adjusters", "Did you mean 'gender'?"]),
    ({"adjusters": ["gender", "gender"]}, ["adjusters", "gender"]),
    ({"adjusters": ["disability"]}, ["adjusters", "'disability'"]),
    ({"mediators": ["gender"]}, ["mediators", "'gender'", "none"]),
    ({"errors": "hc9"}, ["errors", "'hc3'"]),
    ({"over": "everyone"}, ["over", "'all' or 'group'"]),
    ({"covariates": "free"}, ["covariates", "'fixed' or 'random'"]),
    ({"correction": "none"}, ["correction", "'holm'"]),
]


@pytest.mark.parametrize(("given", "words"), FAULTS, ids=lambda value: str(value)[:40])
def test_a_fault_is_told_with_what_is_admissible(
    given: dict[str, object], words: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        check_parameters(MAIN, OULAD | given)
    message = str(caught.value)
    for word in words:
        assert word in message
    assert describe_parameters(MAIN) in message


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        check_parameters(MAIN, {"confidence": 2, "language": "de", "colour": "red"})
    faults = str(caught.value).split("Valid parameters")[0]
    for name in ("confidence", "language", "'colour'"):
        assert name in faults


def test_an_unknown_study_lists_those_there_are() -> None:
    with pytest.raises(
        InputError, match=r"There is no study 'nope'\. Studies: openclassrooms, oulad"
    ):
        check_parameters(MAIN, {"study": "nope"})


def test_a_cohort_of_a_study_without_cohorts_is_refused(
    toy_study_text: str, tmp_path: Path
) -> None:
    cohort = 'cohort:\n  from: year\n  groups: {"2021": [2021], "2022": [2022]}\n'
    assert cohort in toy_study_text
    path = tmp_path / "plain.yml"
    path.write_text(toy_study_text.replace(cohort, ""), "utf-8")
    assert check_parameters(MAIN, {"study": str(path)}).cohort is None
    with pytest.raises(InputError, match="there is no '2021'; there are: all"):
        check_parameters(MAIN, {"study": str(path), "cohort": "2021"})


def test_errors_by_cluster_need_clusters(toy_study_text: str, tmp_path: Path) -> None:
    assert "cluster: [site]\n" in toy_study_text
    path = tmp_path / "plain.yml"
    path.write_text(toy_study_text.replace("cluster: [site]\n", ""), "utf-8")
    check_parameters(MAIN, {"study": str(path), "errors": "hc2"})
    with pytest.raises(InputError, match="declares no clusters"):
        check_parameters(MAIN, {"study": str(path), "errors": "cluster"})


def test_the_cohort_left_out_is_the_studys_default(toy_study_file: Path) -> None:
    assert check_parameters(MAIN, {}).asked_cohort == "2022"
    assert check_parameters(MAIN, {"cohort": "2021"}).asked_cohort == "2021"
    assert check_parameters(MAIN, {"cohort": "all"}).asked_cohort is None
    assert check_parameters(MAIN, {"study": str(toy_study_file)}).asked_cohort is None


def test_a_variant_is_asked_for_with_its_study() -> None:
    study = check_parameters(MAIN, {"study": "openclassrooms+zrr"}).loaded
    assert "zrr" in study.categories["underserved_area"].known_in
    with pytest.raises(InputError, match=r"no variant 'nope'\. Variants: zrr, statutory_refugees"):
        check_parameters(MAIN, {"study": "openclassrooms+nope"})


def test_faults_of_all_notebooks_are_told_with_the_parameters_of_all() -> None:
    with pytest.raises(InputError) as caught:
        check_all({"colour": "red", "errors": "hc9", "confidence": 2}, list(MODELS))
    faults, valid = str(caught.value).split("Valid parameters")
    for word in ("there is no 'colour'", "  errors: ", "  confidence: "):
        assert faults.count(word) == 1
    for model in MODELS.values():
        for field in model.model_fields:
            assert valid.count(f"\n  {field} = ") == 1


def test_parameters_go_to_every_notebook_that_knows_them() -> None:
    checked = check_all({"language": "fr"}, list(MODELS))
    assert set(checked) == set(MODELS)
    assert {one.language for one in checked.values()} == {"fr"}


def test_a_parameter_that_no_notebook_knows_is_refused() -> None:
    with pytest.raises(InputError, match="there is no 'colour'"):
        check_all({"colour": "red"}, list(MODELS))


@pytest.mark.parametrize("name", ["99_nope", "", f"{MAIN}.ipynb"])
def test_an_unknown_notebook_lists_those_there_are(name: str) -> None:
    with pytest.raises(InputError) as caught:
        check_all({}, [MAIN, name])
    assert f"There is no notebook {name!r}" in str(caught.value)
    assert MAIN in str(caught.value).split("Notebooks:")[1]


@pytest.mark.parametrize("name", MODELS)
def test_the_description_has_a_line_for_each_parameter(name: str) -> None:
    lines = describe_parameters(name).splitlines()
    fields = MODELS[name].model_fields
    assert len(lines) == len(fields)
    for line, (field, info) in zip(lines, fields.items(), strict=True):
        assert info.description
        assert line.startswith(f"  {field} = ")
        assert info.description in line


def test_the_description_gives_defaults_as_yaml_and_what_is_admissible() -> None:
    text = describe_parameters(MAIN)
    assert "study = openclassrooms:" in text
    assert "cohort = null:" in text
    assert "outcomes = []:" in text
    assert f"contrasts = [{', '.join(Contrast)}]:" in text
    assert f"(one of: {', '.join(LANGUAGES)})" in text
    assert f"which comparisons (one of: {', '.join(Contrast)})" in text
    assert "confidence = 0.95:" in text
    assert "(between 0.5 and 1)" in text
