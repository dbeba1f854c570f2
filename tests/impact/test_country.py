"""Country files: what ships is whole, and what is wrong in one's own is told by its place."""

from pathlib import Path

import pytest
import yaml

from analysis.errors import InputError
from analysis.impact.country import (
    MOST,
    SHIPPED,
    UNITS,
    available_countries,
    country_file,
    load_country,
)
from analysis.runs.parameters import check_parameters


@pytest.fixture
def france() -> dict:
    return yaml.safe_load((SHIPPED / "france.yml").read_text("utf-8"))


def write(folder: Path, content: object) -> str:
    path = folder / "own.yml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return str(path)


def test_france_ships() -> None:
    assert "france" in available_countries()


@pytest.mark.parametrize("name", available_countries())
def test_what_ships_is_whole_and_named_like_its_file(name: str) -> None:
    country = load_country(name)
    assert country.name == name
    assert list(country.parameters) == list(UNITS)
    assert all(one.high <= MOST[one.unit] for one in country.parameters.values())


def test_what_no_source_states_is_illustrative(france: dict) -> None:
    """The mission report states no parameter: a value without the mark would claim a source."""
    assert all(one["illustrative"] for one in france["parameters"].values())


def test_a_file_of_ones_own_is_read_from_its_path(tmp_path: Path, france: dict) -> None:
    france["name"] = "atlantis"
    france["parameters"]["income_tax"] |= {"central": 0.1, "illustrative": False}
    loaded = load_country(write(tmp_path, france))
    assert loaded.name == "atlantis"
    assert loaded.parameters["income_tax"].central == 0.1
    assert not loaded.parameters["income_tax"].illustrative


def test_a_path_may_start_at_the_repository() -> None:
    """A notebook runs in its own folder, the command in the repository's."""
    path = "src/analysis/impact/countries/france.yml"
    assert country_file(path).is_file()


@pytest.mark.parametrize("name", ["atlantis", "atlantis.yml"])
def test_an_unknown_country_is_told_with_those_that_there_are(name: str) -> None:
    with pytest.raises(InputError, match=r"no country 'atlantis.*france"):
        load_country(name)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"low": 0.5}, "income_tax: low, central and high must rise"),
        ({"high": 20}, "income_tax: high: share goes up to 1"),
        ({"central": "much"}, "income_tax.central"),
        ({"low": float("nan")}, "income_tax.low"),
        ({"low": -0.1}, "income_tax.low"),
        ({"unit": "months", "high": 12}, "income_tax.unit must be share"),
        ({"unit": "percent"}, "income_tax.unit"),
        ({"illustrative": "perhaps"}, "income_tax.illustrative"),
        ({"medium": 3}, "income_tax.medium"),
        ({"source": {"en": "a source"}}, "income_tax.source.fr"),
    ],
)
def test_a_fault_is_told_with_file_and_key(
    tmp_path: Path, france: dict, change: dict, told: str
) -> None:
    france["parameters"]["income_tax"] |= change
    path = write(tmp_path, france)
    with pytest.raises(InputError) as error:
        load_country(path)
    assert str(error.value).startswith(path)
    assert told in str(error.value)


def test_missing_and_strange_parameters_are_told_together(tmp_path: Path, france: dict) -> None:
    france["parameters"]["taxe"] = france["parameters"].pop("income_tax")
    del france["parameters"]["discount"]
    with pytest.raises(InputError) as error:
        load_country(write(tmp_path, france))
    for told in ("income_tax is missing", "discount is missing", "no parameter 'taxe'"):
        assert told in str(error.value)


def test_pay_can_not_be_taken_away_whole(tmp_path: Path, france: dict) -> None:
    france["parameters"]["employee_contributions"]["high"] = 0.6
    france["parameters"]["income_tax"]["high"] = 0.5
    with pytest.raises(InputError, match="add up to more than 1"):
        load_country(write(tmp_path, france))


def test_a_country_that_is_not_whole_is_refused_before_a_notebook_starts(
    tmp_path: Path, france: dict
) -> None:
    del france["parameters"]["discount"]
    path = write(tmp_path, france)
    for country, told in (("atlantis", "no country 'atlantis'"), (path, "discount is missing")):
        with pytest.raises(InputError, match=told):
            check_parameters("08_triple_bottom_line", {"country": country})
