"""Mutations -> the engine's writes, by the meaning of each name. Pure."""

from __future__ import annotations

from typing import Any

from graphql import FieldNode, GraphQLInputObjectType, GraphQLInputType, GraphQLObjectType, get_named_type

from graphql_app.engine.request.calls import (
    AffectedRows,
    And,
    Answer,
    Columns,
    Compare,
    Constant,
    Delete,
    Filter,
    Insert,
    JsonChange,
    JsonOperator,
    NestedInsert,
    OnConflict,
    Operator,
    Pairs,
    RelatedChange,
    Returning,
    Update,
    UpdateMany,
    Write,
    all_of,
)
from graphql_app.graphql_api.translate.bulk_variables import ColumnarRows
from graphql_app.graphql_api.translate.conditions import Conditions, absent_condition, null_comparison
from graphql_app.graphql_api.translate.rows import Given, RowTranslator, key_filter
from graphql_app.graphql_api.translate.selection import Fields
from graphql_app.graphql_api.translate.variables import Incomplete
from schema_gen.catalog.model import Relation
from schema_gen.strawberry_core.roles import (
    Action,
    Argument,
    ColumnField,
    ConflictPart,
    NestedPart,
    RelatedPart,
    RelationField,
    ResultField,
    RootField,
)

NO_NESTED: tuple[NestedInsert, ...] = ()


def to_write(
    translator: RowTranslator, root: RootField, type_: GraphQLObjectType, fields: Fields, given: Given
) -> Write:
    """The write of a mutation's root field. Raises `RequestError`."""
    writer = MutationTranslator(translator)
    match root.action:
        case Action.INSERT | Action.INSERT_ONE:
            one = root.action is Action.INSERT_ONE
            return writer.insert(root.table, given, writer.answer(type_, fields, one=one), one=one)
        case Action.UPDATE_BY_PK | Action.DELETE_BY_PK:
            return writer.by_key(root, given, writer.answer(type_, fields, one=True))
        case Action.UPDATE:
            return writer.update(root.table, given, writer.answer(type_, fields, one=False))
        case Action.UPDATE_MANY:
            return writer.update_many(root.table, given, writer.answer(type_, fields, one=False))
        case Action.DELETE:
            where = writer.where(given)
            most = given.get(Argument.MAX_AFFECTED, (None,))[0]
            return Delete(root.table, where, writer.answer(type_, fields, one=False), max_affected=most)
    raise AssertionError(f"{root.action} is no write")


class MutationTranslator:
    """Reads the arguments and selections of mutations."""

    def __init__(self, translator: RowTranslator) -> None:
        self._translator = translator
        self._built = translator.built
        self._conditions = Conditions(translator.built, of_write=True)

    # --- answers -------------------------------------------------------------

    def answer(self, type_: GraphQLObjectType, fields: Fields, *, one: bool) -> Answer:
        """What is shown of the result: of the row itself where it is `one`."""
        if one:
            return (Returning("", self._translator.selection(type_, fields)),)
        return tuple(self._answer_field(type_, key, nodes) for key, nodes in fields.items())

    def _answer_field(
        self, type_: GraphQLObjectType, key: str, nodes: list[FieldNode]
    ) -> AffectedRows | Returning | Constant:
        name = nodes[0].name.value
        if name == "__typename":
            return Constant(key, type_.name)
        if self._built.field_roles[type_.name, name] is ResultField.AFFECTED_ROWS:
            return AffectedRows(key)
        far, fields = self._translator.inside(type_.fields[name], nodes)
        return Returning(key, self._translator.selection(far, fields))

    # --- inserts -------------------------------------------------------------

    def insert(self, table: str, given: Given, answer: Answer, *, one: bool) -> Insert:
        """`insert_t` and `insert_t_one`."""
        value, type_ = given[Argument.OBJECT if one else Argument.OBJECTS]
        if isinstance(value, ColumnarRows):
            field_roles = self._built.field_roles.of(_input(type_).name)
            known = {name: each.column for name, each in field_roles.items() if isinstance(each, ColumnField)}
            if value.columns.keys() <= known.keys():
                columns = Columns(tuple(known[name] for name in value.columns), tuple(value.columns.values()))
                return Insert(table, columns, answer, one, self._conflict(given))
        rows, nested = self._rows(value if isinstance(value, list) else [value], type_)
        return Insert(table, rows, answer, one, self._conflict(given), nested)

    def _conflict(self, given: Given) -> OnConflict | None:
        if Argument.ON_CONFLICT not in given:
            return None
        return self._on_conflict(*given[Argument.ON_CONFLICT])

    def _on_conflict(self, value: object, type_: GraphQLInputType) -> OnConflict | None:
        if not isinstance(value, dict):
            return None
        named = _input(type_)
        parts = {
            self._built.field_roles[named.name, key]: (item, named.fields[key].type) for key, item in value.items()
        }
        constraint, _ = parts[ConflictPart.CONSTRAINT]
        columns, _ = parts.get(ConflictPart.UPDATE_COLUMNS, ([], None))
        update = tuple(str(column) for column in columns) if isinstance(columns, list) else ()
        return OnConflict(str(constraint), update, self._conflict_where(value, named))

    def _conflict_where(self, value: dict[str, object], type_: GraphQLInputObjectType) -> Filter | None:
        """The condition on rows that are there; what is written out but has no value must not update them all."""
        name = next(name for name in type_.fields if self._built.field_roles[type_.name, name] is ConflictPart.WHERE)
        if isinstance(value, Incomplete) and name in value.absent:
            raise absent_condition(name)
        if name not in value:
            return None
        if value[name] is None:
            raise null_comparison(name)
        return self._conditions.where(value[name], type_.fields[name].type)

    def _rows(
        self, items: list[object], type_: GraphQLInputType
    ) -> tuple[tuple[Pairs, ...], tuple[tuple[NestedInsert, ...], ...]]:
        """The rows, and what is nested in each (nothing at all where nothing is)."""
        named = _input(type_)
        field_roles = self._built.field_roles.of(named.name)
        columns = {name: each.column for name, each in field_roles.items() if isinstance(each, ColumnField)}
        if all(isinstance(item, dict) and item.keys() <= columns.keys() for item in items):
            return tuple(tuple([(columns[key], each) for key, each in item.items()]) for item in items), ()  # type: ignore[attr-defined]
        rows: list[Pairs] = []
        nested: list[tuple[NestedInsert, ...]] = []
        for item in items:
            pairs: list[tuple[str, object]] = []
            inside: list[NestedInsert] = []
            for key, value in item.items() if isinstance(item, dict) else ():
                meaning = field_roles[key]
                if isinstance(meaning, ColumnField):
                    pairs.append((meaning.column, value))
                elif isinstance(meaning, RelationField) and value is not None:
                    inside += self._nested(meaning.relation.name, value, named.fields[key].type)
            rows.append(tuple(pairs))
            nested.append(tuple(inside))
        return tuple(rows), tuple(nested) if any(nested) else ()

    def _nested(self, relation: str, value: object, type_: GraphQLInputType) -> list[NestedInsert]:
        """`{data, on_conflict}`; an empty list does nothing."""
        named = _input(type_)
        items = value if isinstance(value, dict) else {}
        parts = {
            self._built.field_roles[named.name, key]: (item, named.fields[key].type) for key, item in items.items()
        }
        data, data_type = parts[NestedPart.DATA]
        rows, nested = self._rows(data if isinstance(data, list) else [data], data_type)
        conflict = self._on_conflict(*parts[NestedPart.ON_CONFLICT]) if NestedPart.ON_CONFLICT in parts else None
        return [NestedInsert(relation, rows, conflict, nested)] if rows else []

    # --- updates and deletes -------------------------------------------------

    def by_key(self, root: RootField, given: Given, answer: Answer) -> Write:
        """`update_t_by_pk` and `delete_t_by_pk`."""
        if root.action is Action.DELETE_BY_PK:
            return Delete(root.table, key_filter(given), answer, by_key=True)
        key = self._pairs(*given[Argument.PK_COLUMNS])
        where = all_of(Compare(column, Operator.EQ, value) for column, value in key)
        sets, increments, json = self._changes(given)
        related = self._related(given)
        return Update(root.table, where, sets, answer, increments, by_key=True, json=json, related=related)

    def update(self, table: str, given: Given, answer: Answer) -> Update:
        """`update_t`."""
        sets, increments, json = self._changes(given)
        most = given.get(Argument.MAX_AFFECTED, (None,))[0]
        related = self._related(given)
        return Update(table, self.where(given), sets, answer, increments, json=json, max_affected=most, related=related)

    def update_many(self, table: str, given: Given, answer: Answer) -> UpdateMany:
        """`update_t_many`."""
        updates = self._updates(table, *given[Argument.UPDATES], answer)
        return UpdateMany(table, updates, given.get(Argument.MAX_AFFECTED, (None,))[0])

    def _updates(self, table: str, value: object, type_: GraphQLInputType, answer: Answer) -> tuple[Update, ...]:
        """Several updates, each with its own condition."""
        named = _input(type_)
        updates = []
        for item in value if isinstance(value, list) else [value]:
            parts: dict[Argument | str, tuple[object, GraphQLInputType]] = {}
            for key, part in item.items() if isinstance(item, dict) else ():
                meaning = self._built.field_roles[named.name, key]
                if isinstance(meaning, Argument):
                    parts[meaning] = part, named.fields[key].type
            updates.append(self.update(table, parts, answer))
        return tuple(updates)

    # --- related rows --------------------------------------------------------

    def _related(self, given: Given) -> tuple[RelatedChange, ...]:
        """What `_set` says of related rows."""
        return self._related_in(*given[Argument.SET]) if Argument.SET in given else ()

    def _related_in(self, value: object, type_: GraphQLInputType) -> tuple[RelatedChange, ...]:
        named = _input(type_)
        field_roles = self._built.field_roles.of(named.name)
        found = []
        for key, item in value.items() if isinstance(value, dict) else ():
            meaning = field_roles[key]
            if isinstance(meaning, RelationField) and isinstance(item, dict):
                found.append(self._related_change(meaning.relation, item, named.fields[key].type))
        return tuple(found)

    def _related_change(self, relation: Relation, items: dict[str, object], type_: GraphQLInputType) -> RelatedChange:
        named, table = _input(type_), relation.to_table
        made: dict[str, Any] = {}
        for key, item in items.items():
            part, inner = self._built.field_roles[named.name, key], named.fields[key].type
            if item is None and part in (RelatedPart.DELETE, RelatedPart.DISCONNECT):
                raise null_comparison(key)
            if item is None or item is False or (item == [] and part is not RelatedPart.SET):
                continue
            match part:
                case RelatedPart.DELETE | RelatedPart.DISCONNECT:
                    every = None if item is True else self._conditions.where(item, inner)
                    made[part] = And(()) if every is None else every
                case RelatedPart.INSERT | RelatedPart.UPSERT | RelatedPart.SET:
                    rows, nested = self._rows(item if isinstance(item, list) else [item], inner)
                    made["replace" if part is RelatedPart.SET else part] = NestedInsert(
                        relation.name, rows, None, nested
                    )
                case RelatedPart.CONNECT:
                    keys = item if isinstance(item, list) else [item]
                    made[part] = tuple(self._pairs(each, inner) for each in keys)
                case RelatedPart.UPDATE if relation.refers:
                    pairs, related = self._pairs(item, inner), self._related_in(item, inner)
                    made[part] = (Update(table, None, pairs, (), related=related),)
                case RelatedPart.UPDATE:
                    made[part] = self._updates(table, item, inner, ())
        return RelatedChange(relation.name, **made)

    def where(self, given: Given) -> Filter | None:
        """The condition; it must have been written out."""
        value, type_ = given[Argument.WHERE]
        if value is None:
            raise null_comparison("where")
        return self._conditions.where(value, type_)

    def _changes(self, given: Given) -> tuple[Pairs, Pairs, tuple[JsonChange, ...]]:
        """What becomes of columns: sets, increments, changes of documents."""
        sets, increments = (self._pairs(*given[each]) if each in given else () for each in (Argument.SET, Argument.INC))
        json = [
            JsonChange(operator, column, operand)
            for operator in JsonOperator
            if (argument := Argument(operator.value)) in given
            for column, operand in self._pairs(*given[argument])
        ]
        return sets, increments, tuple(json)

    def _pairs(self, value: object, type_: GraphQLInputType) -> Pairs:
        """(column, value) of a set, increment or key input."""
        field_roles = self._built.field_roles.of(get_named_type(type_).name)
        pairs = []
        for key, item in value.items() if isinstance(value, dict) else ():
            meaning = field_roles[key]
            if isinstance(meaning, ColumnField):
                pairs.append((meaning.column, item))
        return tuple(pairs)


def _input(type_: GraphQLInputType) -> GraphQLInputObjectType:
    named = get_named_type(type_)
    if not isinstance(named, GraphQLInputObjectType):
        raise AssertionError(f"{named} is no input object")
    return named
