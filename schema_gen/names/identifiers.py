"""What a legal GraphQL name is, how a database name becomes one, and how camelCase is written. Pure text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final, Literal

# A lone underscore is left out as well: it would make `__aggregate` and the like.
_LEGAL = re.compile(r"(?!__|_$)[_A-Za-z][_0-9A-Za-z]*")
_UNDERSCORE: Final = "u5f"
_ILLEGAL_RUN = re.compile(r"[^_0-9A-Za-z]+")

Style = Literal["snake", "camel"]
ROOTS: Final = ("query_root", "mutation_root", "subscription_root")
"""Types that are called so in every style."""
NOT_ENUM_VALUES: Final = frozenset({"true", "false", "null"})

# Latin letters that Unicode does not take apart.
_LETTERS: Final = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D"}
    | {"ð": "d", "Ð": "D", "ł": "l", "Ł": "L", "þ": "th", "Þ": "TH", "\u0131": "i"}
)


def is_legal(name: str) -> bool:
    """Whether GraphQL takes `name`, and does not keep it for itself."""
    return _LEGAL.fullmatch(name) is not None


def legal(name: str) -> str:
    """`name` where it is legal, else the nearest name that is.

    Accents are dropped, other letters beyond ASCII are written as their code point
    (`u65e5`), runs of anything else become one underscore, and one alone is `u5f`.
    """
    if is_legal(name):
        return name
    plain = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    spelled = "".join(_spelled(character) for character in plain)
    made = _ILLEGAL_RUN.sub("_", spelled)
    if made.startswith("__"):
        made = "_" + made.lstrip("_")
    if made[:1].isdigit():
        made = "_" + made
    return made if made.strip("_") else _UNDERSCORE


def _spelled(character: str) -> str:
    if character.isascii():
        return character
    if unicodedata.combining(character):
        return ""
    return f"u{ord(character):x}" if character.isalnum() else "_"


def camel(name: str) -> str:
    """`name` in camelCase. Leading underscores and the first letter stay as they are."""
    bare = name.lstrip("_")
    first, *rest = bare.split("_")
    # An empty part stands for a doubled or final underscore; it is kept, so that names stay apart.
    return name[: len(name) - len(bare)] + first + "".join(part[:1].upper() + part[1:] or "_" for part in rest)


def pascal(name: str) -> str:
    """`name` in PascalCase: as `camel`, with a capital letter first."""
    turned = camel(name)
    bare = turned.lstrip("_")
    return turned[: len(turned) - len(bare)] + bare[:1].upper() + bare[1:]


def styled(word: str, style: Style) -> str:
    """The name of a field, an argument or an operator in this style."""
    return camel(word) if style == "camel" else word


def styled_type(word: str, style: Style) -> str:
    """The name of a type in this style."""
    return pascal(word) if style == "camel" and word not in ROOTS else word


def styled_name(name: str, style: Style) -> str:
    """A name of the database in this style; one that is not legal is told as it stands."""
    return styled(name, style) if is_legal(name) else name


def candidates(name: str, kind: str) -> Iterator[str]:
    """`name`, and what stands in for it where it is taken."""
    yield name
    stem = "" if name == "_" else name  # two underscores at the start are kept by GraphQL for itself
    yield f"{stem}_{kind}"
    for number in count(2):
        yield f"{stem}_{kind}_{number}"


def distinct(wanted: Iterable[tuple[str, str]], kind: str, taken: set[str]) -> dict[str, str]:
    """(database name, public name wished for) -> names that are in no conflict; `taken` grows.

    Wishes that are the database's own names go first: a name that had to be changed
    never takes one that did not.
    """
    pairs = list(wanted)
    found: dict[str, str] = {}
    for original, wish in sorted(pairs, key=lambda pair: pair[0] != pair[1]):
        found[original] = next(each for each in candidates(wish, kind) if each not in taken)
        taken.add(found[original])
    return {original: found[original] for original, _ in pairs}


def all_enum_values(words: Iterable[str]) -> bool:
    """Whether all of `words` can be the values of one GraphQL enum."""
    known = tuple(words)
    return (
        bool(known)
        and len(set(known)) == len(known)
        and all(is_legal(word) and word not in NOT_ENUM_VALUES for word in known)
    )
