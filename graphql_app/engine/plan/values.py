"""Values of a request made ready for SQL: checked against their column, encoded, or left for call time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from graphql_app.engine.request.calls import Operator, Slot
from graphql_app.engine.sql.fragment import Literal, Value, finish, sql, value
from graphql_app.engine.sql.like_prefix import letters_of, literal_prefix
from graphql_app.engine.sql.operators import EQUALITIES, OPERATORS, ORDERINGS, OperatorRow, Takes, escape_like
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Column
from schema_gen.sql_literals import quote_text
from schema_gen.types.column_types import compared_exactly, encode_column, encoder_of, holds, placer_of, type_of

NULL = Literal(b"NULL")
NOT_NULL = Literal(b"NOT NULL")
EMPTY_LIST = Literal(b"()")
MAX_PAGE = 2**62 - 1
"""The largest limit or offset: seekdb adds the two in 63 bits."""

Encoder = Callable[[object], bytes]


def _checked(column: Column, encoder: Encoder, raw: object) -> bytes:
    try:
        return encoder(raw)
    except ValueError as error:
        raise _invalid(column, str(error)) from None


def _encode_list(column: Column, raw: object) -> bytes:
    if not isinstance(raw, list | tuple):
        raise _invalid(column, "expected a list")
    if any(item is None for item in raw):
        raise _null_comparison(column)
    encoder = encoder_of(column, stored=False)
    literals = [_checked(column, encoder, item) for item in raw]
    if column.type.charset not in (None, "utf8mb4"):
        # What the column cannot hold equals no row, and would have all others compared as exactly.
        kept = [literal for literal, item in zip(literals, raw, strict=True) if holds(column, str(item))]
        literals = kept or literals[:1]
    return b"(" + b",".join(literals) + b")"


# What stands behind the column, NULL where it is NULL: true is any number but 0, and an index can be used.
_TRUTHS: Mapping[frozenset[bool], bytes] = {
    frozenset(): b" NOT BETWEEN -128 AND 127",
    frozenset({False}): b"=0",
    frozenset({True}): b"<>0",
    frozenset({True, False}): b" BETWEEN -128 AND 127",
}


def _encode_truth(column: Column, operator: Operator, raw: object) -> bytes:
    """An equality with truth values, all of it but the column."""
    if operator in (Operator.IN, Operator.NIN):
        if not isinstance(raw, list | tuple):
            raise _invalid(column, "expected a list")
        if any(item is None for item in raw):
            raise _null_comparison(column)
        items: Sequence[object] = raw
    else:
        items = (raw,)
    encoder = encoder_of(column, stored=False)
    wanted = {_checked(column, encoder, item) == b"1" for item in items}
    if operator in (Operator.NEQ, Operator.NIN):
        wanted = {True, False} - wanted
    return _TRUTHS[frozenset(wanted)]


def _encode_text(column: Column, row: OperatorRow, raw: object) -> bytes:
    if not isinstance(raw, str):
        raise _invalid(column, "expected a text")
    try:
        literal = row.text(raw)
        return literal if row.converts or holds(column, raw) else compared_exactly(literal)
    except ValueError as error:
        raise _invalid(column, str(error)) from None


def _implied(column: Column, raw: object) -> Value | None:
    """What a pattern that ignores case implies by the column's own collation; None where that is nothing."""
    letters = letters_of(column.type.collation) if type_of(column).scalar == "String" else frozenset[str]()
    if not letters or (isinstance(raw, str) and not literal_prefix(raw, letters)):
        return None
    return value(raw, partial(_encode_prefix, column, letters))


def _encode_prefix(column: Column, letters: frozenset[str], raw: object) -> bytes:
    if not isinstance(raw, str):
        raise _invalid(column, "expected a text")
    return quote_text(escape_like(literal_prefix(raw, letters)) + "%")


def _pair(column: Column, raw: object) -> tuple[object, object]:
    if not isinstance(raw, list | tuple) or len(raw) != 2:
        raise _invalid(column, "expected a list of two values")
    if None in raw:
        raise _null_comparison(column)
    return raw[0], raw[1]


def _encode_end(column: Column, end: int, raw: object) -> bytes:
    """One end of a range."""
    return _checked(column, placer_of(column), _pair(column, raw)[end])


def _invalid(column: Column, what: str) -> RequestError:
    return RequestError(Code.INVALID_VALUE, f"Invalid value for column '{column.name}': {what}", column=column.name)


def _null_comparison(column: Column) -> RequestError:
    return RequestError(
        Code.NULL_COMPARISON,
        f"Column '{column.name}' cannot be compared with null; use _is_null",
        column=column.name,
    )


def storer(column: Column) -> Callable[[object], Value]:
    """What turns values into what is stored in `column`; `None` is NULL.

    The function raises `RequestError` where a value does not fit the column.
    """
    encoder, type_ = type_of(column).encoder, column.type

    def store(raw: object) -> Value:
        if raw is None:
            return _null(column)
        if isinstance(raw, Slot):
            return value(raw, stored_encoder(column))
        try:
            return Literal(encoder(raw, type_, True))
        except ValueError as error:
            raise _invalid(column, str(error)) from None

    return store


def stored_encoder(column: Column) -> Encoder:
    """What encodes a value that is not NULL to be stored in `column`. Raises `RequestError`."""
    return partial(_checked, column, encoder_of(column, stored=True))


def stored_column(column: Column, values: Sequence[object]) -> list[bytes]:
    """The literals of many values for `column`; `None` is NULL.

    Raises:
        RequestError: a value that does not fit; `row` says which.
    """
    try:
        found = encode_column(values, column)
    except ValueError:
        found = None
    if found is not None:
        return found
    store = storer(column)
    literals: list[bytes] = []
    for row, raw in enumerate(values):
        try:
            literals.append(finish(sql(store(raw))).render())
        except RequestError as error:
            error.row = row
            raise
    return literals


def assigned(column: Column, raw: object) -> Value:
    """The value to store in `column`; `None` is NULL. Raises `RequestError` where it does not fit."""
    return storer(column)(raw)


def _null(column: Column) -> Value:
    if not column.nullable and not column.auto_increment:
        raise RequestError(Code.NOT_NULL_VIOLATION, f"Column '{column.name}' cannot be null", column=column.name)
    return NULL


def added(column: Column, raw: object) -> Value:
    """The number to add to `column`: also a negative one to an unsigned column.

    Raises:
        RequestError: null, or no number.
    """
    if raw is None:
        raise _invalid(column, "expected a number to add")
    return value(raw, partial(_checked, column, encoder_of(column, stored=False)))


def compared(column: Column, operator: Operator, raw: object) -> tuple[Value, Value | None]:
    """The value or values that `operator` compares `column` with.

    Raises:
        RequestError: null where no null is allowed, or a value that does not fit.
    """
    if raw is None:
        raise _null_comparison(column)
    row = OPERATORS[operator]
    if operator in EQUALITIES and type_of(column).truth and raw not in ([], ()):
        return value(raw, partial(_encode_truth, column, operator)), None
    match row.takes:
        case Takes.FLAG:
            if not isinstance(raw, bool):
                raise _invalid(column, "expected true or false")
            return (NULL if raw else NOT_NULL), None
        case Takes.LIST:
            if isinstance(raw, list | tuple) and not raw:
                return EMPTY_LIST, None
            return value(raw, partial(_encode_list, column)), None
        case Takes.PAIR:
            return value(raw, partial(_encode_end, column, 0)), value(raw, partial(_encode_end, column, 1))
        case Takes.TEXT:
            return value(raw, partial(_encode_text, column, row)), _implied(column, raw) if row.folds else None
        case Takes.VALUE:
            encoder = placer_of(column) if operator in ORDERINGS else encoder_of(column, stored=False)
            return value(raw, partial(_checked, column, encoder)), None


def _encode_page(what: str, maximum: int, most: int | None, raw: object) -> bytes:
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise RequestError(Code.INVALID_PARAMETER, f"'{what}' must be a whole number")
    if raw < 0:
        raise RequestError(Code.INVALID_PARAMETER, f"'{what}' must not be negative")
    if raw > maximum:
        raise RequestError(Code.LIMIT_EXCEEDED, f"'{what}' must be at most {maximum}")
    return b"%d" % (raw if most is None else min(raw, most))


def page(what: str, raw: object, maximum: int = MAX_PAGE, most: int | None = None) -> Value | None:
    """A limit or an offset; `None` stays none. What is above `most` is taken for it.

    Raises:
        RequestError: not a whole number, negative, or above `maximum`.
    """
    return None if raw is None else value(raw, partial(_encode_page, what, maximum, most))
