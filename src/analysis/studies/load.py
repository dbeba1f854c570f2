"""Finding and reading study files."""

from functools import lru_cache
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from analysis.errors import InputError
from analysis.files import read_yaml, sha256
from analysis.studies.model import Study
from analysis.studies.named import available, fault_lines, named_file

VARIANT_MARK = "+"
SHIPPED = Path(str(resources.files("analysis.studies")))


def available_studies() -> list[str]:
    """Names of the studies that ship with the package, in alphabetical order."""
    return available(SHIPPED)


def study_file(study: str) -> Path:
    """Path of a study file, from the name of a shipped study or the path of one's own.

    Raises
    ------
    InputError
        If there is no such study.
    """
    return named_file(study, SHIPPED, "study", "Studies")


def split_variants(study: str) -> tuple[str, list[str]]:
    """Part `name+variant` into the study's name or path and the names of its variants."""
    _, *variants = Path(study).name.split(VARIANT_MARK)
    return study.removesuffix(VARIANT_MARK.join(["", *variants])), variants


@lru_cache(maxsize=64)
def _read(path: Path, digest: str) -> Study:
    """Read a study file once for all runs of a sweep, and again when its content has changed."""
    content = read_yaml(path)
    try:
        return Study.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{path} is not a study:\n{fault_lines(error)}") from None


def load_study(study: str) -> Study:
    """Read and check a study file.

    Parameters
    ----------
    study
        Name of a shipped study, or the path of a study file; `name+variant` asks for a variant
        that it declares.

    Raises
    ------
    InputError
        If the file does not exist, is not YAML, does not hold a study, or lacks the variant; the
        message lists every fault with its place in the file.
    """
    base, variants = split_variants(study)
    path = study_file(base)
    try:
        digest = sha256(path)
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}") from None
    loaded = _read(path, digest)
    if path.parent != SHIPPED and loaded.name in available_studies():
        raise InputError(f"{path}: name: {loaded.name!r} is taken by a study of this repository")
    for name in variants:
        if name not in loaded.variants:
            known = ", ".join(loaded.variants) or "none"
            raise InputError(f"Study {loaded.name} has no variant {name!r}. Variants: {known}.")
        loaded = loaded.with_variant(name)
    return loaded
