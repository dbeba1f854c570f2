"""The size of an image, which pages state so that nothing moves while they load."""

from pathlib import Path

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png_size(path: Path) -> tuple[int, int]:
    """Width and height of a PNG file in pixels, from its header (ISO/IEC 15948, 11.2.2).

    Raises
    ------
    ValueError
        If it is none.
    """
    with path.open("rb") as file:
        head = file.read(24)
    if head[:8] != SIGNATURE or head[12:16] != b"IHDR":
        raise ValueError(f"{path} is no PNG file")
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
