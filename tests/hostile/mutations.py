"""Mutations: a right text, JSON value or run of bytes -> one that is a little or very wrong, drawn from a seed."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from random import Random
from typing import Any

from tests.hostile.corpus import VALUES

_TOKENS = re.compile(r'\s+|[A-Za-z_][A-Za-z0-9_]*|"(?:[^"\\]|\\.)*"?|-?[0-9.]+|\.\.\.|.', re.DOTALL)
_WORDS: tuple[str, ...] = (
    *'{ } ( ) [ ] : ! $ @ = | & ... # " """ , . * ! % \' \\ ; -- /* */'.split(" "),
    *"on fragment query mutation subscription null true false asc desc_nulls_first".split(),
    *"_and _or _not _eq _in _is_null _set _inc on_conflict limit offset where order_by".split(),
    *"eq neq gte in is not. or and like imatch between select order".split(),
    *"users customers orders id name age __typename __schema @skip @include(if:true) users_aggregate returning".split(),
    *"0 -1 2147483648 9223372036854775808 1e400 0x10 1.0 -0".split(),
    "\0",
    "\u2028",
    "\ud83d",
    "é",
)
_STRANGE: tuple[object, ...] = (
    *VALUES,
    None,
    True,
    0,
    -1,
    2**31,
    2**63,
    -(2**63) - 1,
    10**400,
    1.5,
    1e308,
    [],
    {},
    [[]],
    [None],
    {"": None},
    {"_eq": None},
    {"_in": []},
    {"_and": {}},
    {"id": {"_eq": [1]}},
    [[[[[[[[[[1]]]]]]]]]],
)
_BYTES: tuple[bytes, ...] = (
    *b"\0 \xff \xc3 \xed\xa0\x80 \xef\xbb\xbf \xf0\x9f\x98\x80 \r".split(b" "),
    *b"\" ' \\ , : { } [ ] ( ) % %00 %ff & = ? # / .. ; + *".split(b" "),
    b"\r\n",
    b"\n",
    b" ",
    b"9" * 40,
    b"A" * 3000,
)
_MOST = 6


def _times(draw: Random) -> int:
    """Mostly one, at times several."""
    return min(_MOST, 1 + int(draw.expovariate(1.0)))


def strange(draw: Random) -> object:
    """A value that has broken something somewhere."""
    return copy.deepcopy(draw.choice(_STRANGE))


def word(draw: Random) -> str:
    """A word of one of the languages that clients write, or a strange text."""
    return draw.choice(_WORDS) if draw.random() < 0.8 else str(draw.choice(VALUES))[:300]


def text(given: str, draw: Random) -> str:
    """A text with some of its tokens left out, doubled, exchanged, replaced or put in between."""
    tokens = _TOKENS.findall(given) or [""]
    for _ in range(_times(draw)):
        at, other = draw.randrange(len(tokens)), draw.randrange(len(tokens))
        match draw.randrange(6):
            case 0:
                tokens[at] = ""
            case 1:
                tokens[at] *= 2
            case 2:
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case 3:
                tokens[at] = word(draw)
            case 4:
                tokens.insert(at, word(draw))
            case _:
                first, last = min(at, other), max(at, other)
                tokens[at:at] = tokens[first : min(last, first + 40)]
    return "".join(tokens)


def raw(given: bytes, draw: Random) -> bytes:
    """Bytes with some flipped, cut out, doubled or put in between."""
    found = bytearray(given)
    for _ in range(_times(draw)):
        at = draw.randrange(len(found) + 1)
        match draw.randrange(5):
            case 0 if at < len(found):
                found[at] ^= 1 << draw.randrange(8)
            case 1:
                del found[at : at + draw.randint(1, 20)]
            case 2:
                found[at:at] = found[at : at + draw.randint(1, 50)]
            case 3:
                del found[at:]
            case _:
                found[at:at] = draw.choice(_BYTES)
    return bytes(found)


# --- JSON -------------------------------------------------------------------


def _places(value: Any, found: list[tuple[Any, Any]]) -> None:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(pairs):
        found.append((value, key))
        _places(inner, found)


def _replace(holder: Any, key: Any, draw: Random) -> None:
    holder[key] = strange(draw)


def _mutate_text(holder: Any, key: Any, draw: Random) -> None:
    holder[key] = text(str(holder[key]), draw)


def _leave_out(holder: Any, key: Any, draw: Random) -> None:
    del holder[key]


def _wrap(holder: Any, key: Any, draw: Random) -> None:
    for _ in range(draw.choice((1, 2, 30, 200))):
        holder[key] = [holder[key]] if draw.random() < 0.5 else {word(draw): holder[key]}


def _rename(holder: Any, key: Any, draw: Random) -> None:
    if isinstance(holder, dict):
        holder[str(draw.choice(VALUES)) if draw.random() < 0.3 else word(draw)] = holder.pop(key)
    else:
        holder.insert(key, strange(draw))


_CHANGES: tuple[Callable[[Any, Any, Random], None], ...] = (
    _replace,
    _replace,
    _mutate_text,
    _leave_out,
    _wrap,
    _rename,
)


def json_value(given: object, draw: Random) -> object:
    """A JSON value with some of its parts replaced, left out, wrapped or renamed."""
    held = [copy.deepcopy(given)]
    for _ in range(_times(draw)):
        places: list[tuple[Any, Any]] = []
        _places(held, places)
        if places:
            draw.choice(_CHANGES)(*draw.choice(places), draw)
    return held[0] if held else None
