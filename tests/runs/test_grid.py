"""Grids: what they expand to, and every fault told before anything starts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.errors import InputError
from analysis.runs.grid import Grid, read_grid
from analysis.studies import Study

Read = Callable[..., Grid]


@pytest.fixture
def read(tmp_path: Path, toy_study_file: Path) -> Read:
    """Read a grid of the text given, which may name the study "bootcamp"."""

    def make(text: str, **given: object) -> Grid:
        path = tmp_path / "grid.yaml"
        path.write_text(text.replace("bootcamp", str(toy_study_file)), encoding="utf-8")
        return read_grid(path, given)

    return make


def told(grid: Grid, *names: str) -> list[tuple[str, ...]]:
    return [tuple(run.told(name) for name in names) for run in grid.runs]


def test_a_product_is_every_combination_but_those_excluded_and_runs_follow(read: Read) -> None:
    grid = read(
        """
        name: all-kinds
        product:
          study: [bootcamp]
          cohort: ["2021", "2022"]
          errors: [hc1, hc2]
        runs:
          - {study: bootcamp, outcomes: [placed], confidence: 0.9}
        exclude:
          - {cohort: "2021", errors: hc2}
        """
    )
    assert told(grid, "cohort", "errors", "outcomes") == [
        ("2021", "hc1", "graduated, placed"),
        ("2022", "hc1", "graduated, placed"),
        ("2022", "hc2", "graduated, placed"),
        ("all", "auto", "placed"),
    ]
    assert [run.number for run in grid.runs] == [1, 2, 3, 4]
    assert grid.runs[3].folder == "runs/004"
    assert grid.notebooks == ("03_placement_gaps",)
    assert grid.constant == {"study": "bootcamp"}
    assert grid.varying == {
        "cohort": ["2021", "2022", "all"],
        "errors": ["hc1", "hc2", "auto"],
        "outcomes": ["graduated, placed", "placed"],
        "confidence": ["0.95", "0.9"],
    }


def test_values_that_are_lists_are_one_value_each(read: Read) -> None:
    grid = read(
        "name: a\nproduct: {study: [bootcamp], adjusters: [[gender], [gender, country], null]}"
    )
    adjusters = [run.told("adjusters") for run in grid.runs]
    assert adjusters[:2] == ["gender", "gender, country"]
    assert "gender" in adjusters[2]
    assert len(adjusters) == 3


def test_what_the_command_line_gives_goes_to_every_run(read: Read) -> None:
    text = "name: a\nproduct: {study: [bootcamp], errors: [hc1, hc2]}"
    assert told(read(text, audience="public"), "audience") == [("public",)] * 2
    with pytest.raises(InputError, match="errors: given on the command line and in the grid"):
        read(text, errors="hc3")


def test_every_fault_of_every_run_is_told_at_once(read: Read) -> None:
    with pytest.raises(InputError) as refused:
        read(
            """
            name: wrong
            product:
              study: [bootcamp]
              cohort: ["2021", "2030"]
              errors: [hc1, hc9]
            runs:
              - {study: bootcamp, confidence: 2, outcome: [placed]}
              - {study: nowhere}
            exclude:
              - {cohort: "1999"}
              - {}
            """
        )
    said = str(refused.value)
    for fault in (
        "exclude {cohort: 1999}: excludes nothing of the product",
        "exclude {}: excludes nothing of the product",
        # What a run gives wrongly twice is told twice: one fault doesn't hide the other.
        "2 runs: 2, 4: errors: Input should be 'auto'",
        "2 runs: 3, 4: cohort: there is no '2030'; there are: 2021, 2022, all",
        "run 5: confidence: Input should be less than 1",
        "run 5: there is no 'outcome'",
        "Did you mean 'outcomes'?",
        "run 6: There is no study 'nowhere'",
    ):
        assert fault in said
    assert said.count("Valid parameters:") == 1


def test_runs_that_are_the_same_are_told(read: Read) -> None:
    with pytest.raises(InputError) as refused:
        read(
            """
            name: twice
            product: {study: [bootcamp], confidence: ["0.9", "0.90"]}
            runs:
              - {study: bootcamp, confidence: 0.9, cohort: all, language: fr}
              - {study: bootcamp, confidence: 0.9, outcomes: [graduated, placed]}
            """
        )
    for number in (2, 3, 4):
        assert f"run {number}: the same as run 1" in str(refused.value)


def test_adjusters_left_out_are_the_same_as_those_of_the_study(
    read: Read, toy_study: Study
) -> None:
    own = ", ".join(toy_study.default_adjusters())
    text = f"name: a\nproduct: {{study: [bootcamp], adjusters: [null, [{own}]]}}"
    with pytest.raises(InputError, match="run 2: the same as run 1"):
        read(text)


def test_two_studies_of_one_name_are_refused(
    read: Read, tmp_path: Path, toy_study_file: Path
) -> None:
    other = tmp_path / "other.yml"
    text = toy_study_file.read_text("utf-8")
    other.write_text(text.replace("Bootcamp of", "Camp of"), "utf-8")
    copy = tmp_path / "copy.yml"
    copy.write_text(text, "utf-8")
    with pytest.raises(InputError, match="another study of this grid is called"):
        read(f"name: a\nproduct: {{study: [bootcamp, {other}]}}")
    with pytest.raises(InputError, match="run 2: the same as run 1"):
        read(f"name: a\nproduct: {{study: [bootcamp, {copy}]}}")


def test_a_product_beyond_reason_is_refused_before_it_is_made(read: Read) -> None:
    ten = list(range(10))
    product = ", ".join(f"p{number}: {ten}" for number in range(12))
    with pytest.raises(InputError, match="1,000,000,000,000 combinations, of 10,000 at most"):
        read(f"name: a\nproduct: {{{product}}}")


def test_a_notebook_runs_once_where_only_others_are_varied(read: Read) -> None:
    grid = read(
        """
        name: two
        notebooks: [03_placement_gaps, 06_time_to_placement]
        product: {study: [bootcamp], outcomes: [[graduated], [placed]]}
        """
    )
    assert [run.notebook for run in grid.runs] == [
        "03_placement_gaps",
        "06_time_to_placement",
        "03_placement_gaps",
    ]
    assert told(grid, "outcomes") == [("graduated",), ("",), ("placed",)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name: a", "no run is left"),
        ("product: {confidence: [0.9]}", "name: Field required"),
        ("name: A b\nruns: [{}]", "name: String should match"),
        ("name: runs\nruns: [{}]", "'runs' is taken"),
        ("name: a\nproduct: {errors: hc1}", "product.errors: Input should be a valid list"),
        ("name: a\nproduct: {errors: []}", "errors: no value"),
        ("name: a\nproduct: {errors: [hc1, hc1]}", "errors: 'hc1' stands twice"),
        ("name: a\nnotebooks: [nothing]\nruns: [{}]", "there is no 'nothing'"),
        ("name: a\nnotebooks: []\nruns: [{}]", "notebooks: Tuple should have at least 1 item"),
        ("name: a\nrun: [{}]", "run: Extra inputs are not permitted"),
        (
            "name: a\nproduct: {study: [bootcamp]}\nexclude: [{study: bootcamp}]",
            "no run is left",
        ),
    ],
)
def test_a_file_that_is_no_grid_is_refused(read: Read, text: str, fault: str) -> None:
    with pytest.raises(InputError) as refused:
        read(text)
    assert fault in str(refused.value)


def test_names_of_studies_are_those_that_results_may_tell(
    tmp_path: Path, toy_study_file: Path
) -> None:
    path = tmp_path / "grid.yaml"
    path.write_text("name: a\nproduct: {study: [elsewhere]}")
    grid = read_grid(path, place=lambda _: str(toy_study_file))
    assert grid.runs[0].parameters.study == str(toy_study_file)
    assert grid.runs[0].told("study") == "bootcamp"


@pytest.mark.parametrize(
    ("path", "runs"), [("docs/sweep-example.yaml", 11), ("benchmarks/sweep-96.yaml", 96)]
)
def test_the_grids_of_the_repository_are_sound(path: str, runs: int) -> None:
    assert len(read_grid(Path(__file__).parents[2] / path).runs) == runs
