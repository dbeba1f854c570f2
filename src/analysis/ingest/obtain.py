"""The data of a study: from the extract given, from the last one, or from a generated cohort."""

import json
from pathlib import Path

from analysis.errors import InputError
from analysis.ingest.process import Processed, open_processed, process_extract, read_log
from analysis.studies import Study

GENERATED_FOLDER = "generated"
"""Where generated extracts lie below the processed tables, a folder for each scale and seed."""


def obtain_data(
    study: Study, root: Path, processed: Path, extract: Path | None = None, *, renew: bool = False
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
        Folder of the extract.
    renew
        Without an extract, generate the cohort anew, if the study has one.

    Raises
    ------
    InputError
        If the extract is wrong, or none was given, none was processed, and the study has no
        generated cohort.
    """
    if extract:
        return process_extract(study, extract, processed)
    if study.generated is None:
        if renew:
            raise InputError(f"Give the extract of study {study.name}.\n{study.provenance.obtain}")
        return open_processed(study, processed)
    log = read_log(study, processed)
    if log and not log["synthetic"] and not renew:
        return open_processed(study, processed)
    # Imported late: the generator needs more than the reading of an extract does.
    from analysis.ingest.synthetic.generate import TRUTH_FILE, generate_extract, generator_key

    folder, key = processed / GENERATED_FOLDER, generator_key(root)
    truth = folder / TRUTH_FILE
    standing = truth.is_file() and json.loads(truth.read_text(encoding="utf-8"))["key"] == key
    if log and standing and not renew and log.get("study_sha256") == study.digest:
        return open_processed(study, processed)
    if renew or not standing:
        generate_extract(root, folder)
    return process_extract(study, folder, processed)
