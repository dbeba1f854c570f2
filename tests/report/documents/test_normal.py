"""What is left of a printed PDF once it is normalised."""

import io
from collections.abc import Sequence
from typing import Any

import pikepdf

from analysis.report.documents.normal import normalise


def image(document: pikepdf.Pdf, data: bytes, mask: pikepdf.Object | None = None) -> pikepdf.Object:
    """A line of grey dots."""
    about: dict[str, Any] = {
        "/Type": pikepdf.Name.XObject,
        "/Subtype": pikepdf.Name.Image,
        "/Width": len(data),
        "/Height": 1,
        "/ColorSpace": pikepdf.Name.DeviceGray,
        "/BitsPerComponent": 8,
    }
    if mask is not None:
        about["/SMask"] = mask
    return document.make_stream(data, about)


def printed(images: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A page with images, each with a mask of its own, as a browser prints hatched bars."""
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(100, 100))
    page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary())
    for place, (data, mask) in enumerate(images):
        page.obj.Resources.XObject[f"/X{place}"] = image(document, data, image(document, mask))
    drawn = " ".join(f"/X{place} Do" for place in range(len(images)))
    page.obj.Contents = document.make_stream(drawn.encode())
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def shown(pdf: bytes) -> tuple[list[tuple[bytes, bytes]], int]:
    """Each image of the page with its mask, and how many images the file has."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        drawn = document.pages[0].obj.Resources.XObject
        pairs = [(drawn[name].read_bytes(), drawn[name].SMask.read_bytes()) for name in drawn]
        stored = [one for one in document.objects if isinstance(one, pikepdf.Stream)]
        return pairs, sum(one.get("/Subtype") == "/Image" for one in stored)


def test_images_that_are_alike_are_stored_once_and_drawn_as_before() -> None:
    images = [(b"bar", b"one"), (b"bar", b"one"), (b"bar", b"two"), (b"dot", b"one")]
    pairs, stored = shown(normalise(printed(images), "Report"))
    assert pairs == images
    assert stored == len({b"one", b"two"}) + len(set(images))


def test_a_normalised_file_is_left_as_it_is() -> None:
    once = normalise(printed([(b"bar", b"one"), (b"bar", b"one")]), "Report")
    assert normalise(once, "Report") == once
