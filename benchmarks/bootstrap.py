"""Time of the bootstrapped adjusted gap of the default study: `make bench`."""

import argparse
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def measure(folder: Path, draws: int) -> None:
    """Print the seconds for each default outcome's gap of the underserved, and its errors."""
    from analysis.cells import study_cells
    from analysis.estimate.groups import MEMBER, compare
    from analysis.estimate.options import GapOptions
    from analysis.estimate.question import Question
    from analysis.estimate.redraws import bootstrap_row
    from analysis.estimate.regressions import regression_rows
    from analysis.ingest import process_extract
    from analysis.ingest.synthetic.generate import generate_extract
    from analysis.studies import load_study
    from analysis.vocabulary import UNDERSERVED, Contrast

    study = load_study("openclassrooms")
    generate_extract(ROOT, folder / "extract")
    processed = process_extract(study, folder / "extract", folder / "processed").path
    covariates = study.default_adjusters()
    cohort = study.cohort.default if study.cohort else None
    options = GapOptions(covariates="random")
    for outcome in study.default_outcomes():
        cells = study_cells(study, processed, outcome=outcome, covariates=covariates, cohort=cohort)
        one = compare(cells, list(study.categories), Contrast.ANY, UNDERSERVED)
        question = Question.of(study, cells, covariates, options)
        adjusters, _ = question.adjusters(Contrast.ANY, UNDERSERVED)
        start = time.perf_counter()
        row = bootstrap_row(one.cells, adjusters, options, draws=draws)
        seconds = time.perf_counter() - start
        ((_, analytic),) = regression_rows(one.cells, "logit", [MEMBER], adjusters, options)
        print(
            f"{outcome}: {one.counts['n_group'] + one.counts['n_reference']:,} persons, "
            f"{draws:,} draws in {seconds:.2f} s; error {row['std_error']:.5f}, "
            f"analytic {analytic['std_error']:.5f}"
        )


def main() -> None:
    """Generate the cohort and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=2_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), given.draws)


if __name__ == "__main__":
    main()
