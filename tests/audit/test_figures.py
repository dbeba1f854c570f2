"""Printed figures: their intervals, what could be printed instead, and faults by row."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.audit.figures import Figure, Printed, merge, published_files, read_printed
from analysis.errors import InputError

Make = Callable[..., Figure]
HEADER = "measure,group,period,relation,value,unit,rounding,section,source,reading\n"
ROW = "share,refugee,2022,equal,0.6,percent of students,0.1,Table,Refugees,\n"


@pytest.mark.parametrize(
    ("value", "unit", "rounding", "relation", "low", "high"),
    [
        (68, "percent", 1, "equal", 67.5, 68.5),
        (0.6, "percent", 0.1, "equal", 0.55, 0.65),
        (10_915, "persons", 1, "equal", 10_915, 10_915),
        (287_000, "persons", 1000, "equal", 286_500, 287_500),
        (32, "kg CO2e", 1, "equal", 31.5, 32.5),
        (11_000, "persons", 1000, "more_than", 11_001, math.inf),
        (11_000, "persons", 1000, "less_than", -math.inf, 10_999),
        (11.5, "percent", 0.1, "more_than", 11.5, math.inf),
        (50, "paths", 10, "at_least", 50, math.inf),
        (8, "percent", 1, "less_than", -math.inf, 8),
        (300_000, "persons", 100_000, "almost", 200_000, 300_000),
        (12, "projects", 1, "about", 11, 13),
    ],
)
def test_the_interval_follows_from_rounding_and_relation(
    make: Make, value: float, unit: str, rounding: float, relation: str, low: float, high: float
) -> None:
    figure = make("share", "all", value, unit, rounding, relation)
    assert figure.interval == pytest.approx((low, high))


@pytest.mark.parametrize(
    ("value", "unit", "rounding", "relation", "low", "high", "wanted"),
    [
        (68, "percent", 1, "equal", 66.88, 66.88, 67),
        (36, "percent", 1, "equal", 0, 32.5, 32),
        (36, "percent", 1, "equal", 32.5, 32.5, 33),
        (36, "percent", 1, "equal", 21.5, 21.6, 22),
        (19, "percent", 1, "equal", 20.5, 30, 21),
        (10_915, "persons", 1, "equal", 11_001, 12_000, 11_001),
        (36, "percent", 1, "equal", 36.2, 50, 36),
        (47, "percent", 1, "equal", 210.74, 210.74, 211),
        (10_915, "persons", 1, "equal", 10_656.9, 10_814.8, 10_814),
        (10_915, "persons", 1, "equal", 10_915.2, 10_915.8, None),
        (11_000, "persons", 1000, "more_than", 10_915, 10_915, 10_000),
        (0.6, "percent", 0.1, "equal", 0.66, 0.7, 0.7),
        (5, "percent", 1, "less_than", 7.2, 9, 8),
        (5, "percent", 1, "equal", -20, -10, None),
    ],
)
def test_the_nearest_printable_value_agrees_with_the_range(
    make: Make,
    value: float,
    unit: str,
    rounding: float,
    relation: str,
    low: float,
    high: float,
    wanted: float | None,
) -> None:
    assert make("share", "all", value, unit, rounding, relation).printable(low, high) == wanted


@given(
    step=st.integers(0, 400),
    rounding=st.sampled_from([0.1, 1.0, 10.0]),
    relation=st.sampled_from(["equal", "about", "almost", "more_than", "less_than"]),
    low=st.floats(0, 300),
    width=st.floats(0.0, 50),
)
def test_no_nearer_value_shares_more_than_an_end(
    make: Make, step: int, rounding: float, relation: str, low: float, width: float
) -> None:
    figure = make("share", "all", round(step * rounding, 9), "percent", rounding, relation)
    below, above = figure.room
    values = [round(other * rounding, 9) for other in range(4100)]
    hair = 1e-7 * max(1, figure.value)

    def fits(room: float) -> list[float]:
        high = low + width + room
        return [one for one in values if one + below <= high and one + above >= low - room]

    # One that shares an end only is good enough if it is printed already, or there is no other.
    agreeing = fits(hair)
    if figure.value not in agreeing:
        agreeing = fits(-hair) or agreeing
    nearest = min((abs(one - figure.value) for one in agreeing), default=None)
    found = figure.printable(low, low + width)
    assert (found is None) == (nearest is None)
    if found is not None:
        assert abs(found - figure.value) == pytest.approx(nearest)


def test_what_is_printed_several_times_is_one_figure(published: Printed) -> None:
    (figure,) = [
        one for one in published.figures if (one.measure, one.group) == ("share", "underserved")
    ]
    assert figure.value == 79
    assert [place.row for place in figure.places] == [34, 35, 36]
    assert len(merge((*published.figures, figure))) == len(published.figures)


def test_goals_are_no_figures(published: Printed, repository: Path) -> None:
    assert not [one for one in published.figures if one.value == 500_000]
    goals = published_files(repository, 2022)[0].with_name("targets.csv")
    assert read_printed([goals]) == Printed(())


def test_definitions_are_read_beside_figures(published: Printed) -> None:
    placement = [one for one in published.definitions if one.measure == "placement_rate"]
    assert {one.group for one in placement} == {"graduates", "respondents"}


def _write(folder: Path, *rows: str) -> Path:
    path = folder / "draft.csv"
    path.write_text(HEADER + "".join(rows), "utf-8")
    return path


def test_units_are_read_without_of_what(tmp_path: Path) -> None:
    (figure,) = read_printed([_write(tmp_path, ROW)]).figures
    assert (figure.unit, figure.places[0].row) == ("percent", 2)


@pytest.mark.parametrize(
    ("found", "put", "words"),
    [
        ("0.6,", "-0.6,", "row 3, value = -0.6: must not be below 0"),
        ("0.6,", "0.65,", r"row 3, value = 0.65: has more digits than its rounding 0.1"),
        ("0.6,", "inf,", "row 3, value, rounding: must be finite"),
        ("share,", "growth,", "row 3, period = '2022': growth is from a year to a later one"),
        (
            "share,refugee,2022,equal,0.6,percent of students",
            "growth,all,2021 to 2022,equal,2,times",
            "row 3, unit = 'times': growth is in percent",
        ),
        ("2022", "2022 to 2021", "row 3, period = '2022 to 2021': the first year"),
        ("equal", "exactly", "row 3, relation = 'exactly'"),
        (",percent of students,0.1", ",,0.1", "row 3, a value has a unit and a rounding"),
    ],
)
def test_faults_are_told_by_their_row(tmp_path: Path, found: str, put: str, words: str) -> None:
    path = _write(tmp_path, ROW, ROW.replace(found, put))
    with pytest.raises(InputError, match=words) as caught:
        read_printed([path])
    assert str(path) in str(caught.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = _write(tmp_path, ROW.replace("0.6", "-1"), ROW, ROW.replace("0.6", "0.61"))
    with pytest.raises(InputError, match=r"row 2, .*\n  row 4, "):
        read_printed([path])


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00a", b'a,b\n"1,2\n3,4,5,6\n'])
def test_what_is_no_csv_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "draft.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"draft\.csv"):
        read_printed([path])


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read as a CSV file"):
        read_printed([tmp_path / "nowhere.csv"])


def test_a_year_without_published_figures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no published figures in .*1999"):
        published_files(tmp_path, 1999)
