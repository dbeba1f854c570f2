"""Drawing the persons of `growth.yml`, as many as are asked for.

Each draw is a hash of one string made of the seed, the variable and the person (see
docs/decisions/0007-hash-draws.md), so that the first million of ten million persons are the million
persons. DuckDB draws row by row and writes as it goes: memory does not grow with the persons.
"""

from pathlib import Path

SEED = 2022
STUDY = Path(__file__).with_name("growth.yml")
TABLE = "persons"
EXTRACT = "extract"
"""Folder of the extract, beside what is derived from it."""
PATHS = 50
COUNTRIES = ("FR", "GB", "US", "MA", "CI", "BE", "CH", "other")
CATEGORIES = {
    # Column of the study: its value if in, if out, the share of those in, of those unknown.
    "employment_status": ("job_seeker", "employed", 0.68, 0.02),
    "eqf_level": ("4", "6", 0.36, 0.01),
    "disability": ("true", "false", 0.06, 0.03),
    "protection_status": ("refugee", "none", 0.006, 0.005),
    "area_class": ("qpv", "none", 0.06, 0.02),
}
EFFECTS = {"employment_status": -0.5, "eqf_level": -0.4, "disability": -0.5}
EFFECTS |= {"protection_status": -0.9, "area_class": -0.6}
STEPS = {
    # Column of the study: the step before it, and its logit where nothing else bears on it.
    "admitted": ("true", 0.7),
    "started": ("admitted", 1.2),
    "graduated": ("started", 0.6),
    "answered_6": ("graduated", 1.3),
    "placed_6": ("answered_6", 1.0),
}


def write_persons(persons: int, folder: Path) -> Path:
    """Write the extract of that many persons into a folder; gives the Parquet file."""
    import duckdb

    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{TABLE}.parquet"
    staged = target.with_suffix(".staged")
    with duckdb.connect() as engine:
        engine.execute("set enable_progress_bar = false")
        engine.execute(f"copy ({_sql(persons)}) to '{staged}' (format parquet)")
    staged.replace(target)
    return target


def _uniform(variable: str) -> str:
    """A draw from 0 to 1: the highest 52 bits of a hash, which a double holds exactly."""
    return f"((hash('{SEED}:{variable}:' || person) >> 12)::double / 4503599627370496)"


def _level(variable: str, levels: int, skew: float) -> str:
    """A draw of whole numbers from 0, the low ones more often the higher the skew."""
    return f"floor(pow({_uniform(variable)}, {skew}) * {levels})::int"


def _sql(persons: int) -> str:
    names = ", ".join(f"'{name}'" for name in COUNTRIES)
    given = [
        f"if({_uniform('year')} < 0.5, '2021', '2022') as year",
        f"['man', 'woman', 'other'][1 + {_level('gender', 200, 1.0)} // 99] as gender",
        f"if({_uniform('age_told')} < 0.01, null, 18 + {_level('age', 45, 1.3)}) as age",
        f"[{names}][1 + {_level('country', len(COUNTRIES), 2.5)}] as country",
        f"'path ' || lpad((1 + {_level('path', PATHS, 1.5)})::varchar, 2, '0') as path",
        *(
            f"if({_uniform(name + '_told')} < {unknown}, null, "
            f"if({_uniform(name)} < {share}, '{member}', '{other}')) as {name}"
            for name, (member, other, share, unknown) in CATEGORIES.items()
        ),
    ]
    index = " + ".join(
        f"{effect} * coalesce({name} = '{CATEGORIES[name][0]}', false)::int"
        for name, effect in EFFECTS.items()
    )
    steps = [
        f"if({before}, {_uniform(name)} < 1 / (1 + exp(-({start} + index))), null) as {name}"
        for name, (before, start) in STEPS.items()
    ]
    months = f"if(answered_6, if(placed_6, {_level('month', 7, 1.0)}, 6), null)"
    return (
        f"select * exclude (index), {months} as months_followed from (select *, {', '.join(steps)} "
        f"from (select *, {index} - 0.01 * coalesce(age - 18, 10) + 0.01 * right(path, 2)::int "
        f"as index from (select range as person, {', '.join(given)} from range({persons}))))"
    )
