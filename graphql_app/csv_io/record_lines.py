"""The outer form of CSV (RFC 4180) as the program writes it: the header, and lines made by the database. Pure."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable, Sequence

from graphql_app.engine.compile.exports import QUOTE, RUNS

NEW_LINE = b"\r\n"


def header_line(names: Iterable[str]) -> bytes:
    """The first line; a name is quoted where it must be."""
    return b",".join(_name(name) for name in names) + NEW_LINE


def spreadsheet_header(names: Iterable[str]) -> bytes:
    """The first line for a spreadsheet: a byte order mark, and no name that it would run."""
    return BOM_UTF8 + header_line("'" + name if name.lstrip(" ")[:1] in RUNS else name for name in names)


def _name(name: str) -> bytes:
    text = name.encode()
    plain = not set(text) & set(b',"\r\n') and text.strip() == text and text
    return text if plain else b'"' + text.replace(b'"', b'""') + b'"'


def record_lines(rows: Sequence[bytes]) -> bytes:
    """The lines of rows whose cells the database has joined, their quotes still marked by `QUOTE`."""
    text = NEW_LINE.join(rows)
    if b'"' in text:
        text = text.replace(b'"', b'""')
    return text.replace(QUOTE, b'"') + NEW_LINE
