"""What every document says of itself: its title, its marks, and what it is of."""

from analysis.figures.wording import capitalise, say
from analysis.report.contents import Contents
from analysis.vocabulary import Audience


def title(contents: Contents, language: str) -> str:
    """Title of the report's documents."""
    return say("documents.title", language, study=contents.study.title.label()[language])


def cohort(contents: Contents, language: str) -> str:
    """Study and cohort."""
    study = contents.study.title.label()[language]
    if contents.cohort is None:
        return f"{study}, {say('documents.all_cohorts', language)}"
    return say("words.cohort", language, population=study, cohort=contents.cohort)


def marks(contents: Contents, language: str, *, real: bool = False) -> list[str]:
    """Words that no page may lack: that the data are synthetic, that it is internal.

    Parameters
    ----------
    contents, language
        The report, and a language.
    real
        Whether what is marked is real though the cohort is synthetic: figures that were printed.
    """
    told = []
    if contents.study.synthetic and not real:
        told.append(say("words.synthetic", language))
    if contents.audience is Audience.INTERNAL:
        told.append(say("documents.internal", language))
    return told


def describe(contents: Contents, language: str) -> list[tuple[str, str]]:
    """Study, cohort, population, source, citation and licence, each after its name."""
    study, said = contents.study, contents.study.provenance.said
    told = {
        "study": study.title.label()[language],
        "cohort": contents.cohort or say("documents.all_cohorts", language),
        "population": capitalise(study.population.label()[language]),
        "source": said("source", language),
        "citation": said("citation", language),
        "licence": said("licence", language),
        "audience": say(f"documents.audience_{contents.audience}", language),
    }
    return [(say(f"documents.{part}", language), text) for part, text in told.items()]
