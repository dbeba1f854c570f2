"""The tornado: how far each input moves a result, by hand."""

import pytest

from analysis.estimate.results import read_note
from analysis.impact.measures import measure_table
from analysis.impact.simulation import Assumed, Estimated, Inputs, Result, Values
from analysis.impact.social import Simulation
from analysis.impact.tornado import FALLS, tornado_rows

WORTH = Result("worth", "all", 5)
HOW = Simulation(1000, 1, 0.95, "2022", "a source")
INPUTS: Inputs = {
    "price": Assumed(10, 9, 12, illustrative=False),
    "lost": Assumed(0.5, 0.1, 0.6, illustrative=False),
    "sold": Estimated(100, 90, 110, 0.95, 40),
    "weather": Assumed(1, 0, 9, illustrative=True),
}


def formulas(values: Values) -> dict:
    return {
        WORTH: values["price"] * (1 - values["lost"]) * values["sold"],
        Result("rain", "all", 5): values["weather"],
    }


def test_each_input_moves_to_its_ends_by_hand() -> None:
    rows = {row["group"]: row for row in tornado_rows(INPUTS, formulas, WORTH, HOW)}
    ends = {name: (row["ci_low"], row["ci_high"]) for name, row in rows.items()}
    # 10 × 0.5 × 100 are 500: 450 and 600, 900 and 400, 450 and 550.
    assert ends == {
        "input_price": pytest.approx((-50, 100)),
        "input_lost": pytest.approx((-100, 400)),
        "input_sold": pytest.approx((-50, 50)),
    }


def test_the_strongest_stands_first() -> None:
    rows = tornado_rows(INPUTS, formulas, WORTH, HOW)
    assert [row["group"] for row in rows] == ["input_lost", "input_price", "input_sold"]


def test_what_lowers_the_result_says_so() -> None:
    rows = tornado_rows(INPUTS, formulas, WORTH, HOW)
    falling = [row["group"] for row in rows if FALLS in read_note(str(row["note"]))]
    assert falling == ["input_lost"]


def test_a_row_tells_whose_change_it_is_and_what_it_rests_on() -> None:
    table = measure_table(tornado_rows(INPUTS, formulas, WORTH, HOW))
    assert set(table["measure"]) == {"worth_change"}
    assert set(table["horizon"]) == {5}
    assert set(table["n"]) == {40}
    assert not table["illustrative"].any()
    # Half of 50 to both sides is 50: whole tens.
    assert table.set_index("group").loc["input_sold", "digits"] == -1


def test_what_does_not_move_the_result_has_no_row_and_the_rest_is_marked() -> None:
    rows = tornado_rows(INPUTS, formulas, Result("rain", "all", 5), HOW)
    assert [(row["group"], row["illustrative"]) for row in rows] == [("input_weather", True)]
