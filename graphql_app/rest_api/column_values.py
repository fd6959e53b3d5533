"""Values of bodies and URLs in the form that both APIs give to the engine for a column."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from graphql_app.errors import Code, RequestError
from graphql_app.http.request_body import parse_json
from schema_gen.catalog.model import Column
from schema_gen.types.column_types import type_of

_WHOLE = re.compile(r"[+-]?[0-9]{1,65}", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_TRUTH: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}


def _whole(text: str) -> object:
    return int(text) if _WHOLE.fullmatch(text) else text


def _float(text: str) -> object:
    return float(text) if _NUMBER.fullmatch(text) else text


def _truth(text: str) -> object:
    return _TRUTH.get(text, text)


def _json(text: str) -> object:
    return _doubles(parse_json(text.encode()))


# Scalars that are not listed are texts in JSON too. A text that does not fit is left for the planner to refuse.
_READERS: Mapping[str, Callable[[str], object]] = {
    "Int": _whole,
    "year": _whole,
    "bigint": _whole,
    "Float": _float,
    "Boolean": _truth,
    "json": _json,
    "geometry": _json,
    "vector": _json,
}
_DOCUMENTS = frozenset({"json", "geometry", "vector"})


def given_value(column: Column, value: object) -> object:
    """The `value` of a JSON body for a column; the numbers inside of documents become doubles, as JSON's are."""
    if not isinstance(value, Decimal | list | dict):
        return value
    return _doubles(value) if type_of(column).scalar in _DOCUMENTS else value


def _doubles(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [_doubles(item) for item in value]
    if isinstance(value, dict):
        return {key: _doubles(item) for key, item in value.items()}
    return value


def value_of(column: Column, text: str) -> object:
    """The value that `text` stands for in `column`; a SET's members are parted by commas.

    Raises:
        RequestError: INVALID_VALUE, a column of JSON or geometry and no JSON.
    """
    row = type_of(column)
    if row.is_list:
        return text.split(",") if text else []
    reader = _READERS.get(row.scalar)
    if reader is None:
        return text
    try:
        return reader(text)
    except RequestError as error:
        message = f"Invalid value for column '{column.name}': {error.message}"
        raise RequestError(Code.INVALID_VALUE, message, column=column.name) from None
