"""The page of all figures, to be chosen by stage, group and method."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from analysis.figures.wording import capitalise, group_label, say
from analysis.report.contents import KINDS, Contents, ReportFigure
from analysis.report.site.images import png_size
from analysis.report.site.layout import page_path, render
from analysis.report.site.names import (
    TOGETHER,
    family_name,
    known_groups,
    method_family,
)
from analysis.report.site.notebooks import figure_anchor
from analysis.studies import Study
from analysis.vocabulary import LANGUAGES

NONE = "none"
"""Value of a facet of a figure that is about no stage, group or method in particular."""
GROUP_COLUMNS = ("group", "combination")
SHOWN_METHODS: Mapping[str, tuple[str, ...]] = {
    "estimate_adjusted": ("linear", "logit"),
    "estimate_shrunk": ("wilson", "maihda"),
    "estimate_ipw": ("respondents", "ipw", "aipw", "manski"),
    "placed_by": ("kaplan_meier",),
}
"""Methods behind columns of figures that put several beside each other."""
DOWNLOADS = (*KINDS, "csv")


@dataclass(frozen=True)
class Facet:
    """What figures can be chosen by.

    Attributes
    ----------
    name
        Of the form field, and of its part of the page's address.
    of
        Its values for a figure; none if the figure is about none in particular.
    label
        What readers call a value, by language.
    order
        Values in the order in which they are offered; others follow as figures show them.
    """

    name: str
    of: Callable[[ReportFigure], Sequence[str]]
    label: Callable[[str, str], str]
    order: Sequence[str] = ()

    def values(self, figure: ReportFigure) -> list[str]:
        """Values of a figure, never empty."""
        return list(dict.fromkeys(self.of(figure))) or [NONE]

    def options(self, figures: Sequence[ReportFigure], language: str) -> list[tuple[str, str]]:
        """Values of all figures with their labels, what is about none in particular last."""
        found = dict.fromkeys(value for figure in figures for value in self.values(figure))
        ordered = dict.fromkeys([*(value for value in self.order if value in found), *found])
        named = [(value, self.label(value, language)) for value in ordered if value != NONE]
        last = [(NONE, say(f"site.no_{self.name}", language))] if NONE in found else []
        return [(value, capitalise(label)) for value, label in named] + last


def facets(study: Study) -> tuple[Facet, ...]:
    """Stage, group and method, for the figures of a study."""
    return (
        Facet(
            "stage",
            lambda figure: stages_of(figure, study),
            lambda value, language: study.measures[value].label.label()[language],
            tuple(study.measures),
        ),
        Facet(
            "group",
            lambda figure: groups_of(figure, study),
            lambda value, language: group_label(study, value, language),
            known_groups(study),
        ),
        Facet("method", methods_of, family_name),
    )


def stages_of(figure: ReportFigure, study: Study) -> list[str]:
    """Outcomes and durations that a figure is about: those of its data, or of its name."""
    if own := [name for name in figure.values("outcome") if name in study.measures]:
        return own
    spelled = {name: f"-{name.replace('_', '-')}-" for name in study.measures}
    named = [name for name, part in spelled.items() if part in f"-{figure.id}-"]
    return sorted(named, key=len)[-1:]


def groups_of(figure: ReportFigure, study: Study) -> list[str]:
    """Groups and categories that a figure shows, alone or in combination."""
    shown = {
        part
        for column in GROUP_COLUMNS
        for value in figure.values(column)
        for part in value.split(TOGETHER)
    }
    return [name for name in known_groups(study) if name in shown]


def methods_of(figure: ReportFigure) -> list[str]:
    """Families of the methods that a figure shows."""
    named = [method_family(method) for method in figure.values("method")]
    return named or [
        method
        for column, methods in SHOWN_METHODS.items()
        if column in figure.data
        for method in methods
    ]


def gallery_pages(contents: Contents) -> Iterator[tuple[str, str]]:
    """Path and HTML of the page of figures in each language."""
    chosen_by = facets(contents.study)
    for language in LANGUAGES:
        yield (
            page_path("figures", language),
            render(
                "figures.html.j2",
                language=language,
                title=say("site.page_figures", language),
                current="figures",
                contents=contents,
                facets=[
                    (facet.name, facet.options(contents.figures, language)) for facet in chosen_by
                ],
                figures=[_entry(one, contents, chosen_by, language) for one in contents.figures],
                kinds=DOWNLOADS,
            ),
        )


def _entry(
    figure: ReportFigure, contents: Contents, chosen_by: Sequence[Facet], language: str
) -> dict[str, object]:
    """What the page says of a figure."""
    width, height = png_size(contents.folder / figure.file(language, "png"))
    return {
        "figure": figure,
        "anchor": figure_anchor(figure),
        "width": width,
        "height": height,
        "facets": {facet.name: " ".join(facet.values(figure)) for facet in chosen_by},
        "files": {kind: figure.file(language, kind) for kind in DOWNLOADS},
    }
