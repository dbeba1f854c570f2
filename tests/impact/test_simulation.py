"""The simulation against closed forms, within its own Monte Carlo error."""

import numpy as np
import pytest
from scipy.stats import norm

from analysis.impact.simulation import (
    Assumed,
    Estimated,
    Result,
    draw_inputs,
    fewest_persons,
    is_illustrative,
    one_at_a_time,
    rests_on,
    simulate,
)

DRAWS = 200_000
SEED = 5
A, B, C = Result("a"), Result("b"), Result("c", "all", 5)


def estimated(central: float, std_error: float, n: int | None = None, **bounds: float) -> Estimated:
    half = norm.ppf(0.975) * std_error
    return Estimated(central, central - half, central + half, 0.95, n, **bounds)


def test_a_triangle_has_the_moments_of_its_closed_form() -> None:
    low, mode, high = 2.0, 3.0, 7.0
    one = Assumed(mode, low, high, illustrative=True)
    drawn = draw_inputs({"x": one}, DRAWS, SEED)["x"]
    mean = (low + mode + high) / 3
    variance = (low**2 + mode**2 + high**2 - low * mode - low * high - mode * high) / 18
    assert abs(drawn.mean() - mean) < 4 * np.sqrt(variance / DRAWS)
    assert drawn.var() == pytest.approx(variance, rel=0.01)
    assert low <= drawn.min() < drawn.max() <= high


def test_a_product_of_independents_has_the_mean_and_the_variance_of_its_closed_form() -> None:
    inputs = {"x": estimated(3.0, 0.4), "y": Assumed(0.5, 0.0, 1.0, illustrative=True)}
    values = draw_inputs(inputs, DRAWS, SEED)
    product = values["x"] * values["y"]
    mean_y, var_y = 0.5, 1 / 24
    variance = 0.4**2 * var_y + 0.4**2 * mean_y**2 + var_y * 3.0**2
    assert abs(product.mean() - 3.0 * mean_y) < 4 * np.sqrt(variance / DRAWS)
    assert product.var() == pytest.approx(variance, rel=0.015)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_a_linear_result_has_the_quantiles_of_the_normal(confidence: float) -> None:
    inputs = {"x": estimated(10.0, 3.0), "y": estimated(-4.0, 2.0)}
    found = simulate(inputs, lambda v: {A: 2 * v["x"] - v["y"]}, DRAWS, SEED, confidence)
    deviation = np.sqrt(36 + 4)
    quantile = norm.ppf((1 + confidence) / 2)
    density = norm.pdf(quantile) / deviation
    outside = (1 - confidence) / 2
    error = np.sqrt(outside * (1 - outside) / DRAWS) / density
    middle, low, high = found[A]
    assert middle == pytest.approx(24.0)
    assert abs(low - (24 - quantile * deviation)) < 4 * error
    assert abs(high - (24 + quantile * deviation)) < 4 * error


def test_an_interval_at_the_same_confidence_comes_back() -> None:
    one = Estimated(5.0, 4.0, 6.0, 0.9, 100)
    _, low, high = simulate({"x": one}, lambda v: {A: v["x"]}, DRAWS, SEED, 0.9)[A]
    assert (low, high) == pytest.approx((4.0, 6.0), abs=0.02)


def test_draws_stay_within_the_bounds_of_an_estimate() -> None:
    drawn = draw_inputs({"x": estimated(0.98, 0.1, least=0.0, most=1.0)}, 1000, SEED)["x"]
    assert drawn.max() == 1.0
    assert drawn.min() >= 0.0


def test_a_certain_parameter_is_always_the_same() -> None:
    drawn = draw_inputs({"x": Assumed(0.3, 0.3, 0.3, illustrative=False)}, 10, SEED)["x"]
    assert (drawn == 0.3).all()


def test_the_interval_holds_the_central_estimate_even_if_skewed() -> None:
    """Percentiles of a narrow confidence would leave the mode of a skewed triangle out."""
    inputs = {"x": Assumed(0.0, 0.0, 1.0, illustrative=True)}
    middle, low, high = simulate(inputs, lambda v: {A: v["x"]}, DRAWS, SEED, 0.5)[A]
    assert (middle, low) == (0.0, 0.0)
    # The upper quartile of that triangle.
    assert high == pytest.approx(0.5, abs=0.01)


def test_an_estimate_without_interval_leaves_all_that_rests_on_it_without_one() -> None:
    bare = Estimated(2.0, float("nan"), float("nan"), 0.95, 1)
    inputs = {"x": bare, "y": estimated(1.0, 0.1)}
    found = simulate(inputs, lambda v: {A: v["x"] * v["y"], B: v["y"]}, 1000, SEED, 0.95)
    assert found[A][0] == 2.0
    assert np.isnan(found[A][1:]).all()
    assert np.isfinite(found[B]).all()


def test_draws_are_reproducible_and_another_input_changes_none() -> None:
    x = {"x": estimated(1.0, 0.1)}
    alone = draw_inputs(x, 100, SEED)["x"]
    beside = draw_inputs({"w": Assumed(1, 0, 2, illustrative=True), **x}, 100, SEED)["x"]
    assert (alone == beside).all()
    assert (alone != draw_inputs(x, 100, SEED + 1)["x"]).all()


def test_inputs_are_independent() -> None:
    drawn = draw_inputs({name: estimated(0.0, 1.0) for name in ("a", "b", "ab")}, DRAWS, SEED)
    correlations = np.corrcoef([drawn[name] for name in drawn])
    assert (abs(correlations[np.triu_indices(3, 1)]) < 4 / np.sqrt(DRAWS)).all()


def test_one_input_is_moved_at_a_time() -> None:
    moved = one_at_a_time({"x": 1.0, "y": 2.0}, {"x": 5.0, "y": 7.0})
    assert moved["x"].tolist() == [1.0, 5.0, 1.0]
    assert moved["y"].tolist() == [2.0, 2.0, 7.0]


def test_a_factor_of_zero_hides_no_other_input() -> None:
    inputs = {
        "share": Estimated(0.0, 0.0, 0.07, 0.95, 40, least=0.0, most=1.0),
        "benefit": Assumed(1000.0, 700.0, 1300.0, illustrative=True),
    }
    behind = rests_on(inputs, lambda v: {A: v["share"] * v["benefit"]})
    assert behind == {A: ["share", "benefit"]}


def test_an_input_without_limits_is_moved_from_its_central_value() -> None:
    bare = Estimated(2.0, float("nan"), float("nan"), 0.95, 40)
    assert rests_on({"x": bare}, lambda v: {A: 3 * v["x"]}) == {A: ["x"]}


def test_an_uneven_interval_is_drawn_as_it_is_shown() -> None:
    """A side each: 2 of 50, whose Wilson limits are .0110 and .1346."""
    one = Estimated(0.04, 0.0110, 0.1346, 0.95, 50, least=0.0, most=1.0)
    drawn = draw_inputs({"x": one}, DRAWS, SEED)["x"]
    low, middle, high = np.quantile(drawn, [0.025, 0.5, 0.975])
    assert (low, middle, high) == pytest.approx((0.0110, 0.04, 0.1346), abs=1.5e-3)
    assert drawn.min() >= 0


def test_what_a_result_rests_on_follows_from_its_formula() -> None:
    inputs = {
        "x": Assumed(0.0, 0.0, 1.0, illustrative=True),
        "y": estimated(2.0, 0.1, n=50),
        "z": estimated(3.0, 0.1, n=20),
    }
    behind = rests_on(
        inputs, lambda v: {A: v["x"] + v["y"], B: 3 * v["z"] / v["z"] ** 2, C: v["y"] * 0 + 1}
    )
    assert behind == {A: ["x", "y"], B: ["z"], C: []}
    assert is_illustrative(inputs, behind[A])
    assert not is_illustrative(inputs, behind[B])
    assert [fewest_persons(inputs, behind[one]) for one in (A, B, C)] == [50, 20, None]
