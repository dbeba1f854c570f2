"""Where figures and tables go, and the content keys that they carry.

Apart from what draws them, for commands that only read keys start faster without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

# Dates and version stamps would make equal figures differ.
METADATA: Mapping[str, dict[str, None]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None},
}
KEY_FIELDS: Mapping[str, str] = {"svg": "Identifier", "png": "Identifier", "pdf": "Keywords"}
"""Where each kind of file carries its content key."""
KEY_PREFIX = "placement-gaps:"
OUTPUT_KEY = "placement_gaps"


@dataclass(frozen=True)
class Place:
    """Where the figures and tables of a notebook's run go, and what they are made of.

    Attributes
    ----------
    folder
        Holds `figures/` and `tables/`.
    notebook
        The notebook's name.
    key
        The run's content key (see `analysis.runs.keys.run_key`), from which the keys of
        its figures and tables are made.
    """

    folder: Path
    notebook: str
    key: str

    def content_key(self, name: str, *contents: str) -> str:
        """Key of one figure or table: equal if and only if run, name and contents are."""
        return sha256("\0".join([self.key, name, *contents]).encode()).hexdigest()
