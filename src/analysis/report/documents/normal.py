"""PDF files whose bytes depend on what they show alone."""

import io
from collections.abc import Iterator, Mapping
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
        _share_images(document)
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


def _share_images(document: pikepdf.Pdf) -> None:
    """Keep one of the images that are alike: the browser draws each hatched bar as its own."""
    # Masks first, for images that are alike only once they share their mask.
    for masked in (False, True):
        kept: dict[bytes, pikepdf.Object] = {}
        copies = {}
        for thing in document.objects:
            if _is_image(thing) and ("/SMask" in thing) == masked:
                one = kept.setdefault(thing.stream_dict.unparse() + thing.read_raw_bytes(), thing)
                if one.objgen != thing.objgen:
                    copies[thing.objgen] = one
        for thing in document.objects:
            _replace_images(thing, copies)


def _is_image(thing: pikepdf.Object) -> bool:
    return isinstance(thing, pikepdf.Stream) and thing.get("/Subtype") == "/Image"


def _replace_images(
    thing: pikepdf.Object, copies: Mapping[tuple[int, int], pikepdf.Object]
) -> None:
    """Refer to the image that is kept wherever a dictionary, at any depth, refers to a copy."""
    if not isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        return
    for name, value in thing.items():
        if not isinstance(value, pikepdf.Object):
            continue
        if not value.is_indirect:
            _replace_images(value, copies)
        elif value.objgen in copies:
            thing[name] = copies[value.objgen]


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
