"""Addresses of databases, schemas and tables; none of them holds a secret."""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from analysis.errors import InputError

MARK: Final = "://"
OWN_WORDS: Final = ("schema", "results", "table")
"""What an address says beyond the engine: where the extract lies, where its results go, a table."""
STRICT: Final = ("duckdb", "postgres", "spark")
"""Engines of whose addresses every word is known."""
SAME_ENGINE: Final = {"postgresql": "postgres"}
FORM: Final = (
    "Write engine://host:port/database?schema=registry&results=analysis; of what stands after the "
    "question mark both may be left out."
)
HIDDEN: Final = "***"
REMEDY: Final = (
    "Take it out of the address: passwords and tokens come from the environment or the engine's "
    "own files, such as PGPASSWORD or ~/.pgpass (docs/data-places.md lists them for each engine)."
)
SECRET_WORD: Final = re.compile(
    r"pass(wor[dt]|wd|phrase|code)?$|^pw|pwd|token|secret|credential|private|jwt|signature"
    r"|(api|access|account|shared)_?key",
    re.IGNORECASE,
)
"""Names of what is secret, in an address and in the environment."""
FOLDERS: Final = ("PWD", "OLDPWD")
"""Variables of every shell that are called like passwords."""
SECRETS: Final = (
    # postgres://person:secret@host
    re.compile(r"(?P<kept>//[^/\s:@]*:)[^\s@]+(?=@)"),
    # password=secret, as in libpq's own words
    re.compile(
        r"(?P<kept>(?:pass(?:word|wd|code)?|pwd|token|secret|(?:api|access|account)_?key)[\"']?"
        r"\s*[=:]\s*)(?:'[^']*'|\"[^\"]*\"|[^\s&;,]+)",
        re.I,
    ),
)
SHORTEST_SECRET: Final = 4


@dataclass(frozen=True)
class Address:
    """Where tables lie in a database.

    Attributes
    ----------
    engine
        Its scheme: `postgres`, `duckdb`, `spark`, or another that Ibis connects to.
    base
        The address as the engine takes it.
    schema
        Where the tables are looked for; the engine's default if None.
    results
        The schema that the processed table goes to; that of the extract if None.
    table
        One table of the schema.
    """

    engine: str
    base: str
    schema: str | None = None
    results: str | None = None
    table: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address.

        Raises
        ------
        InputError
            If it is none, holds a secret (which the message does not repeat), or has words that
            mean nothing.
        """
        refuse_secrets(text)
        try:
            parts = urlsplit(text)
            words = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True))
            _ = parts.port
        except ValueError:
            # What can't be read is not repeated: it may hold a secret that can't be told.
            raise InputError(f"The address given can't be read. {FORM}") from None
        engine = SAME_ENGINE.get(parts.scheme, parts.scheme)
        rest = {name: value for name, value in words.items() if name not in OWN_WORDS}
        if parts.fragment or (engine in STRICT and rest):
            strange = ", ".join(rest) or "#"
            raise InputError(f"{engine}: an address does not say {strange}. {FORM}")
        base = parts._replace(scheme=engine, query=urlencode(rest)).geturl()
        # urllib leaves out the empty host of duckdb:///file for schemes that it does not know.
        base = base if MARK in base else base.replace(":", MARK, 1)
        own = {name: words[name] for name in OWN_WORDS if words.get(name)}
        return cls(engine, base, **own)

    @property
    def parts(self) -> SplitResult:
        """The base taken apart."""
        return urlsplit(self.base)

    @property
    def path(self) -> str:
        """What stands after the host: a database, or a file."""
        return unquote(self.parts.path)

    def of_results(self, table: str) -> Self:
        """The address of a table of results."""
        return replace(self, schema=self.results or self.schema, results=None, table=table)

    def __str__(self) -> str:
        words = {name: getattr(self, name) for name in OWN_WORDS if getattr(self, name)}
        query = "&".join(f"{name}={quote(value)}" for name, value in words.items())
        return self.base + (("&" if "?" in self.base else "?") + query if query else "")


def parse_place(place: Path | str) -> Path | Address:
    """Tell a path from an address.

    Raises
    ------
    InputError
        If it holds a secret, or is an address that can't be read.
    """
    if isinstance(place, Path):
        return place
    if MARK in place:
        return Address.parse(place)
    try:
        if Path(place).exists():
            return Path(place)
    except OSError as error:
        raise InputError(f"What is given can't be a path: {error.strerror}.") from None
    # It may be an address with a slip in it, and messages would repeat it.
    refuse_secrets(place)
    return Path(place)


def refuse_secrets(text: str) -> None:
    """Raise an `InputError`, which does not repeat it, if a text holds a password or a token."""
    plain = unquote(text)
    # What stands between the words of an address may be written in percents too.
    names = [word.partition("=")[0] for word in re.split(r"[?&;\s]+", plain)[1:]]
    person = (plain.partition("//")[2] or plain).rpartition("@")[0]
    named = any(SECRET_WORD.search(name) for name in names)
    if ":" in person or named or any(pattern.search(plain) for pattern in SECRETS):
        raise InputError(f"The address given holds a password or a token. {REMEDY}")


def scrub(text: str) -> str:
    """Hide what is secret in a driver's message: passwords in it, and those of the environment."""
    for pattern in SECRETS:
        text = pattern.sub(rf"\g<kept>{HIDDEN}", text)
    values = {
        value
        for name, value in os.environ.items()
        if SECRET_WORD.search(name) and name not in FOLDERS
    }
    # A driver that tells an address writes them in percents.
    for value in sorted(values | {quote(one, safe="") for one in values}, key=len, reverse=True):
        if len(value) >= SHORTEST_SECRET:
            text = text.replace(value, HIDDEN)
    return text
