"""Build the data frames behind the R values on times, and export them for ``times.R``.

Both come with the package lifelines. Columns of a frame, in this order: ``month`` (whole number),
``y`` (0/1, the event), ``group`` (0/1), the categorical covariates, and ``cluster_site``.

Usage::

    python tests/reference/export_times.py DATA_DIR
"""

import argparse
from pathlib import Path

import pandas as pd
from lifelines.datasets import load_lung, load_rossi


def rossi_frame() -> pd.DataFrame:
    """Weeks to the first arrest of men who left prison, by whether they got financial aid.

    Returns
    -------
    pandas.DataFrame
        All rows: one date at which all are censored, few ties, weeks without an event. Time is in
        weeks, for which the estimators say months. Clusters are numbers of earlier convictions.
    """
    raw = load_rossi()
    return pd.DataFrame(
        {
            "month": raw["week"],
            "y": raw["arrest"],
            "group": raw["fin"],
            "race": raw["race"],
            "wexp": raw["wexp"],
            "mar": raw["mar"],
            "age": pd.cut(raw["age"], [0, 20, 25, 99], labels=["a", "b", "c"]).astype(str),
            "cluster_site": raw["prio"],
        }
    )


def lung_frame() -> pd.DataFrame:
    """Months to the death of patients with lung cancer, by whether they are women.

    Returns
    -------
    pandas.DataFrame
        The rows without a missing value: many ties, censoring at all times. Clusters are
        institutions.
    """
    raw = load_lung().dropna(subset=["inst", "ph.ecog"])
    return pd.DataFrame(
        {
            "month": -(-raw["time"] * 12 // 365).astype(int),
            "y": raw["status"].astype(int),
            "group": (raw["sex"] == 2).astype(int),
            "ecog": raw["ph.ecog"].clip(upper=2).astype(int),
            "old": (raw["age"] > 65).astype(int),
            "cluster_site": raw["inst"].astype(int),
        }
    ).reset_index(drop=True)


def main() -> None:
    """Write one CSV file per data set into the directory given on the command line."""
    parser = argparse.ArgumentParser(description="Export the inputs of times.R.")
    parser.add_argument("data_dir", type=Path)
    data_dir: Path = parser.parse_args().data_dir
    data_dir.mkdir(parents=True, exist_ok=True)
    for name, frame in {"rossi": rossi_frame(), "lung": lung_frame()}.items():
        frame.to_csv(data_dir / f"{name}.csv", index=False)


if __name__ == "__main__":
    main()
