"""PDF files whose bytes depend on what they show alone."""

import io
from collections.abc import Iterator
from typing import Final

import pikepdf

PRODUCER: Final = "placement-gaps"


def normalise(printed: bytes, title: str) -> bytes:
    """A printed PDF without traces of when and by which run of the browser it was printed.

    Parameters
    ----------
    printed
        A PDF as Chromium prints it. Besides dates it carries names of its table headers that
        count on from whatever else the browser did.
    title
        Its title, which readers' windows show.

    Returns
    -------
    bytes
        The same document.
    """
    with pikepdf.open(io.BytesIO(printed)) as document:
        _rename_headers(document)
        del document.docinfo
        with document.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as told:
            told["dc:title"] = title
            told["pdf:Producer"] = PRODUCER
        document.docinfo["/Title"] = title
        document.docinfo["/Producer"] = PRODUCER
        document.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        document.remove_unreferenced_resources()
        target = io.BytesIO()
        document.save(
            target,
            deterministic_id=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            compress_streams=True,
        )
    return target.getvalue()


def _rename_headers(document: pikepdf.Pdf) -> None:
    """Number the named elements of the structure from 1, in the order of their names."""
    named = {str(element.ID): element for element in _elements(document) if "/ID" in element}
    names = {old: f"header{number:06}" for number, old in enumerate(sorted(named), start=1)}
    for element in _elements(document):
        if "/ID" in element:
            element.ID = pikepdf.String(names[str(element.ID)])
        attributes = element.get("/A")
        for one in attributes if isinstance(attributes, pikepdf.Array) else []:
            if "/Headers" in one:
                one.Headers = pikepdf.Array(
                    [pikepdf.String(names[str(old)]) for old in one.Headers if str(old) in names]
                )
    entries = [part for old, new in names.items() for part in (pikepdf.String(new), named[old])]
    if entries:
        document.Root.StructTreeRoot.IDTree = pikepdf.Dictionary(Names=pikepdf.Array(entries))


def _elements(document: pikepdf.Pdf) -> Iterator[pikepdf.Dictionary]:
    for thing in document.objects:
        if isinstance(thing, pikepdf.Dictionary) and thing.get("/Type") == "/StructElem":
            yield thing
