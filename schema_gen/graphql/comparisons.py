"""The conditions on a column's value: one input type per scalar, shared by all columns of it; one row per operator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from schema_gen.graphql.scalars import SCALAR_TYPES
from schema_gen.graphql.table_view import ColumnView
from schema_gen.graphql.type_registry import Entry, TypeRegistry, shape
from schema_gen.strawberry_core.definitions import AnyType, DefinitionCache, GeneratedDefinition
from schema_gen.strawberry_core.roles import Comparison
from schema_gen.types.type_rows import ROWS, OperatorGroup

_Operand = Callable[[DefinitionCache, AnyType], AnyType]


def _value(pool: DefinitionCache, type_: AnyType) -> AnyType:
    return pool.optional(type_)


def _values(pool: DefinitionCache, type_: AnyType) -> AnyType:
    return pool.optional_list(type_)


def _text(pool: DefinitionCache, _type: AnyType) -> AnyType:
    return pool.optional(SCALAR_TYPES["String"])


_OPERATORS: Final[tuple[tuple[OperatorGroup, _Operand, tuple[str, ...]], ...]] = (
    (OperatorGroup.EQUALITY, _value, ("_eq", "_neq")),
    (OperatorGroup.EQUALITY, _values, ("_in", "_nin")),
    (OperatorGroup.ORDER, _value, ("_gt", "_gte", "_lt", "_lte")),
    (OperatorGroup.ORDER, _values, ("_between",)),
    (OperatorGroup.TEXT, _text, ("_like", "_nlike", "_ilike", "_nilike")),
    (OperatorGroup.TEXT, _text, ("_regex", "_nregex", "_iregex", "_niregex")),
    (OperatorGroup.TEXT, _text, ("_similar", "_nsimilar")),
    (OperatorGroup.TEXT, _text, ("_starts_with", "_ends_with", "_contains")),
)
"""Every column has `_is_null` besides."""

INT_GROUPS: Final = ROWS["int"].operators

_DESCRIPTIONS: Final = {
    "_between": "[lowest, highest], both included",
    "_like": "% stands for any text, _ for one character",
    "_ilike": "_like without regard to case",
    "_iregex": "_regex without regard to case",
    "_similar": "SQL's SIMILAR TO: % and _ as in _like, with | * + ? {m,n} ( ) and [ ]",
}


def comparison(registry: TypeRegistry, column: ColumnView) -> GeneratedDefinition:
    """The input type of conditions on `column`."""
    return _comparison(registry, column.comparison, column.type, column.row.operators)


def count_comparison(registry: TypeRegistry, scalar: str = "Int") -> GeneratedDefinition:
    """The input type of conditions on a number: that of columns of this scalar, for a number of rows `Int`."""
    return _comparison(registry, registry.type_word(f"{scalar}_comparison_exp"), SCALAR_TYPES[scalar], INT_GROUPS)


def shared_comparison(registry: TypeRegistry, name: str) -> GeneratedDefinition | None:
    """The input type called so, if it is that of all columns of a scalar."""
    for row in ROWS.values():
        word = f"{row.scalar}_array_comparison_exp" if row.is_list else f"{row.scalar}_comparison_exp"
        if name == registry.type_word(word):
            scalar = SCALAR_TYPES[row.scalar]
            return _comparison(registry, name, registry.pool.list_of(scalar) if row.is_list else scalar, row.operators)
    return None


def _comparison(
    registry: TypeRegistry, name: str, type_: AnyType, groups: frozenset[OperatorGroup]
) -> GeneratedDefinition:
    return registry.input(name, lambda: shape(_operators(registry, type_, groups)))


def _operators(registry: TypeRegistry, type_: AnyType, groups: frozenset[OperatorGroup]) -> Iterator[Entry]:
    for group, operand, operators in _OPERATORS:
        if group in groups:
            for operator in operators:
                yield _operator(registry, operator, operand(registry.pool, type_))
    yield _operator(registry, "_is_null", registry.pool.optional(SCALAR_TYPES["Boolean"]))


def _operator(registry: TypeRegistry, operator: str, type_: AnyType) -> Entry:
    return registry.pool.field(registry.word(operator), type_, _DESCRIPTIONS.get(operator, "")), Comparison(operator)
