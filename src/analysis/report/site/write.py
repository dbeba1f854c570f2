"""The site as files below the report's folder."""

import shutil
from pathlib import Path

from analysis.files import write_text
from analysis.report.contents import Contents
from analysis.report.site.gallery import gallery_pages
from analysis.report.site.methods import method_pages
from analysis.report.site.notebooks import notebook_pages

ASSETS = Path(__file__).parent / "assets"


def write_site(contents: Contents) -> None:
    """Write the site into the report's folder, where its notebooks are already executed.

    Writes `index.html` and `index.fr.html`, `pages/<name>.<language>.html` and `assets/`. The
    page of the explorer, to which every page links, is written by `analysis.report.explorer`.

    Parameters
    ----------
    contents
        The report.
    """
    folder = contents.folder
    for make in (gallery_pages, notebook_pages, method_pages):
        for path, page in make(contents):
            write_text(folder / path, page)
    for asset in sorted(ASSETS.iterdir()):
        (folder / "assets").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(asset, folder / "assets" / asset.name)
