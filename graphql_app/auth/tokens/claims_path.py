"""Paths into the claims of a token, as in Hasura's configuration: `$.user.roles`, `$['a.b']`, `$.groups[0]`."""

from __future__ import annotations

import re
from typing import Final

Steps = tuple[str | int, ...]

_ESCAPED = re.compile(r"\\(.)")
_STEP = re.compile(
    r"""\.([^.\[\]'"\s]+) | \[(\d{1,4})\] | \['((?:[^'\\]|\\.)*)'\] | \["((?:[^"\\]|\\.)*)"\]""", re.VERBOSE
)
_LONGEST: Final = 500
MISSING: Final = object()
"""What `follow` gives where a path leads nowhere."""


class ClaimsPathError(Exception):
    """A text is no path. Its own text says what a path looks like."""


def parse_path(path: str) -> Steps:
    """The steps of a path. Raises `ClaimsPathError`."""
    steps: list[str | int] = []
    at = 1
    while path.startswith("$") and len(path) <= _LONGEST and at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            break
        name, index, single, double = step.groups()
        quoted = single if single is not None else double
        if index is not None:
            steps.append(int(index))
        else:
            steps.append(name if quoted is None else _ESCAPED.sub(r"\1", quoted))
        at = step.end()
    if not path.startswith("$") or at != len(path):
        raise ClaimsPathError(f"'{path[:100]}' is no path into the claims, such as $.user.id or $['a.b'][0]")
    return tuple(steps)


def follow(steps: Steps, claims: object) -> object:
    """What stands at a path; `MISSING` where nothing does."""
    found = claims
    for step in steps:
        if isinstance(step, int):
            if not isinstance(found, list) or step >= len(found):
                return MISSING
            found = found[step]
        else:
            if not isinstance(found, dict) or step not in found:
                return MISSING
            found = found[step]
    return found
