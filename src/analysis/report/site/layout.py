"""What every page shares: header, navigation, banners, language switch and footer."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from posixpath import dirname, relpath

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from analysis.figures import wording
from analysis.figures.wording import capitalise, say
from analysis.report.contents import Contents
from analysis.vocabulary import LANGUAGES, Audience

TEMPLATES = Path(__file__).parent / "templates"
INDEX = "index"
NOTEBOOKS = "notebooks"
SECTIONS = (INDEX, "figures", "tables", "explorer", NOTEBOOKS, "methods")
"""Pages that the navigation names, in its order."""


def page_path(name: str, language: str) -> str:
    """Path of a page below the report's folder; the English index is what a folder opens with."""
    if name != INDEX:
        return f"pages/{name}.{language}.html"
    return "index.html" if language == LANGUAGES[0] else f"index.{language}.html"


def render(
    template: str,
    *,
    language: str,
    title: str,
    current: str,
    contents: Contents,
    templates: Path = TEMPLATES,
    **values: object,
) -> str:
    """One page of the site as HTML.

    The template extends `base.html.j2` and fills its blocks: `head` for a page's own style
    sheets and scripts (`<script defer src="{{ root }}assets/…">`; no module, no inline code, for
    pages are opened from a disk), `main` for what stands below the heading, which the layout
    writes, and `title_block` to write that too. Templates know, beside `values`:

    - `language`, `title`, `current`, `contents`, `study`;
    - `real`, whether all that the page shows is real though the study is synthetic;
    - `root`, which leads from the page to the report's folder: `{{ root }}figures/…`;
    - `page(name)`, the link to another page in the same language;
    - `say(key, …)` and `number`, `count`, `percent`, `points`, in the page's language.

    Style sheets may use the colours of `assets/site.css` (`--ink`, `--muted`, `--paper`,
    `--panel`, `--line`, `--accent`), which are right in light and dark, and the classes `lead`,
    `note`, `scroll` (a region that scrolls sideways, for tables), `controls` (a row of labelled
    form fields) and `downloads`.

    Parameters
    ----------
    template
        Name of the template.
    language
        Of the page.
    title
        Its heading, and first part of the window's title.
    current
        Its name, as in `page_path`: `explorer` for `pages/explorer.en.html`.
    contents
        The report.
    templates
        Where the template lies, if not beside the site's own.
    values
        What else the template names.
    """
    return render_alone(
        template,
        language=language,
        title=title,
        current=current,
        audience=contents.audience,
        templates=templates,
        section=NOTEBOOKS if current in contents.notebooks else current,
        sections=SECTIONS,
        contents=contents,
        study=contents.study,
        real=contents.real(current),
        **values,
    )


def render_alone(
    template: str,
    *,
    language: str,
    title: str,
    current: str,
    audience: Audience,
    templates: Path = TEMPLATES,
    **values: object,
) -> str:
    """One page that is of no single report.

    Its template fills the blocks of `base.html.j2` that tell of one, too: `window`, `brand`,
    `pages`, `marks` and `sources`. Parameters as those of `render`; it knows all that is listed
    there but `contents`, `study` and `real`.
    """
    here = page_path(current, language)

    def page(name: str, language: str = language) -> str:
        return relpath(page_path(name, language), dirname(here) or ".")

    return (
        _environment(templates)
        .get_template(template)
        .render(
            language=language,
            title=title,
            current=current,
            internal=audience is Audience.INTERNAL,
            root="../" if dirname(here) else "",
            others={other: page(current, other) for other in LANGUAGES if other != language},
            page=page,
            **_bound(language),
            **values,
        )
    )


def _bound(language: str) -> dict[str, Callable[..., str]]:
    """Words and number formats of a language."""
    formats = (wording.number, wording.count, wording.percent, wording.points)
    told = {one.__name__: partial(one, language=language) for one in formats}
    return {"say": lambda key, **values: say(key, language, **values), **told}


@cache
def _environment(templates: Path) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in (templates, TEMPLATES)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["capitalise"] = capitalise
    return environment
