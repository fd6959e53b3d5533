"""The name of a file of rows -> the name of its table, and whether it is of CSV or of JSON lines. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from graphql_app.errors import Code, RequestError

_ENDINGS = "csv|tsv|txt|ndjson|jsonl"
_FILE = re.compile(rf"([^/\\\x00-\x1f\x7f\ufffd]+?)(?: \([0-9]{{1,4}}\))?\.(?:{_ENDINGS})", re.IGNORECASE)
_LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")


def is_json_lines(filename: str, media: str = "") -> bool:
    """Whether the file is of JSON lines, by its name or the media type that it was sent with."""
    return filename.lower().endswith((".ndjson", ".jsonl")) or media.partition(";")[0].strip().lower() in _LINES


def same_but_for_case(name: str, tables: Iterable[str]) -> str | None:
    """The one table that is called `name` but for upper and lower case; None where there is none, or several."""
    found = [table for table in tables if table.casefold() == name.casefold()]
    return found[0] if len(found) == 1 else None


def table_of(filename: str) -> str:
    """`users` for `users.csv`, `users (1).csv` (a second download), `users.tsv` and `users.ndjson`.

    Whether there is such a table is for the catalog to say.

    Raises:
        RequestError: INVALID_PARAMETER, a path or another ending.
    """
    found = _FILE.fullmatch(filename)
    if found is None or found[1].strip(". ") != found[1]:
        raise RequestError(
            Code.INVALID_PARAMETER,
            "The file must be called like its table, with the ending .csv, .tsv, .txt, .ndjson or .jsonl; "
            "else say ?table=",
        )
    return found[1]
