"""The name of a CSV file -> the name of its table. Pure."""

from __future__ import annotations

import re

from graphql_app.errors import Code, RequestError

_FILE = re.compile(r"([^/\\\x00-\x1f\x7f\ufffd]+?)(?: \([0-9]{1,4}\))?\.(?:csv|tsv)", re.IGNORECASE)


def table_of(filename: str) -> str:
    """`users` for `users.csv`, `users (1).csv` (a second download) and `users.tsv`.

    Whether there is such a table is for the catalog to say.

    Raises:
        RequestError: INVALID_PARAMETER, a path or another ending.
    """
    found = _FILE.fullmatch(filename)
    if found is None or found[1].strip(". ") != found[1]:
        raise RequestError(
            Code.INVALID_PARAMETER,
            "The file must be called like its table, with the ending .csv or .tsv; else say ?table=",
        )
    return found[1]
