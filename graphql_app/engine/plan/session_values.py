"""The planner's part for session variables: texts, made what the column's encoder takes when the call comes. Strict.

What a variable holds never becomes SQL other than by the encoders; one that does not fit fails the call. The error
names the variable and not the column, which the caller may not know of.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Final, NoReturn

from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.values import compared, stored_encoder
from graphql_app.engine.request.calls import Operator, SessionSlot
from graphql_app.engine.sql.fragment import Composed, Literal, Param, Value
from graphql_app.engine.sql.operators import EQUALITIES, OPERATORS, ORDERINGS, Takes
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Column
from schema_gen.sql_literals import quote_bytes
from schema_gen.types.column_types import encode, encoder_of, text_bytes, type_of
from schema_gen.types.type_rows import OperatorGroup

Convert = Callable[[object], object]
"""From a variable's text to what an encoder takes. Raises `ValueError`."""

_LISTS: Final = frozenset({Operator.IN, Operator.NIN})
_ITEM: Final = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"\s*|([^",{}\\]+))(,|\Z)', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def compare_column(column: Column, operator: Operator, raw: object) -> plan.CompareColumn:
    """The resolved comparison of a column with what a request or a rule says. Raises `RequestError`."""
    places = _places(raw)
    low, high = compared(column, operator, raw)
    if not places:
        return plan.CompareColumn(column, operator, low, high)
    _check_operator(column, operator)
    make = _converter(column, operator, raw)
    exact = upper = filled = None
    if OPERATORS[operator].takes is not Takes.TEXT and text_bytes(column) is not None:
        exact = _value(low, places, make, _bytes_encoder(column, operator, 0))
        upper = None if high is None else _value(high, places, make, _bytes_encoder(column, operator, 1))
    if operator in _LISTS and isinstance(raw, SessionSlot):
        filled = _value(low, places, make, _filled_literal)
    made = _value(low, places, make), None if high is None else _value(high, places, make)
    return plan.CompareColumn(column, operator, *made, exact, upper, filled)


def compared_count(column: Column, operator: Operator, raw: object) -> tuple[Value, Value | None]:
    """As `compared`, for what is no column. Raises `RequestError`."""
    places = _places(raw)
    low, high = compared(column, operator, raw)
    if not places:
        return low, high
    if isinstance(raw, SessionSlot) and operator in _LISTS:
        raise RequestError(Code.INVALID_PARAMETER, f"'{operator}' of a number of rows takes no list from a session")
    make = _converter(column, operator, raw)
    return _value(low, places, make), None if high is None else _value(high, places, make)


def stored_variable(column: Column, slot: SessionSlot) -> Value:
    """A session variable to be stored in `column`."""
    convert, encode = partial(session_value, column), stored_encoder(column)
    return Param(slot.index, partial(_encode, slot.name, column, convert, encode))


def session_value(column: Column, text: object) -> object:
    """What the encoder of `column` takes for a variable's text. Raises `ValueError`."""
    if not isinstance(text, str):
        raise ValueError("expected a text")
    row = type_of(column)
    if row.scalar == "json":
        return _json(text)
    if row.scalar == "Boolean":
        return text.lower()
    if row.scalar == "year":
        encode(text, column)  # of two digits, the server would make a year of this century
    if row.is_list and text.startswith("["):
        return _json(text)
    return text


def session_list(column: Column, text: object) -> list[object]:
    """The values in a list: a JSON array, or `{a,b}` as PostgreSQL writes it. Raises `ValueError`."""
    if not isinstance(text, str):
        raise ValueError("expected a text")
    if text.lstrip().startswith("{"):
        return [session_value(column, item) for item in _braced(text.strip())]
    found = _json(text, parse_float=Decimal if type_of(column).scalar != "json" else None)
    if not isinstance(found, list):
        raise ValueError("expected a list")
    plain = type_of(column).scalar == "json"
    return [session_value(column, item) if isinstance(item, str) and not plain else item for item in found]


def _json(text: str, parse_float: Callable[[str], object] | None = None) -> object:
    try:
        return json.loads(text, parse_float=parse_float, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("expected JSON") from None


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _braced(text: str) -> list[str]:
    if not text.endswith("}"):
        raise ValueError("expected a list in braces")
    inside, place, found = text[1:-1], 0, []
    while inside.strip():
        match = _ITEM.match(inside, place)
        if match is None:
            raise ValueError("expected a list in braces")
        quoted, bare, more = match.groups()
        item = _ESCAPED.sub(r"\1", quoted) if quoted is not None else bare.strip()
        if quoted is None and item.upper() in ("", "NULL"):
            raise ValueError("expected values")
        found.append(item)
        place = match.end()
        if not more:
            break
    return found


# --- places in SQL ----------------------------------------------------------


def _places(raw: object) -> dict[int, str]:
    """The names of the session variables in a value, by their places in it; a value alone stands at 0."""
    if isinstance(raw, SessionSlot):
        return {0: raw.name}
    if not isinstance(raw, list | tuple):
        return {}
    return {place: item.name for place, item in enumerate(raw) if isinstance(item, SessionSlot)}


def _check_operator(column: Column, operator: Operator) -> None:
    if operator in EQUALITIES:
        group = OperatorGroup.EQUALITY
    else:
        group = OperatorGroup.ORDER if operator in ORDERINGS else OperatorGroup.TEXT
    if group not in type_of(column).operators:
        message = f"Column '{column.name}' cannot be compared by '{operator}' with a session variable"
        raise RequestError(Code.INVALID_PARAMETER, message, column=column.name)


def _converter(column: Column, operator: Operator, raw: object) -> tuple[Column, Convert]:
    """What makes values of one variable's text."""
    takes = OPERATORS[operator].takes
    if takes is Takes.TEXT:
        return column, lambda text: text
    if isinstance(raw, SessionSlot) and takes in (Takes.LIST, Takes.PAIR):
        return column, partial(session_list, column)
    return column, partial(session_value, column)


def _value(
    planned: Value,
    places: dict[int, str],
    make: tuple[Column, Convert],
    encode: Callable[[object], bytes] | None = None,
) -> Value:
    """`planned` with what its variables hold made fit first, and encoded by `encode` if that is given."""
    column, convert = make
    if isinstance(planned, Literal):
        raise AssertionError("a session variable was encoded before the call")
    encode = encode or planned.encode
    if isinstance(planned, Param):
        (name,) = places.values()
        return Param(planned.slot, partial(_encode, name, column, convert, _or_nothing(encode)))
    names = ", ".join(sorted(set(places.values())))
    return Composed(planned.raw, partial(_encode, names, column, partial(_each, frozenset(places), convert), encode))


def _each(places: frozenset[int], convert: Convert, raw: object) -> object:
    if not isinstance(raw, list | tuple):
        raise ValueError("expected a list")
    return [convert(item) if place in places else item for place, item in enumerate(raw)]


def _encode(name: str, column: Column, convert: Convert, encode: Callable[[object], bytes], raw: object) -> bytes:
    try:
        return encode(convert(raw))
    except (ValueError, RequestError):
        message = (
            f'Invalid value of session variable "{name}": expected a value for a column of type {column.type.base}'
        )
        raise RequestError(Code.INVALID_VALUE, message) from None


def _or_nothing(encode: Callable[[object], bytes]) -> Callable[[object], bytes]:
    """`encode`, with the list of one NULL for a list without items: nothing is in it (see `filled`)."""

    def made(raw: object) -> bytes:
        literal = encode(raw)
        return b"(NULL)" if literal == b"()" else literal

    return made


def _bytes_encoder(column: Column, operator: Operator, end: int) -> Callable[[object], bytes]:
    if operator is Operator.BETWEEN:
        return partial(_bytes_of_end, column, end)
    return partial(_bytes_literals if operator in _LISTS else _bytes_literal, column)


def _bytes_of_end(column: Column, end: int, raw: object) -> bytes:
    if not isinstance(raw, list | tuple):
        raise ValueError("expected a list")
    return _bytes_literal(column, raw[end])


def _bytes_literals(column: Column, raw: object) -> bytes:
    if not isinstance(raw, list | tuple):
        raise ValueError("expected a list")
    return b"(" + b",".join([_bytes_literal(column, each) for each in raw]) + b")"


def _bytes_literal(column: Column, raw: object) -> bytes:
    if type_of(column).scalar == "json":
        return b"CAST(" + encoder_of(column, stored=False)(raw) + b" AS BINARY)"
    if not isinstance(raw, str):
        raise ValueError("expected a text")
    return quote_bytes(raw.encode())


def _filled_literal(raw: object) -> bytes:
    return b"TRUE" if raw else b"FALSE"
