"""Writing figures and tables: bytes that depend on content alone, in both languages."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Self

import matplotlib as mpl
import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngImageFile, PngInfo

from analysis.figures.place import KEY_FIELDS, KEY_PREFIX, METADATA, OUTPUT_KEY, Place
from analysis.figures.subject import Subject
from analysis.figures.theme import SETTINGS, Words
from analysis.figures.wording import say
from analysis.files import canonical_json, staged_file, write_text
from analysis.vocabulary import LANGUAGES

DOTS_PER_INCH = 200
COLOURS = 64
SHOWN_WIDTH = 760


@dataclass(frozen=True)
class Chart:
    """A figure that can be drawn in each language.

    Attributes
    ----------
    id
        Name of its files, in lower case with hyphens.
    words
        What stands around it, by language.
    draw
        Makes the figure of a language.
    data
        What it plots, as a tidy table.
    sources
        Where the data come from.
    synthetic
        Whether persons were generated; words and data are then marked.
    """

    id: str
    words: Mapping[str, Words]
    draw: Callable[[str], Figure]
    data: pd.DataFrame
    sources: Sequence[str]
    synthetic: bool = False

    @classmethod
    def about(
        cls,
        subject: Subject,
        id: str,  # noqa: A002 (the word that readers know)
        data: pd.DataFrame,
        words: Callable[[str], Words],
        draw: Callable[[Words, str], Figure],
        sources: Sequence[str] = (),
    ) -> Self:
        """Make the chart of a subject from what says its words and draws it in a language.

        The study's own source stands before the others given. Note and caption say if counts
        are rounded, and the caption ends with the source.
        """
        said = {language: _completed(words(language), subject, language) for language in LANGUAGES}
        return cls(
            id,
            said,
            lambda language: draw(said[language], language),
            data,
            [subject.study.provenance.source, *sources],
            subject.study.synthetic,
        )


def _completed(words: Words, subject: Subject, language: str) -> Words:
    rounding = subject.rounding(language)
    caption = (words.caption, rounding, words.source)
    return replace(
        words,
        note=" ".join(filter(None, (words.note, rounding))),
        caption=" ".join(filter(None, caption)),
    )


def save_figure(
    figure: Figure,
    id: str,  # noqa: A002 (the word that readers know)
    title: str,
    caption: str,
    alt: str,
    data: pd.DataFrame,
    sources: Sequence[str],
    *,
    language: str,
    place: Place,
) -> Path:
    """Write a figure as SVG, PNG and PDF with its data and its words.

    Parameters
    ----------
    figure
        The figure.
    id
        Name of its files: `<id>.<language>.svg` and so on, and `<id>.csv` for the data.
    title, caption, alt
        Headline, caption, and alternative text for those who can't see the figure.
    data
        What it plots.
    sources
        Where the data come from.
    language
        Language of the words.
    place
        Where to write, and what the figure is made of; the files carry their content key.

    Returns
    -------
    pathlib.Path
        The PNG file.

    Raises
    ------
    ValueError
        If the alternative text is empty.
    """
    if not alt.strip():
        raise ValueError(f"figure {id} needs an alternative text")
    text = data.to_csv(index=False, lineterminator="\n")
    key = place.content_key(id, language, title, caption, alt, text)
    folder = place.folder / "figures"
    for kind, metadata in METADATA.items():
        with (
            staged_file(folder / f"{id}.{language}.{kind}") as staged,
            mpl.rc_context({name: SETTINGS[name] for name in SETTINGS if name.startswith(kind)}),
        ):
            marked = {**metadata, KEY_FIELDS[kind]: KEY_PREFIX + key}
            figure.savefig(staged, format=kind, dpi=DOTS_PER_INCH, metadata=marked)
            if kind == "png":
                _shrink(staged)
    write_text(folder / f"{id}.csv", text)
    words = {"id": id, "language": language, "title": title, "caption": caption, "alt": alt}
    made = {"sources": list(sources), "notebook": place.notebook, "key": key, "run": place.key}
    write_text(folder / f"{id}.{language}.json", canonical_json({**words, **made}))
    return folder / f"{id}.{language}.png"


def _shrink(path: Path) -> None:
    """Write an image with a palette: charts have few colours, and files become half as large."""
    with Image.open(path) as image:
        assert isinstance(image, PngImageFile)
        told = PngInfo()
        for name, text in image.text.items():
            told.add_text(name, text)
        # Median cut keeps white white; the faster octree doesn't.
        reduced = image.convert("RGB").quantize(
            COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
        )
        reduced.save(path, dpi=image.info["dpi"], pnginfo=told)


def save_chart(chart: Chart, place: Place) -> dict[str, Path]:
    """Write a chart in every language; the PNG file of each."""
    paths = {}
    for each in LANGUAGES:
        words = chart.words[each]
        paths[each] = save_figure(
            chart.draw(each),
            chart.id,
            words.headline,
            _marked(words.caption, each, chart.synthetic),
            _marked(words.alt, each, chart.synthetic),
            mark_table(chart.data, chart.synthetic),
            chart.sources,
            language=each,
            place=place,
        )
    return paths


def publish(chart: Chart, place: Place, language: str) -> None:
    """Write a chart in every language and show it in the notebook in one of them.

    The notebook's output names the figure, so that the exported page of another language can
    show that language's file.
    """
    image = base64.b64encode(save_chart(chart, place)[language].read_bytes()).decode()
    alts = {each: _marked(words.alt, each, chart.synthetic) for each, words in chart.words.items()}
    metadata = {
        "image/png": {"alt": alts[language], "width": SHOWN_WIDTH},
        OUTPUT_KEY: {"figure": chart.id, "alt": alts},
    }
    # nbval compares texts, not images: the figure is compared by the data that it plots.
    digest = sha256((place.folder / "figures" / f"{chart.id}.csv").read_bytes()).hexdigest()
    bundle = {"image/png": image, "text/plain": f"figure {chart.id}, data {digest}"}
    display(bundle, raw=True, metadata=metadata)


def _marked(text: str, language: str, synthetic: bool) -> str:
    return say("words.marked", language, text=text) if synthetic else text


def mark_table(table: pd.DataFrame, synthetic: bool) -> pd.DataFrame:
    """Add the column `data` that says SYNTHETIC in every row, if it is."""
    return table.assign(data="SYNTHETIC") if synthetic else table


def save_table(table: pd.DataFrame, name: str, place: Place, *, synthetic: bool = False) -> None:
    """Write a tidy table as Parquet and CSV below `tables`, marked if synthetic.

    A sidecar names the notebook and the content key.
    """
    table, target = mark_table(table, synthetic), place.folder / "tables" / name
    with staged_file(target.with_suffix(".parquet")) as staged:
        table.to_parquet(staged, index=False)
    text = table.to_csv(index=False, lineterminator="\n")
    write_text(target.with_suffix(".csv"), text)
    key = place.content_key(name, text)
    made = {"id": name, "notebook": place.notebook, "key": key, "run": place.key}
    write_text(target.with_suffix(".json"), canonical_json(made))
