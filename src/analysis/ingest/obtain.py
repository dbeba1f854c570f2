"""The data of a study: from the extract given, from the last one, or from a generated cohort."""

import json
from collections.abc import Mapping
from pathlib import Path

from analysis.errors import InputError
from analysis.ingest.processed import (
    DERIVED_BY,
    Processed,
    derivation_key,
    open_processed,
    read_log,
)
from analysis.ingest.synthetic.key import TRUTH_FILE, generator_key
from analysis.studies import Study

GENERATED_FOLDER = "generated"
"""Where generated extracts lie below the processed tables, a folder for each scale and seed."""


def obtain_data(
    study: Study,
    root: Path,
    processed: Path,
    extract: Path | str | None = None,
    *,
    renew: bool = False,
) -> Processed:
    """Process the extract given, or open what was processed last, or generate a cohort.

    A table made from a real extract is never replaced by a generated one.

    Parameters
    ----------
    study
        The study.
    root
        The repository.
    processed
        The folder of processed tables.
    extract
        Folder of the extract, or its address.
    renew
        Without an extract, generate the cohort anew, if the study has one.

    Raises
    ------
    InputError
        If the extract is wrong, or none was given, none was processed, and the study has no
        generated cohort; or if rows in a database have changed since they were processed.
    """
    if extract:
        from analysis.ingest.process import process_extract

        return process_extract(study, extract, processed)
    if study.generated is None:
        if renew:
            raise InputError(f"Give the extract of study {study.name}.\n{study.provenance.obtain}")
        return _standing(study, processed)
    log = read_log(study, processed)
    if log and not log["synthetic"] and not renew:
        return _standing(study, processed)
    folder, key = processed / GENERATED_FOLDER, generator_key(root)
    truth = folder / TRUTH_FILE
    standing = truth.is_file() and json.loads(truth.read_text(encoding="utf-8"))["key"] == key
    if log and standing and not renew and _derived_so(study, log):
        return _standing(study, processed)
    # Imported late, for none of this is needed where the table stands.
    from analysis.ingest.process import process_extract
    from analysis.ingest.synthetic.generate import generate_extract

    if renew or not standing:
        generate_extract(root, folder)
    return process_extract(study, folder, processed)


def _standing(study: Study, processed: Path) -> Processed:
    """What was processed last, if it is still that."""
    found = open_processed(study, processed)
    found.refuse_changed()
    return found


def _derived_so(study: Study, log: Mapping[str, object]) -> bool:
    """Whether a table is what deriving it again would give, its extract being the same."""
    return log.get("study_sha256") == study.digest and log.get(DERIVED_BY) == derivation_key()
