"""Vega and Vega-Lite as one classic script, out of the wheel that carries them."""

from functools import cache
from pathlib import Path

import vl_convert

LICENCES = Path(__file__).parent / "vega-licences.txt"
SNIPPET = "window.vegaEmbed = vegaEmbed;"
"""The embedder, and through it Vega and Vega-Lite: by their own names the wheel gives nothing."""


@cache
def vega_script() -> str:
    """The libraries that draw the chart, as a script that pages opened from a disk can load.

    It defines `vegaEmbed`. Nothing is downloaded, and equal versions of the wheel give equal
    bytes. The bundle is made once in a process, for that takes more than a second.
    """
    notices = LICENCES.read_text(encoding="utf-8")
    # The bundle is written as a module; a function keeps its thousands of names to itself.
    body = vl_convert.javascript_bundle(SNIPPET)
    return f'/*\n{notices}*/\n(function () {{\n"use strict";\n{body}\n}})();\n'
