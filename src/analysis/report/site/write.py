"""The site as files below the report's folder."""

import shutil
from collections.abc import Collection
from itertools import chain
from pathlib import Path

from analysis.files import write_text
from analysis.report.contents import Contents
from analysis.report.site.gallery import gallery_pages
from analysis.report.site.index import index_pages
from analysis.report.site.methods import method_pages
from analysis.report.site.notebooks import notebook_pages
from analysis.report.site.tables import table_pages

ASSETS = Path(__file__).parent / "assets"
LATER = ("manifest.json", "ro-crate-metadata.json")
"""Files that every pack ends with."""


def write_site(contents: Contents, later: Collection[str] = LATER) -> None:
    """Write the site into the report's folder, where its notebooks are already executed.

    Writes `index.html` and `index.fr.html`, `pages/<name>.<language>.html` and `assets/`. The
    page of the explorer, to which every page links, is written by `analysis.report.explorer`.

    Parameters
    ----------
    contents
        The report.
    later
        Paths, below its folder, of files that are written after the site; the first page links to
        them as to those that exist.
    """
    folder = contents.folder
    pages = chain(
        index_pages(contents, later),
        gallery_pages(contents),
        table_pages(contents),
        notebook_pages(contents),
        method_pages(contents),
    )
    for path, page in pages:
        write_text(folder / path, page)
    write_assets(folder)


def write_assets(folder: Path) -> None:
    """Copy style sheet and scripts beside the pages of a pack."""
    for asset in sorted(ASSETS.iterdir()):
        (folder / "assets").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(asset, folder / "assets" / asset.name)
