"""SQL as values: the one door by which names and values enter SQL text.

A `Sql` is a run of parts: text written in this package, literals already encoded, and
places that are filled at call time (a `Param`, a `Composed`, or a `KeyList` of parent keys).
Nothing else in the program writes a backtick, a quote or a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import orjson

from graphql_app.engine.request.calls import Slot
from schema_gen.sql_literals import quote_text


@dataclass(frozen=True, slots=True)
class Literal:
    """A value encoded as an SQL literal."""

    sql: bytes


@dataclass(frozen=True, slots=True)
class Param:
    """A value of a prepared operation: `encode` turns the slot's value into a literal.

    `encode` raises `RequestError` for a value that does not fit.
    """

    slot: int
    encode: Callable[[object], bytes]

    def literal(self, slots: Sequence[object]) -> bytes:
        """The literal at a call with these `slots`. Raises `RequestError`."""
        return self.encode(slots[self.slot])


@dataclass(frozen=True, slots=True)
class Composed:
    """A list or document with slots somewhere in it: `[1, $two]`."""

    raw: object
    encode: Callable[[object], bytes]

    def literal(self, slots: Sequence[object]) -> bytes:
        """As `Param.literal`."""
        return self.encode(_filled(self.raw, slots))


@dataclass(frozen=True, slots=True)
class KeyList:
    """The parenthesised list of parent keys of a batched statement.

    `literals` has one function per key column: from the keys' texts to their SQL literals.
    """

    literals: tuple[Callable[[Sequence[bytes]], Sequence[bytes]], ...]


@dataclass(frozen=True, slots=True)
class Either:
    """The SQL of `first`, or that of `second`, as `takes_first` says of a call's slots. No key lists are in them."""

    takes_first: Callable[[Sequence[object]], bool]
    first: Statement
    second: Statement

    def literal(self, slots: Sequence[object]) -> bytes:
        """The SQL at a call with these `slots`. Raises `RequestError`."""
        return (self.first if self.takes_first(slots) else self.second).render(slots)


Value = Literal | Param | Composed
Part = str | Literal | Param | Composed | Either | KeyList

# Stands between the columns of a composite key's text, never inside JSON text or a key's text.
KEY_SEPARATOR = b"\x1e"


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL. Pieces are joined with `sql`, `join` and `template`."""

    parts: tuple[Part, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is any text."""
        return bool(self.parts)


EMPTY = Sql()


def sql(*pieces: str | Sql | Value | Either | KeyList) -> Sql:
    """Pieces one after another. A `str` must be a constant of this package."""
    parts: list[Part] = []
    for piece in pieces:
        if isinstance(piece, Sql):
            parts.extend(piece.parts)
        else:
            parts.append(piece)
    return Sql(tuple(parts))


def join(separator: str, items: Iterable[Sql]) -> Sql:
    """`items` with `separator` between them."""
    parts: list[Part] = []
    for index, item in enumerate(items):
        if index:
            parts.append(separator)
        parts.extend(item.parts)
    return Sql(tuple(parts))


def name(*identifiers: str) -> Sql:
    """A quoted name, qualified where several identifiers are given."""
    return Sql((".".join("`" + part.replace("`", "``") + "`" for part in identifiers),))


def template(text: str, column: Sql) -> Sql:
    """A template of `schema_gen.types.column_types`, its `{c}` replaced by `column`."""
    return join_parts(text.split("{c}"), column)


def join_parts(texts: Sequence[str], between: Sql) -> Sql:
    """`texts` with `between` in each gap."""
    parts: list[Part] = []
    for index, text in enumerate(texts):
        if index:
            parts.extend(between.parts)
        if text:
            parts.append(text)
    return Sql(tuple(parts))


def text(constant: str) -> Sql:
    """A string literal in SQL."""
    return Sql((Literal(quote_text(constant)),))


def json_key(key: str) -> str:
    """`"key":` as JSON text."""
    return orjson.dumps(key).decode() + ":"


def value(raw: object, encode: Callable[[object], bytes]) -> Value:
    """A value, encoded now, or at call time where it is a slot or has one in it."""
    if isinstance(raw, Slot):
        return Param(raw.index, encode)
    return Composed(raw, encode) if _has_slot(raw) else Literal(encode(raw))


def _has_slot(raw: object) -> bool:
    if isinstance(raw, list | tuple):
        return any(map(_has_slot, raw))
    if isinstance(raw, dict):
        return any(map(_has_slot, raw.values()))
    return isinstance(raw, Slot)


def _filled(raw: object, slots: Sequence[object]) -> object:
    if isinstance(raw, Slot):
        return slots[raw.index]
    if isinstance(raw, list | tuple):
        return [_filled(item, slots) for item in raw]
    if isinstance(raw, dict):
        return {key: _filled(item, slots) for key, item in raw.items()}
    return raw


@dataclass(frozen=True, slots=True)
class Statement:
    """A finished statement: constant bytes and places to fill."""

    parts: tuple[bytes | Param | Composed | Either | KeyList, ...]

    def render(self, slots: Sequence[object] = (), keys: Sequence[bytes] = ()) -> bytes:
        """The bytes to send, with `slots` and the texts of parent `keys` in their places."""
        parts = self.parts
        if len(parts) == 1 and isinstance(parts[0], bytes):
            return parts[0]
        out: list[bytes] = []
        for part in parts:
            if isinstance(part, bytes):
                out.append(part)
            elif isinstance(part, KeyList):
                out.append(_key_list(part, keys))
            else:
                out.append(part.literal(slots))
        return b"".join(out)


def _key_list(part: KeyList, keys: Sequence[bytes]) -> bytes:
    literals = part.literals
    if len(literals) == 1:
        return b"(" + b",".join(literals[0](keys)) + b")"
    columns = zip(*[key.split(KEY_SEPARATOR) for key in keys], strict=True)
    cells = [of(column) for of, column in zip(literals, columns, strict=True)]
    return b"(" + b",".join([b"(" + b",".join(row) + b")" for row in zip(*cells, strict=True)]) + b")"


def finish(piece: Sql) -> Statement:
    """The statement of a complete piece: constant runs merged into bytes."""
    merged: list[bytes | Param | Composed | Either | KeyList] = []
    run: list[bytes] = []
    for part in piece.parts:
        if isinstance(part, str):
            run.append(part.encode())
        elif isinstance(part, Literal):
            run.append(part.sql)
        else:
            if run:
                merged.append(b"".join(run))
                run = []
            merged.append(part)
    if run:
        merged.append(b"".join(run))
    return Statement(tuple(merged))


_TRACE_PARENT = re.compile("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def trace_comment(trace_parent: str) -> bytes:
    """A W3C `traceparent` as the comment at a statement's end, in sqlcommenter's form. Raises `ValueError`."""
    if not _TRACE_PARENT.fullmatch(trace_parent):
        raise ValueError("no traceparent")
    return f" /*traceparent='{trace_parent}'*/".encode()


def shape(statement: Statement) -> str:
    """The statement's text with `?` for call-time places, and the second of two: for golden files, never sent."""
    marks = {Param: "?", Composed: "?", KeyList: "(?)"}
    return "".join(
        part.decode("utf-8", "replace")
        if isinstance(part, bytes)
        else shape(part.second)
        if isinstance(part, Either)
        else marks[type(part)]
        for part in statement.parts
    )
