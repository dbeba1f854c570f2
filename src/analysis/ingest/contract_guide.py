"""The guide to the contract, written from its models: `docs/data-contract.md`."""

import inspect
from collections.abc import Iterator

from pandera.ibis import Column

from analysis.ingest.contract import ACROSS, CONTRACT, REFERENCES
from analysis.ingest.contract_optional import DATED, OPTIONAL
from analysis.ingest.synthetic import MARK, MARK_COLUMN, PREFIX

TYPES = {
    "string": "text",
    "date": "date (YYYY-MM-DD)",
    "int64": "whole number",
    "float64": "number",
    "boolean": "true or false",
}
HEAD = f"""\
# The provider's extract

*Written from `contract.py` and `contract_optional.py` in `src/analysis/ingest`; `placement-gaps
contract` prints it anew.*

An extract is a folder with one file a table, `learners.csv` or `.csv.gz` or `.parquet` and so on.
CSV is UTF-8 with a header; columns may stand in any order, and others are left unread. An empty
field means "not known" or "has not happened (yet)", as the column says. Check one with

    placement-gaps check --extract folder

which lists every fault by file, row, column and value, and writes nothing else.

Six tables must be there. `finance`, `emissions` and `activity` are optional: they speak of no
single person, and the financial and environmental bottom lines are made from them. Without one,
whatever needs it is reported as not given; one that is there keeps its rules like the others.

A person whose pseudonym begins with `{PREFIX}`, or a row of an optional table whose column
`{MARK_COLUMN}` says `{MARK}`, marks everything that is made of the extract as synthetic.
"""
MODELS = {**CONTRACT, **OPTIONAL}


def contract_guide() -> str:
    """The guide, in Markdown."""
    return "\n".join([HEAD, *(line for name in MODELS for line in _table(name))])


def _table(name: str) -> Iterator[str]:
    model = MODELS[name]
    schema = model.to_schema()
    mark = " (optional)" if name in OPTIONAL else ""
    yield f"## `{name}`{mark}\n\n{inspect.cleandoc(model.__doc__ or '')}\n"
    yield "| column | type | may be empty | values | meaning |"
    yield "|---|---|---|---|---|"
    for column in schema.columns.values():
        empty = "yes" if column.nullable else "no"
        yield (
            f"| `{column.name}` | {TYPES[str(column.dtype)]} | {empty} | {_values(column)} "
            f"| {column.description} |"
        )
    yield "\n" + "\n".join(f"- {rule}" for rule in _rules(name)) + "\n"


def _values(column: Column) -> str:
    words = []
    for check in column.checks:
        told = check.statistics or {}
        if check.name == "isin":
            words.append(", ".join(f"`{value}`" for value in told["allowed_values"]))
        elif check.name == "str_matches":
            words.append(f"matches `{told['pattern']}`")
        else:
            limit = "from" if "min_value" in told else "to"
            words.append(f"{limit} {next(iter(told.values()))}")
    return " ".join(words)


def _rules(name: str) -> Iterator[str]:
    """What must hold between columns, rows and tables."""
    schema = MODELS[name].to_schema()
    single = [column.name for column in schema.columns.values() if column.unique]
    key = ", ".join(f"`{column}`" for column in single or schema.unique or ())
    yield f"No two rows share {key}."
    for (table, column), other in REFERENCES.items():
        if table == name:
            yield f"Each `{column}` is in `{other}`."
    told = [str(check.error) for check in schema.checks]
    told += [rule.words for rule in ACROSS if rule.table == name]
    if name in DATED:
        told.append(
            f"{DATED[name]} is not after the last day on which anything happened in the extract"
        )
    yield from (f"Rule: {words}." for words in told)
