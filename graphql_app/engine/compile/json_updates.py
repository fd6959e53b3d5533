"""Changes of JSON documents in place, with the meanings that Hasura's `jsonb` operators have, as SQL expressions.

Every engine knows the functions used. Paths are written out with each place as a member or as
an element, whichever it is in the document: MySQL takes `$[0]` of an object for the object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from graphql_app.engine.request.calls import JsonOperator
from graphql_app.engine.sql.fragment import Literal, Sql, finish, join, sql, text
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Column
from schema_gen.types.column_types import encode_compared

MAX_PLACES = 5
"""Steps of a path that may be places of a list. Each doubles the expression."""

MAX_STEPS = 100
"""Steps of a path: databases know no deeper documents."""
MAX_PATH_SQL = 500_000
"""Characters that the steps of a path may make of SQL: each step repeats those before it, and places double that."""

_PLACE = re.compile(r"-?[0-9]{1,9}")
_Path = tuple[str | Sql, ...]
"""The steps of a path as text, or as SQL that gives text."""


def json_change(operator: JsonOperator, column: Column, document: Sql, operand: object) -> bytes:
    """The SQL of what becomes of `document`, the value of `column`. NULL stays NULL.

    Raises `RequestError` where the operand is not one that the operator takes.
    """
    try:
        changed = _CHANGES[operator](column, document, operand)
    except ValueError as error:
        message = f"Invalid value for column '{column.name}': {error}"
        raise RequestError(Code.INVALID_VALUE, message, column=column.name) from None
    return finish(changed).render()


# --- _append, _prepend --------------------------------------------------------


def _append(column: Column, document: Sql, operand: object) -> Sql:
    joined = sql("JSON_MERGE_PRESERVE(", document, ",", _value(column, operand), ")")
    return _merged(column, document, operand, "JSON_SET(", joined)


def _prepend(column: Column, document: Sql, operand: object) -> Sql:
    joined = sql("JSON_MERGE_PRESERVE(", _value(column, operand), ",", document, ")")
    # The members that are there already win.
    return _merged(column, document, operand, "JSON_INSERT(", joined)


def _merged(column: Column, document: Sql, operand: object, merge: str, joined: Sql) -> Sql:
    """Two objects become one, member by member; everything else is `joined` into a list."""
    if not isinstance(operand, dict):
        return joined
    members = [sql(",", text("$" + _member(key)), ",", _value(column, item)) for key, item in operand.items()]
    merged = sql(merge, document, join("", members), ")") if members else document
    return sql("CASE JSON_TYPE(", document, ") WHEN 'OBJECT' THEN ", merged, " ELSE ", joined, " END")


def _value(column: Column, value: object) -> Sql:
    return sql(Literal(encode_compared(value, column)))


# --- _delete_key, _delete_elem, _delete_at_path ---------------------------------


def _delete_key(_column: Column, document: Sql, operand: object) -> Sql:
    """The object without the member, the list without the texts that equal the key."""
    if not isinstance(operand, str):
        raise ValueError("expected a key")
    without = sql("JSON_REMOVE(", document, ",", text("$" + _member(operand)), ")")
    item = "IFNULL(item_.value_,'null')"
    same = sql(
        "JSON_TYPE(item_.value_)='STRING' AND HEX(CONVERT(JSON_UNQUOTE(item_.value_) USING utf8mb4))=", _hex(operand)
    )
    items = sql("JSON_TABLE(", document, ",'$[*]' COLUMNS(place_ FOR ORDINALITY, value_ JSON PATH '$')) AS item_")
    kept = f"CONCAT('[',IFNULL(GROUP_CONCAT({item} ORDER BY item_.place_ SEPARATOR ','),''),']')"
    rest = sql("(SELECT ", kept, " FROM ", items, " WHERE NOT IFNULL(", same, ",0))")
    kinds = sql(" WHEN 'OBJECT' THEN ", without, " WHEN 'ARRAY' THEN ", rest)
    return sql("CASE JSON_TYPE(", document, ")", kinds, " ELSE ", document, " END")


def _hex(key: str) -> Sql:
    return text(key.encode().hex().upper())


def _delete_elem(_column: Column, document: Sql, operand: object) -> Sql:
    if isinstance(operand, bool) or not isinstance(operand, int):
        raise ValueError("expected the place of an element")
    rest = sql("JSON_REMOVE(", document, ",", _path((_element(document, (), operand),)), ")")
    return sql("CASE JSON_TYPE(", document, ") WHEN 'ARRAY' THEN ", rest, " ELSE ", document, " END")


def _delete_at_path(_column: Column, document: Sql, operand: object) -> Sql:
    if not isinstance(operand, list | tuple) or not all(isinstance(step, str) for step in operand):
        raise ValueError("expected a list of keys and places")
    steps = list(operand)
    if len(steps) > MAX_STEPS:
        raise RequestError(Code.LIMIT_EXCEEDED, f"A path takes at most {MAX_STEPS} steps")
    places = sum(bool(_PLACE.fullmatch(step)) for step in steps)
    if places > MAX_PLACES:
        raise RequestError(Code.LIMIT_EXCEEDED, f"A path takes at most {MAX_PLACES} places of lists")
    if len(steps) * sum(map(len, steps)) << places > MAX_PATH_SQL:
        raise RequestError(Code.LIMIT_EXCEEDED, "The names in a path are too long together")
    return _without(document, (), steps) if steps else document


def _without(document: Sql, path: _Path, steps: Sequence[str]) -> Sql:
    """The document without what `steps` lead to from `path`."""

    def then(step: str | Sql) -> Sql:
        further = (*path, step)
        if steps[1:]:
            return _without(document, further, steps[1:])
        return sql("JSON_REMOVE(", document, ",", _path(further), ")")

    here = sql("JSON_EXTRACT(", document, ",", _path(path), ")") if path else document
    kinds = sql(" WHEN 'OBJECT' THEN ", then(_member(steps[0])))
    if _PLACE.fullmatch(steps[0]):
        kinds = sql(kinds, " WHEN 'ARRAY' THEN ", then(_element(document, path, int(steps[0]))))
    return sql("CASE JSON_TYPE(", here, ")", kinds, " ELSE ", document, " END")


# --- paths ---------------------------------------------------------------------


def _member(key: str) -> str:
    quoted = json.dumps(key, ensure_ascii=False)
    # MariaDB takes a minus at the beginning for no name at all, quoted or not.
    return "." + (r'"\u002d' + quoted[2:] if key.startswith("-") else quoted)


def _element(document: Sql, path: _Path, place: int) -> str | Sql:
    """The step to an element; negative places count from the end. Behind the last there is none."""
    if place >= 0:
        return f"[{place}]"
    size = sql("JSON_LENGTH(", document, ",", _path(path), ")")
    return sql("CONCAT('[',IF(", size, f"<{-place},", size, ",", size, f"-{-place}),']')")


def _path(steps: _Path) -> Sql:
    if all(isinstance(step, str) for step in steps):
        return text("".join(("$", *(step for step in steps if isinstance(step, str)))))
    return sql("CONCAT('$',", join(",", (text(step) if isinstance(step, str) else step for step in steps)), ")")


_CHANGES: dict[JsonOperator, Callable[[Column, Sql, object], Sql]] = {
    JsonOperator.APPEND: _append,
    JsonOperator.PREPEND: _prepend,
    JsonOperator.DELETE_KEY: _delete_key,
    JsonOperator.DELETE_ELEM: _delete_elem,
    JsonOperator.DELETE_AT_PATH: _delete_at_path,
}
