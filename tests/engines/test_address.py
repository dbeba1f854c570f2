"""Addresses: what they say, and that none of them holds a secret."""

from pathlib import Path

import pytest

from analysis.engines.address import Address, parse_place, scrub
from analysis.errors import InputError

SECRET = "hunter2-planted"


def test_an_address_says_engine_schema_results_and_table() -> None:
    one = Address.parse("postgresql://reader@host:5433/registry?schema=raw&results=analysis")
    assert one == Address("postgres", "postgres://reader@host:5433/registry", "raw", "analysis")
    assert str(one.of_results("rows")) == (
        "postgres://reader@host:5433/registry?schema=analysis&table=rows"
    )
    assert Address.parse(str(one)) == one
    assert Address.parse("spark://host:7077").of_results("t").schema is None


@pytest.mark.parametrize(
    "text",
    [
        "duckdb:///folder/file.duckdb",
        "spark://host:7077?schema=registry",
        "spark:///?schema=registry",
        "trino://reader@host:8080/catalog?schema=registry",
        "snowflake://reader@account/database/schema?warehouse=small&table=rows",
    ],
)
def test_an_address_is_told_as_it_was_given(text: str) -> None:
    assert str(Address.parse(text)) == text


def test_what_other_engines_ask_for_stays_with_their_own_address() -> None:
    one = Address.parse("snowflake://reader@account/database?warehouse=small&schema=raw")
    assert (one.base, one.schema) == (
        "snowflake://reader@account/database?warehouse=small",
        "raw",
    )


def test_a_path_is_a_path(tmp_path: Path) -> None:
    odd = tmp_path / "ours:old@home"
    odd.mkdir()
    assert parse_place(str(odd)) == odd
    assert parse_place("some/folder") == Path("some/folder")
    with pytest.raises(InputError, match="too long"):
        parse_place("long" * 2000)


@pytest.mark.parametrize(
    "text",
    [
        f"postgres://reader:{SECRET}@host/registry",
        f"postgres://reader%3A{SECRET}@host/registry",
        f"postgres://:{SECRET}@host/registry",
        f"postgres://reader:a/{SECRET}@host/registry",
        f"postgres://reader:12/{SECRET}@host/registry",
        f"postgres:/reader:{SECRET}@host/registry",
        f"reader:{SECRET}@host/registry",
        f"host=host dbname=registry password={SECRET}",
        f"postgres://host/registry?password={SECRET}",
        f"postgres://host/registry?sslpassword={SECRET}",
        f"postgres://host/registry?pass%77ord={SECRET}",
        f"postgres://host/registry?schema=raw&pw={SECRET}",
        f"postgres://host/registry?unheard={SECRET}",
        f"postgres://host/registry#{SECRET}",
        f"postgres://host:{SECRET}/registry",
        f"databricks://host/path?access_token={SECRET}",
        f"snowflake://reader@account/database?private_key={SECRET}",
        f"bigquery://project/dataset?credentials={SECRET}",
        f"snowflake://reader@account/database?passcode={SECRET}",
        f"trino://host/catalog?access_key={SECRET}",
        f"trino://host/catalog?words=1%26password%3D{SECRET}",
    ],
)
def test_an_address_with_a_secret_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_place(text)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_messages_of_drivers_are_scrubbed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNOWFLAKE_TOKEN", SECRET)
    monkeypatch.setenv("PGPASSWORD", "another@planted")
    monkeypatch.setenv("PWD", "/our/folder")
    told = scrub(
        f"no such {SECRET} at postgres://reader:third@host (password=fourth, another@planted)"
    )
    assert told == "no such *** at postgres://reader:***@host (password=***, ***)"
    assert scrub("at another%40planted") == "at ***"
    assert scrub("password='of two words', host=here") == "password=***, host=here"
    assert scrub('{"password": "of two words"}') == '{"password": ***}'
    assert scrub("no file /our/folder/file.duckdb") == "no file /our/folder/file.duckdb"
