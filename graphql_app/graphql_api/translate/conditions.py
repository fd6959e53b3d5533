"""`where` and `order_by` values -> the engine's filters and orders, by the meaning of each name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from graphql import GraphQLInputObjectType, GraphQLInputType, get_named_type

from graphql_app.engine.request.calls import (
    And,
    Compare,
    Filter,
    Fold,
    Function,
    Not,
    Nulls,
    Operator,
    Or,
    Order,
    Related,
    RelatedCount,
    all_of,
)
from graphql_app.errors import Code, RequestError
from graphql_app.graphql_api.translate.variables import Incomplete
from schema_gen.graphql.schema import BuiltSchema
from schema_gen.strawberry_core.roles import (
    AggregateFunction,
    ColumnField,
    Comparison,
    Connective,
    CountPart,
    RelationAggregateField,
    RelationField,
)

ORDERS: dict[str, tuple[bool, Nulls | None]] = {
    "asc": (False, None),
    "desc": (True, None),
    "asc_nulls_first": (False, Nulls.FIRST),
    "asc_nulls_last": (False, Nulls.LAST),
    "desc_nulls_first": (True, Nulls.FIRST),
    "desc_nulls_last": (True, Nulls.LAST),
}


def null_comparison(name: str) -> RequestError:
    """The refusal of a null where a condition is meant."""
    return RequestError(Code.NULL_COMPARISON, f"'{name}' must not be null: a null must never widen a condition")


def absent_condition(name: str) -> RequestError:
    """The refusal of a condition whose variable is not given, in a write."""
    message = f"'{name}' has no value, for its variable is not given: a condition left out must never widen a write"
    return RequestError(Code.NULL_COMPARISON, message)


def _empty(name: str) -> RequestError:
    message = f"The condition on '{name}' has no operator: an empty condition must never widen a write"
    return RequestError(Code.NULL_COMPARISON, message)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Reads conditions and orders of one schema.

    `of_write` refuses what would widen a write: a part whose variable is not given, and a comparison without operators.
    """

    built: BuiltSchema
    of_write: bool = False

    # --- where ---------------------------------------------------------------

    def where(self, value: object, type_: GraphQLInputType) -> Filter | None:
        """A `bool_exp`. Raises `RequestError` for a null inside it, and for what would widen a write."""
        items = self._filters(value, type_)
        return all_of(items)

    def _filters(self, value: object, type_: GraphQLInputType) -> list[Filter]:
        named = get_named_type(type_)
        if not isinstance(named, GraphQLInputObjectType) or not isinstance(value, dict):
            raise AssertionError("a condition was not an input object")
        self._refuse_absent(value)
        return [item for name, part in value.items() for item in self._filter(named, name, part)]

    def _refuse_absent(self, value: dict[str, object]) -> None:
        if self.of_write and isinstance(value, Incomplete):
            raise absent_condition(value.absent[0])

    def _filter(self, type_: GraphQLInputObjectType, name: str, value: object) -> Iterable[Filter]:
        meaning = self.built.field_roles[type_.name, name]
        if value is None:
            raise null_comparison(name)
        far = type_.fields[name].type
        match meaning:
            case Connective():
                return self._connected(meaning, value, far)
            case ColumnField():
                return self._compared(meaning.column, value, far)
            case RelationField():
                return [Related(meaning.relation.name, self.where(value, far))]
            case RelationAggregateField():
                return self._aggregated(name, meaning.relation.name, value, far)
        raise AssertionError(f"{type_.name}.{name} has no meaning in a condition")

    def _connected(self, connective: Connective, value: object, type_: GraphQLInputType) -> list[Filter]:
        if connective is Connective.NOT:
            return [Not(self.where(value, type_) or And(()))]
        given = value if isinstance(value, list) else [value]
        items = [self.where(item, type_) or And(()) for item in given]
        if connective is Connective.OR:
            return [Or(tuple(items))] if len(items) != 1 else items
        return [item for item in items if item != And(())]

    def _compared(self, column: str, value: object, type_: GraphQLInputType) -> list[Filter]:
        found: list[Filter] = [Compare(column, operator, part) for operator, part in self.comparisons(value, type_)]
        if self.of_write and not found:
            raise _empty(column)
        return found

    def comparisons(self, value: object, type_: GraphQLInputType) -> Iterable[tuple[Operator, object]]:
        """(operator, value) of a comparison."""
        named = get_named_type(type_)
        if not isinstance(value, dict):
            raise AssertionError("a comparison was not an input object")
        self._refuse_absent(value)
        for name, part in value.items():
            meaning = self.built.field_roles[named.name, name]
            if not isinstance(meaning, Comparison):
                raise AssertionError(f"{named.name}.{name} is no comparison")
            yield Operator(meaning.operator), part

    def _aggregated(self, name: str, relation: str, value: object, type_: GraphQLInputType) -> list[Filter]:
        """`{count: {predicate, arguments, filter, distinct}}`, or one of a truth; exactly one of these."""
        named = get_named_type(type_)
        if not isinstance(value, dict) or not isinstance(named, GraphQLInputObjectType):
            raise AssertionError("a condition on an aggregate was not an input object")
        self._refuse_absent(value)
        if len(value) != 1:
            known = ", ".join(f"'{each}'" for each in named.fields)
            raise RequestError(Code.INVALID_PARAMETER, f"'{name}' takes exactly one of {known}")
        ((key, part),) = value.items()
        meaning = self.built.field_roles[named.name, key]
        if not isinstance(meaning, AggregateFunction):
            raise AssertionError(f"{named.name}.{key} is no aggregate")
        return self._counted(relation, Fold(meaning.function), key, part, named.fields[key].type)

    def _counted(self, relation: str, fold: Fold, name: str, value: object, type_: GraphQLInputType) -> list[Filter]:
        named = get_named_type(type_)
        if value is None:
            raise null_comparison(name)
        if not isinstance(value, dict) or not isinstance(named, GraphQLInputObjectType):
            raise AssertionError("a condition on a count was not an input object")
        self._refuse_absent(value)
        parts = {self.built.field_roles[named.name, key]: part for key, part in value.items()}
        names = {self.built.field_roles[named.name, key]: key for key in named.fields}
        filtered = parts.get(CountPart.FILTER)
        if self.of_write and filtered is None and CountPart.FILTER in parts:
            raise null_comparison(names[CountPart.FILTER])
        where = None if filtered is None else self.where(filtered, named.fields[names[CountPart.FILTER]].type)
        arguments = parts.get(CountPart.ARGUMENTS) or ()
        columns = (arguments,) if isinstance(arguments, str) else tuple(arguments)
        distinct = bool(parts.get(CountPart.DISTINCT))
        predicate = self.comparisons(parts[CountPart.PREDICATE], named.fields[names[CountPart.PREDICATE]].type)
        found: list[Filter] = [
            RelatedCount(relation, operator, part, columns, distinct, where, fold) for operator, part in predicate
        ]
        if self.of_write and not found:
            raise _empty(name)
        return found

    # --- order_by ------------------------------------------------------------

    def order_by(self, value: object, type_: GraphQLInputType) -> tuple[Order, ...]:
        """An `order_by` argument: an object or a list of them."""
        items = value if isinstance(value, list) else [value]
        return tuple(term for item in items if item is not None for term in self._orders(item, type_, ()))

    def _orders(self, value: object, type_: GraphQLInputType, path: tuple[str, ...]) -> Iterable[Order]:
        named = get_named_type(type_)
        if not isinstance(named, GraphQLInputObjectType) or not isinstance(value, dict):
            raise AssertionError("an order was not an input object")
        for name, part in value.items():
            if part is not None:
                yield from self._order(named, name, part, path)

    def _order(self, type_: GraphQLInputObjectType, name: str, value: object, path: tuple[str, ...]) -> Iterable[Order]:
        meaning = self.built.field_roles[type_.name, name]
        far = type_.fields[name].type
        match meaning:
            case ColumnField():
                descending, nulls = ORDERS[str(value)]
                return [Order(meaning.column, descending, nulls, path)]
            case RelationField():
                return self._orders(value, far, (*path, meaning.relation.name))
            case RelationAggregateField():
                return self._figure_orders(value, far, (*path, meaning.relation.name))
        raise AssertionError(f"{type_.name}.{name} has no meaning in an order")

    def _figure_orders(self, value: object, type_: GraphQLInputType, path: tuple[str, ...]) -> Iterable[Order]:
        named = get_named_type(type_)
        if not isinstance(named, GraphQLInputObjectType) or not isinstance(value, dict):
            raise AssertionError("an order by aggregates was not an input object")
        for name, part in value.items():
            meaning = self.built.field_roles[named.name, name]
            if part is None or not isinstance(meaning, AggregateFunction):
                continue
            function = Function(meaning.function)
            if function is Function.COUNT:
                descending, nulls = ORDERS[str(part)]
                yield Order(None, descending, nulls, path, function)
                continue
            inner = get_named_type(named.fields[name].type)
            for column, direction in part.items() if isinstance(part, dict) else ():
                column_meaning = self.built.field_roles[inner.name, column]
                if direction is not None and isinstance(column_meaning, ColumnField):
                    descending, nulls = ORDERS[str(direction)]
                    yield Order(column_meaning.column, descending, nulls, path, function)
