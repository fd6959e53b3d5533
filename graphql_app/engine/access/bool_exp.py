"""A rule's boolean expression, as plain data in Hasura's words -> a `Filter` over the full catalog. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from graphql_app.engine.access.rule_names import RuleError, find_column, find_relation, find_table
from graphql_app.engine.request.calls import (
    And,
    Compare,
    CompareColumns,
    Exists,
    Filter,
    Fold,
    Not,
    Operator,
    Or,
    Related,
    RelatedCount,
    SessionSlot,
    all_of,
)
from graphql_app.engine.sql.operators import EQUALITIES, ORDERINGS
from schema_gen.catalog.model import Catalog, Column, Table
from schema_gen.types.column_types import type_of
from schema_gen.types.type_rows import OperatorGroup

PREFIX: Final = "x-hasura-"
ROOT: Final = "$"
"""Stands before a column of the row that the whole rule is about: `["$", "id"]`."""

COLUMN_OPERATORS: Final[Mapping[str, Operator]] = {
    "_ceq": Operator.EQ,
    "_cne": Operator.NEQ,
    "_cneq": Operator.NEQ,
    "_cgt": Operator.GT,
    "_cgte": Operator.GTE,
    "_clt": Operator.LT,
    "_clte": Operator.LTE,
}
_AGGREGATE: Final = "_aggregate"
_FOLD_PARTS: Final = frozenset({"arguments", "distinct", "filter", "predicate"})

Session = Callable[[str], SessionSlot]
"""The place of a session variable, by its name in lower case."""


def variable_of(value: object) -> str | None:
    """The session variable that a value of a rule stands for, in lower case; None for a plain value."""
    return value.lower() if isinstance(value, str) and value.lower().startswith(PREFIX) else None


def variables_in(raw: object) -> Iterator[str]:
    """The session variables anywhere in a rule."""
    pending = [raw]
    while pending:
        each = pending.pop()
        if isinstance(each, str):
            if (found := variable_of(each)) is not None:
                yield found
        elif isinstance(each, dict):
            pending.extend(each.values())
        elif isinstance(each, list | tuple):
            pending.extend(each)


def with_variables(raw: object, session: Session) -> object:
    """A value of a rule, the session variables in it replaced by their places."""
    if isinstance(raw, Mapping):
        return {key: with_variables(each, session) for key, each in raw.items()}
    if isinstance(raw, list | tuple):
        return [with_variables(each, session) for each in raw]
    variable = variable_of(raw)
    return raw if variable is None else session(variable)


def to_filter(catalog: Catalog, table: Table, raw: Mapping[str, object], session: Session) -> Filter | None:
    """The filter of an expression; None for `{}`, which holds for every row. Raises `RuleError`."""
    return _Reader(catalog, session, table).all_parts(table, _object("a rule", raw))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the expressions of one rule; `root` is the table that it is about."""

    catalog: Catalog
    session: Session
    root: Table

    def all_parts(self, table: Table, raw: Mapping[str, object]) -> Filter | None:
        return all_of(self._part(table, key, value) for key, value in raw.items())

    def _part(self, table: Table, key: str, value: object) -> Filter:
        match operator_word(key):
            case "_and":
                return And(tuple(self._whole(table, key, each) for each in _list(key, value)))
            case "_or":
                return Or(tuple(self._whole(table, key, each) for each in _list(key, value)))
            case "_not":
                return Not(self._whole(table, key, value))
            case "_exists":
                return self._exists(_object(key, value))
        relation = None if key in table.columns else find_relation(table, key)
        if relation is not None:
            far = self.catalog.tables[relation.to_table]
            return Related(relation.name, self.all_parts(far, _object(key, value)))
        folded = find_relation(table, key.removesuffix(_AGGREGATE)) if key.endswith(_AGGREGATE) else None
        if folded is not None and not folded.to_one and key not in table.columns:
            return self._folded(folded.name, self.catalog.tables[folded.to_table], key, _object(key, value))
        return self._compared(table, find_column(table, key, relations=True), key, value)

    def _whole(self, table: Table, key: str, raw: object) -> Filter:
        return self.all_parts(table, _object(key, raw)) or And(())

    def _exists(self, raw: Mapping[str, object]) -> Filter:
        parts = {operator_word(key): value for key, value in raw.items()}
        if parts.keys() != {"_table", "_where"}:
            raise RuleError("'_exists' takes '_table' and '_where'")
        name = parts["_table"]
        if isinstance(name, Mapping):
            # Hasura's form has the database beside the name, which here is always the one served.
            name = name.get("name")
        if not isinstance(name, str):
            raise RuleError("'_table' takes a table's name")
        table = find_table(self.catalog, name)
        return Exists(table.name, self.all_parts(table, _object("_where", parts["_where"])))

    # --- comparisons -------------------------------------------------------------

    def _compared(self, table: Table, column: Column, key: str, raw: object) -> Filter:
        given = _object(key, raw) if isinstance(raw, Mapping) else {"_eq": raw}
        if not given:
            raise RuleError(f"'{key}' is compared with nothing")
        found = (self._comparison(table, column, word, value) for word, value in given.items())
        return all_of(found) or And(())

    def _comparison(self, table: Table, column: Column, word: str, value: object) -> Filter:
        pair = COLUMN_OPERATORS.get(operator_word(word))
        if pair is not None:
            return self._columns(table, column, pair, word, value)
        operator = _operator(word)
        group = _group(operator)
        if group is not None and group not in type_of(column).operators:
            raise RuleError(f"'{word}' does not compare a column of type {column.type.declared or column.type.base}")
        return Compare(column.name, operator, with_variables(value, self.session))

    def _columns(self, table: Table, column: Column, operator: Operator, word: str, value: object) -> Filter:
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
            raise RuleError(f"'{word}' takes a column, or [\"$\", column]")
        match names:
            case [str(name)]:
                return CompareColumns(column.name, operator, find_column(table, name).name)
            case [str(root), str(name)] if root == ROOT:
                return CompareColumns(column.name, operator, find_column(self.root, name).name, root=True)
        raise RuleError(f"'{word}' takes a column, or [\"$\", column]: columns of relations are not compared")

    def _folded(self, relation: str, far: Table, key: str, raw: Mapping[str, object]) -> Filter:
        """`{count: {predicate, arguments, filter, distinct}}`, or one of a truth; exactly one of these."""
        if len(raw) != 1 or next(iter(raw)) not in list(Fold):
            raise RuleError(f"'{key}' takes exactly one of {', '.join(Fold)}")
        ((word, part),) = raw.items()
        parts = _object(word, part)
        unknown = sorted(parts.keys() - _FOLD_PARTS)
        if unknown:
            raise RuleError(f"'{key}.{word}' does not take '{unknown[0]}'")
        predicate = _object("predicate", parts.get("predicate"))
        if not predicate:
            raise RuleError(f"'{key}.{word}.predicate' compares with nothing")
        where = self.all_parts(far, _object("filter", parts["filter"])) if "filter" in parts else None
        columns = tuple(find_column(far, each).name for each in _names(parts.get("arguments", [])))
        distinct = parts.get("distinct", False)
        if not isinstance(distinct, bool):
            raise RuleError("'distinct' takes true or false")
        found: list[Filter] = [
            RelatedCount(
                relation, _operator(name), with_variables(value, self.session), columns, distinct, where, Fold(word)
            )
            for name, value in predicate.items()
        ]
        return all_of(found) or And(())


def operator_word(key: str) -> str:
    """The usual spelling of an operator; Hasura's older one is `$eq`."""
    return f"_{key[1:]}" if key.startswith("$") else key


def _operator(word: str) -> Operator:
    named = {"_ne": "_neq"}.get(operator_word(word), operator_word(word))
    try:
        return Operator(named)
    except ValueError:
        raise RuleError(f"'{word}' is no operator") from None


def _group(operator: Operator) -> OperatorGroup | None:
    """What a column's type must allow; `_is_null` is for all."""
    if operator is Operator.IS_NULL:
        return None
    if operator in EQUALITIES:
        return OperatorGroup.EQUALITY
    return OperatorGroup.ORDER if operator in ORDERINGS else OperatorGroup.TEXT


def _object(what: str, raw: object) -> Mapping[str, object]:
    if not isinstance(raw, Mapping):
        raise RuleError(f"'{what}' takes an object")
    for key in raw:
        if not isinstance(key, str):
            raise RuleError(f"'{what}' has the name {key!r}, which is no text: put it in quotes")
    return raw


def _list(what: str, raw: object) -> list[object]:
    if not isinstance(raw, list):
        raise RuleError(f"'{what}' takes a list")
    return raw


def _names(raw: object) -> list[str]:
    names = [raw] if isinstance(raw, str) else raw
    if not isinstance(names, list):
        raise RuleError("'arguments' takes a list of columns")
    return [each if isinstance(each, str) else str(each) for each in names]
