"""Generating an extract that keeps the contract and gives back the published figures of 2022."""

from importlib import resources
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import pandas as pd

from analysis.files import canonical_json, staged_folder, write_text
from analysis.ingest.contract import CONTRACT
from analysis.ingest.synthetic import PREFIX, assumed
from analysis.ingest.synthetic.bottom_lines import bottom_line_truth, bottom_lines, read_printed
from analysis.ingest.synthetic.key import TRUTH_FILE, generator_key
from analysis.ingest.synthetic.people import SHARES, slots
from analysis.ingest.synthetic.strata import FLAGS, NAMES, STRATA, Stages, all_stages
from analysis.ingest.synthetic.targets import Targets, read_targets
from analysis.ingest.synthetic.truth import truth

NOTICE_FILE: Final = "SYNTHETIC.md"
NOTICE: Final = """\
# SYNTHETIC

No person of this extract exists, and no amount in it was ever booked. It was generated and
calibrated to the figures that OpenClassrooms published of 2022; `truth.json` holds what the
generator knows. Whatever it says beyond the published figures is made up.
"""
SQL: Final = ("cohort.sql", "tables.sql")


def generate_extract(
    root: Path,
    target: Path,
    *,
    scale: int = 1,
    seed: int = assumed.SEED,
    threads: int | None = None,
) -> None:
    """Generate an extract: all tables as Parquet, what is true of them, and a notice.

    Parameters
    ----------
    root
        The repository, whose published figures it is calibrated to.
    target
        Folder to write, whole or not at all.
    scale
        How many times the published numbers; one is 200,000 persons.
    seed
        Of the draws, which are hashes of seed, person and variable.
    threads
        Of the engine; all processors when not given. They change nothing but the time.
    """
    targets = read_targets(root)
    stages = all_stages(targets)
    beside = bottom_lines(read_printed(root), stages, scale, seed)
    with staged_folder(target) as staged:
        with duckdb.connect() as connection:
            if threads:
                connection.execute(f"set threads = {threads}")
            _give_numbers(connection, targets, stages, scale, seed)
            for name in SQL:
                text = (
                    resources.files("analysis.ingest.synthetic").joinpath(name).read_text("utf-8")
                )
                connection.execute(text)
            for name, table in beside.items():
                connection.register(name, table)
            for name in (*CONTRACT, *beside):
                path = str(staged / f"{name}.parquet").replace("'", "''")
                connection.execute(f"copy (from {name}) to '{path}' (format parquet)")
        told = {
            "key": generator_key(root),
            "seed": seed,
            "scale": scale,
            **truth(targets, stages),
            "bottom_lines": bottom_line_truth(beside),
        }
        write_text(staged / TRUTH_FILE, canonical_json(told))
        write_text(staged / NOTICE_FILE, NOTICE)


def _give_numbers(
    connection: duckdb.DuckDBPyConnection,
    targets: Targets,
    stages: dict[int, Stages],
    scale: int,
    seed: int,
) -> None:
    """Put all that the SQL reads into the engine: tables and variables."""
    quotas = pd.concat([part.frame(year, scale) for year, part in stages.items()])
    last = quotas["applicants"].cumsum()
    quotas = quotas.assign(first=last - quotas["applicants"], last=last)
    outcomes = [{"year": year, "outcomes": n * scale} for year, n in targets.outcomes.items()]
    flags = pd.DataFrame(FLAGS, columns=[f"flag_{name}" for name in NAMES])
    age = slots("age")
    bounds = pd.DataFrame(assumed.AGE_BANDS, index=["youngest", "oldest"]).T
    titles = [(path, title, eqf) for path, (title, eqf, _) in assumed.PATHS.items()]
    tables = {
        "quotas": quotas,
        "totals": pd.DataFrame(outcomes),
        "flags": flags.replace({np.nan: None}).astype("Int8").assign(stratum=range(STRATA)),
        "age": age.join(bounds, on="level"),
        **{name: slots(name) for name in SHARES if name != "age"},
        "path_titles": pd.DataFrame(titles, columns=["path", "title", "eqf_level"]),
    }
    for name, table in tables.items():
        connection.register(f"given_{name}", table)
        connection.execute(f"create temp table {name} as from given_{name}")
    variables = {
        "seed": str(seed),
        "prefix": PREFIX,
        "applicants": int(last.iloc[-1]),
        "persons": assumed.PERSONS * scale,
        "path_outcomes": targets.path_outcomes * scale,
        "apprentice_outcomes": targets.apprentice_outcomes * scale,
        "followed_up": assumed.FOLLOWED_UP,
        "not_told": assumed.GENDER_NOT_TOLD,
        "women_among_others": assumed.WOMEN_AMONG_OTHERS,
        "woman_graduation": assumed.EFFECTS["graduation"]["gender"]["woman"],
        "woman_placement": assumed.EFFECTS["placement"]["gender"]["woman"],
    }
    for name, value in variables.items():
        connection.execute(f"set variable {name} = ?", [value])
    connection.execute(f"set variable day = date '{assumed.EXTRACT_DAY}'")
