"""What readers call the groups and methods that figures can be chosen by."""

from analysis.figures.wording import catalogue, say
from analysis.studies import Study
from analysis.vocabulary import GROUPS

TOGETHER = " + "
"""Between the categories of a combination."""
SECTIONS = ("methods", "decompositions")
"""Where the catalogue names methods."""


def method_family(method: str) -> str:
    """A method without the words that say its errors: `logit` of `logit_hc1`.

    It is the longest beginning that the catalogue names; the first word if it names none.
    """
    words = method.split("_")
    beginnings = ["_".join(words[:size]) for size in range(len(words), 0, -1)]
    return next((name for name in beginnings if _key(name)), words[0])


def family_name(family: str, language: str) -> str:
    """What readers call a family of methods; its own name if the catalogue has none."""
    key = _key(family)
    return say(key, language) if key else family


def _key(family: str) -> str | None:
    keys = (f"{section}.{family}" for section in SECTIONS)
    return next((key for key in keys if key in catalogue()), None)


def known_groups(study: Study) -> tuple[str, ...]:
    """Groups and categories that have a label, in their order."""
    return (*GROUPS, *study.categories)
