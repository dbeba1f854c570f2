"""What engines do not agree on, and Ibis does not settle: the one place where it is told apart."""

from typing import Final

import ibis
from ibis import ir

MOST_WHOLE: Final = 1e15
"""Below it a float tells each whole number apart."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def md5(text: str) -> str:
    """MD5 of a text in hexadecimal digits, by the engine's own function."""
    raise NotImplementedError


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def convert_to(text: str, encoding: str) -> bytes:
    """PostgreSQL's function for the bytes of a text."""
    raise NotImplementedError


def matches(value: ir.StringValue, pattern: str) -> ir.BooleanValue:
    r"""Whether a text matches a pattern that ends with `$`, which means the very end of the text.

    To Java, and so to Spark, `$` is also the place before a last line break.
    """
    if value.get_backend().name == "pyspark":
        pattern = pattern.removesuffix("$") + r"\z"
    return value.re_search(pattern)


def number_text(value: ir.NumericValue) -> ir.StringValue:
    """A number kept as a float as text; a whole one has no ".0".

    Spark writes 20,000,000 as 2.0E7.
    """
    text = value.cast("string").re_replace(r"\.0$", "")
    if value.get_backend().name != "pyspark":
        return text
    small = ibis.ifelse(value.abs() < MOST_WHOLE, value, ibis.null("float64"))
    whole = small.cast("int64")
    return ibis.ifelse(
        (whole.cast("float64") == small).fill_null(False), whole.cast("string"), text
    )


def table_names(connection: ibis.BaseBackend, schema: str | None) -> list[str]:
    """Names of the tables of a schema, or of the engine's default one; sorted.

    Ibis 12 asks DuckDB by a call that DuckDB 2 no longer has.
    """
    if connection.name != "duckdb":
        return sorted(connection.list_tables(database=schema))
    told = connection.raw_sql(
        "select table_name from information_schema.tables "
        "where table_schema = coalesce(?, current_schema()) order by 1",
        parameters=[schema],
    )
    return [name for (name,) in told.fetchall()]


def has_temporary_tables(connection: ibis.BaseBackend) -> bool:
    """Whether tables can be made that go with the connection; of Spark, Ibis says so in error."""
    return bool(connection.supports_temporary_tables) and connection.name != "pyspark"


def by_code_point(value: ir.Value) -> ir.Value:
    """What to sort by for the order of code points.

    PostgreSQL sorts text by the language of the database, which would choose other rows.
    """
    if value.type().is_string() and value.get_backend().name == "postgres":
        return convert_to(value, "UTF8")
    return value
