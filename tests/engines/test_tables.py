"""Tables in a database: told by their content, written whole or not at all."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import pytest
from ibis import ir

from analysis.engines import tables
from analysis.engines.address import Address
from analysis.engines.connect import engine_at
from analysis.engines.dialect import matches, table_names
from analysis.engines.tables import fingerprint, open_table, write_rows

ROWS = {"person": ["a", "b", "c", "d"], "graduated": [True, None, False, True], "n": [1, 2, 3, 3]}


@pytest.fixture
def address(tmp_path: Path) -> Address:
    """Give the address of an empty DuckDB file."""
    path = tmp_path / "some.duckdb"
    ibis.duckdb.connect(path).disconnect()
    return Address.parse(f"duckdb://{path}")


def of(rows: dict[str, list[Any]]) -> str:
    """Tell the fingerprint of rows."""
    return fingerprint(ibis.memtable(rows, schema={"person": str, "graduated": bool, "n": int}))


def test_the_fingerprint_does_not_depend_on_the_order_of_rows_and_columns() -> None:
    turned = {name: values[::-1] for name, values in reversed(ROWS.items())}
    assert of({name: turned[name] for name in ROWS}) == of(ROWS)
    assert len(of(ROWS)) == 64


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows | {"n": [1, 2, 3, 4]},
        lambda rows: rows | {"graduated": [True, False, False, True]},
        lambda rows: rows | {"graduated": [True, None, True, False]},
        lambda rows: rows | {"person": ["a", "b", "c", ""]},
        lambda rows: rows | {"person": ["a", "b", "c", None]},
        lambda rows: {name: values[:3] for name, values in rows.items()},
        lambda rows: {name: [*values, values[0]] for name, values in rows.items()},
        lambda rows: {name: [] for name in rows},
    ],
)
def test_the_fingerprint_notices_any_change(
    change: Callable[[dict[str, list[Any]]], dict[str, list[Any]]],
) -> None:
    assert of(change(ROWS)) != of(ROWS)


def test_a_table_is_named_by_its_content_and_written_again_alike(address: Address) -> None:
    with engine_at(address, writing=True) as engine:
        rows = engine.create_table("source", ibis.memtable(ROWS), temp=True)
        first, told = write_rows(engine, address, "rows", rows, writer="here")
        assert first.table == f"rows_{told[:16]}"
        assert fingerprint(open_table(engine, first)) == told
        assert write_rows(engine, address, "rows", rows, writer="here") == (first, told)
        other, _ = write_rows(engine, address, "rows", rows.filter(rows.n > 1), writer="here")
        assert set(table_names(engine, None)) >= {first.table, other.table}
        engine.raw_sql(f"delete from {first.table}")
        assert write_rows(engine, address, "rows", rows, writer="here") == (first, told)
        assert fingerprint(open_table(engine, first)) == told


def test_a_crash_leaves_what_stood(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    with engine_at(address, writing=True) as engine:
        rows = engine.create_table("source", ibis.memtable(ROWS), temp=True)
        first, told = write_rows(engine, address, "rows", rows, writer="here")
        with monkeypatch.context() as patch:
            patch.setattr("analysis.engines.tables.fingerprint", _interrupted)
            with pytest.raises(KeyboardInterrupt):
                write_rows(engine, address, "rows", rows.filter(rows.n > 1), writer="here")
        assert fingerprint(open_table(engine, first)) == told
        # What the crash left is taken for nothing, and replaced.
        second, _ = write_rows(engine, address, "rows", rows.filter(rows.n > 2), writer="here")
        assert open_table(engine, second).count().execute() == 2
        assert not [name for name in table_names(engine, None) if "staged" in name]


def test_who_writes_at_the_same_time_does_not_disturb(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two checkouts may share a schema; neither may take the other's rows for its own."""
    with engine_at(address, writing=True) as engine:
        rows = engine.create_table("source", ibis.memtable(ROWS), temp=True)
        real = tables.fingerprint
        other = []

        def meanwhile(table: ir.Table) -> str:
            monkeypatch.setattr(tables, "fingerprint", real)
            few = rows.filter(rows.n > 2)
            other.append(write_rows(engine, address, "rows", few, writer="there"))
            return real(table)

        monkeypatch.setattr(tables, "fingerprint", meanwhile)
        first, told = write_rows(engine, address, "rows", rows, writer="here")
        assert told == fingerprint(rows) == fingerprint(open_table(engine, first))
        assert open_table(engine, other[0][0]).count().execute() == 2


@pytest.mark.parametrize("name", ["rows" * 20, "openclassrooms+zrr", "Own-rows"])
def test_names_are_such_as_every_engine_takes(address: Address, name: str) -> None:
    with engine_at(address, writing=True) as engine:
        rows = engine.create_table("source", ibis.memtable(ROWS), temp=True)
        ours, told = write_rows(engine, address, name, rows, writer="here")
        alike, _ = write_rows(engine, address, f"{name}-", rows, writer="here")
    assert re.fullmatch(r"[a-z0-9_]{1,63}", str(ours.table))
    assert str(ours.table).endswith(told[:16])
    assert ours.table != alike.table


def _interrupted(_: object) -> str:
    raise KeyboardInterrupt


def test_a_pattern_ends_at_the_very_end() -> None:
    texts = ibis.memtable({"text": ["12", "12\n", "\n12", "1 2", None]})
    found = matches(texts.text, "^[0-9]+$").execute()
    assert found.tolist()[:4] == [True, False, False, False]
