"""What a study asks of each row of its extract: outcomes, categories and covariates."""

from collections.abc import Mapping, Sequence

import ibis
from ibis import ir

from analysis.ingest.extract import ROW
from analysis.studies import Study
from analysis.studies.model import COHORT, band_labels
from analysis.studies.parts import Amount, Category, Cohort, Covariate, YesOrNo
from analysis.vocabulary import UNKNOWN_LEVEL

CLUSTER_SEPARATOR = " × "


def derive(tables: dict[str, ir.Table], study: Study) -> ir.Table:
    """Derive the processed table, lazily.

    Returns
    -------
    ibis Table
        `person`, `cluster` and `cohort` (where declared), `cohort_<outcome>` for outcomes and
        amounts with cohorts of their own, each outcome, duration and category as true, false or
        null, `months_<duration>`, each amount as a number, each covariate as a text level.
    """
    rows = tables[study.rows]
    for other, by in study.tables[study.rows].references.items():
        new = [name for name in tables[other].columns if name in by or name not in rows.columns]
        rows = rows.inner_join(tables[other].select(new), list(by))
    derived: dict[str, ir.Value] = {"person": rows[study.person]}
    if study.cluster:
        parts = [rows[column] for column in study.cluster]
        derived["cluster"] = ibis.literal(CLUSTER_SEPARATOR).join(parts)
    if study.cohort:
        derived[COHORT] = cohort(rows[study.cohort.source], study.cohort)
        derived |= {
            study.cohort_column(name): cohort(rows[part.cohort_from], study.cohort)
            for name, part in study.counted.items()
            if part.cohort_from
        }
    derived |= {name: outcome(rows, part) for name, part in study.measures.items()}
    derived |= {
        study.months_column(name): rows[part.months].cast("int64")
        for name, part in study.durations.items()
    }
    derived |= {name: amount(rows, part) for name, part in study.amounts.items()}
    derived |= {name: membership(rows, part) for name, part in study.categories.items()}
    derived |= {name: level(rows, part) for name, part in study.covariates.items()}
    # In the order of the file, so that the same extract gives the same bytes. DuckDB keeps the
    # order of a file by itself, and sorting 10^8 rows would take 18 GiB; joins lose it. A table of
    # a database has no order, and sorting it would be in vain.
    numbered = rows[ROW].type().is_integer()
    joined = study.contract or bool(study.tables[study.rows].references)
    return (rows.order_by(ROW) if numbered and joined else rows).select(**derived)


def outcome(rows: ir.Table, declared: YesOrNo) -> ir.BooleanValue:
    """Tell true for success, false for failure, null outside the denominator."""
    value = rows[declared.source]
    inside = _inside(rows, declared.among)
    return ibis.cases(
        (inside & value.isin(declared.success), True),
        (inside & value.isin(declared.failure), False),
        else_=ibis.null("boolean"),
    )


def amount(rows: ir.Table, declared: Amount) -> ir.FloatingValue:
    """Tell the number of each row, null outside the denominator."""
    number = rows[declared.source].cast("float64")
    return ibis.ifelse(_inside(rows, declared.among), number, ibis.null("float64"))


def _inside(rows: ir.Table, among: Mapping[str, Sequence[str]]) -> ir.BooleanValue:
    """Whether a row has one of the values asked for in each column."""
    return ibis.and_(*(rows[column].isin(kept) for column, kept in among.items()))


def membership(rows: ir.Table, declared: Category) -> ir.BooleanValue:
    """Tell true for known in, false for known out, null for unknown."""
    value = rows[declared.source]
    return ibis.cases(
        (value.isin(declared.known_in), True),
        (value.isin(declared.known_out), False),
        else_=ibis.null("boolean"),
    )


def level(rows: ir.Table, declared: Covariate) -> ir.StringValue:
    """Level of a covariate; what is not known is a level of its own."""
    value = rows[declared.source]
    if declared.cuts:
        number = value.cast("float64")
        bands = zip(declared.cuts, band_labels(declared.cuts), strict=False)
        last = band_labels(declared.cuts)[-1]
        value = ibis.cases(
            (number.isnull(), ibis.null("string")),
            *((number <= cut, band) for cut, band in bands),
            else_=last,
        )
    return value.fill_null(UNKNOWN_LEVEL)


def cohort(value: ir.StringValue, declared: Cohort) -> ir.StringValue:
    """Name of the cohort of each row, by a column; null if its value belongs to none."""
    branches = [(value.isin(values), name) for name, values in declared.groups.items()]
    return ibis.cases(*branches, else_=ibis.null("string"))
