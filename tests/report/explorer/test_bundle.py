"""The libraries that draw: one script, equal at each making, with its licences."""

import subprocess
import sys
from hashlib import sha256

from analysis.report.explorer.bundle import SNIPPET, vega_script

MAKE = """\
import sys, vl_convert
sys.stdout.buffer.write(vl_convert.javascript_bundle(sys.argv[1]).encode())
"""


def test_another_process_makes_the_same_bytes() -> None:
    made = subprocess.run(
        [sys.executable, "-c", MAKE, SNIPPET],
        env={"PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
    )
    _, _, code = vega_script().partition('"use strict";\n')
    body = code.removesuffix("\n})();\n")
    assert sha256(made.stdout).digest() == sha256(body.encode()).digest()


def test_script_is_small_and_tells_its_licences() -> None:
    script = vega_script()
    assert len(script) < 1_000_000
    notice, _, code = script.partition("*/\n")
    for word in ("University of Washington", "Mike Bostock", "BSD 3-Clause", "ISC", "MIT"):
        assert word in notice
    # A classic script: no imports, which a page opened from a disk could not load.
    assert code.startswith("(function () {")
    assert "window.vegaEmbed" in code[-200:]
