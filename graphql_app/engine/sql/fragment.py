"""SQL as values: the one door by which names and values enter SQL text.

A `Sql` is a run of parts: text written in this package, literals already encoded, and
places that are filled at call time (a `Param`, a `Composed`, or the parents' keys: a `KeyList`, a `ForEachKey`).
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


Value = Literal | Param | Composed


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


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of whole numbers, as a literal."""

    values: tuple[Value, ...]

    def literal(self, slots: Sequence[object]) -> bytes:
        """The literal at a call with these `slots`. Raises `RequestError`."""
        known = (each.sql if isinstance(each, Literal) else each.literal(slots) for each in self.values)
        return b"%d" % sum(map(int, known))


@dataclass(frozen=True, slots=True)
class KeyCell:
    """One column of the key at hand as a literal, in a `ForEachKey`; with `column` None the text of the whole key."""

    column: int | None


@dataclass(frozen=True, slots=True)
class ForEachKey:
    """A piece of SQL once for each parent key, with `between` between them.

    `literals` has one function per key column, as that of a `KeyList`.
    """

    piece: tuple[bytes | Filled | KeyCell, ...]
    between: bytes
    literals: tuple[Callable[[Sequence[bytes]], Sequence[bytes]], ...]


Filled = Param | Composed | Either | Total
"""What a call fills in without its keys."""
Part = str | Literal | Filled | KeyList | KeyCell | ForEachKey

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


def sql(*pieces: str | Sql | Value | Either | Total | KeyList | KeyCell | ForEachKey) -> Sql:
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

    parts: tuple[bytes | Filled | KeyList | ForEachKey, ...]

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
            elif isinstance(part, ForEachKey):
                out.append(_for_each_key(part, slots, keys))
            else:
                out.append(part.literal(slots))
        return b"".join(out)


def _key_list(part: KeyList, keys: Sequence[bytes]) -> bytes:
    if len(part.literals) == 1:
        return b"(" + b",".join(part.literals[0](keys)) + b")"
    return b"(" + b",".join([b"(" + b",".join(row) + b")" for row in _key_rows(part.literals, keys)]) + b")"


def _key_rows(
    literals: tuple[Callable[[Sequence[bytes]], Sequence[bytes]], ...], keys: Sequence[bytes]
) -> Iterable[tuple[bytes, ...]]:
    """The literals of each key's columns."""
    columns = zip(*[key.split(KEY_SEPARATOR) for key in keys], strict=True) if len(literals) > 1 else (keys,)
    return zip(*[of(column) for of, column in zip(literals, columns, strict=True)], strict=True)


def _for_each_key(part: ForEachKey, slots: Sequence[object], keys: Sequence[bytes]) -> bytes:
    piece = [each if isinstance(each, bytes | KeyCell) else each.literal(slots) for each in part.piece]
    made: list[bytes] = []
    for key, cells in zip(keys, _key_rows(part.literals, keys), strict=True):
        filled = (
            each if isinstance(each, bytes) else quote_text(key.decode()) if each.column is None else cells[each.column]
            for each in piece
        )
        made.append(b"".join(filled))
    return part.between.join(made)


def for_each_key(
    piece: Sql, between: str, literals: tuple[Callable[[Sequence[bytes]], Sequence[bytes]], ...]
) -> ForEachKey:
    """`piece` once for each parent key; `KeyCell` stands in it where the key does."""
    parts: list[bytes | Filled | KeyCell] = []
    for part in _merged(piece):
        if isinstance(part, KeyList | ForEachKey):
            raise AssertionError("keys within what is written for each key")
        parts.append(part)
    return ForEachKey(tuple(parts), between.encode(), literals)


def finish(piece: Sql) -> Statement:
    """The statement of a complete piece: constant runs merged into bytes."""
    parts: list[bytes | Filled | KeyList | ForEachKey] = []
    for part in _merged(piece):
        if isinstance(part, KeyCell):
            raise AssertionError("a cell of a key outside of what is written for each key")
        parts.append(part)
    return Statement(tuple(parts))


def _merged(piece: Sql) -> list[bytes | Filled | KeyList | KeyCell | ForEachKey]:
    merged: list[bytes | Filled | KeyList | KeyCell | ForEachKey] = []
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
    return merged


_TRACE_PARENT = re.compile("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def trace_comment(trace_parent: str) -> bytes:
    """A W3C `traceparent` as the comment at a statement's end, in sqlcommenter's form. Raises `ValueError`."""
    if not _TRACE_PARENT.fullmatch(trace_parent):
        raise ValueError("no traceparent")
    return f" /*traceparent='{trace_parent}'*/".encode()


def shape(statement: Statement) -> str:
    """The statement's text with `?` for call-time places, and the second of two: for golden files, never sent."""
    return "".join(map(_mark, statement.parts))


def _mark(part: bytes | Filled | KeyList | KeyCell | ForEachKey) -> str:
    if isinstance(part, bytes):
        return part.decode("utf-8", "replace")
    if isinstance(part, ForEachKey):
        return "".join(map(_mark, part.piece)) + part.between.decode() + "…"
    if isinstance(part, Either):
        return shape(part.second)
    return "(?)" if isinstance(part, KeyList) else "?"
