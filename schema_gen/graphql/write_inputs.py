"""What clients write with: new rows, new values, increments, and the key that names a row."""

from __future__ import annotations

from collections.abc import Iterator

from schema_gen.catalog.model import Key, Relation
from schema_gen.graphql.filters import bool_exp
from schema_gen.graphql.scalars import SCALAR_TYPES
from schema_gen.graphql.table_view import Columns, TableView
from schema_gen.graphql.type_registry import Entry, Fill, Shape, TypeRegistry, shape
from schema_gen.strawberry_core.definitions import AnyType, GeneratedDefinition, GeneratedEnum
from schema_gen.strawberry_core.roles import (
    DEFAULT,
    Argument,
    ConflictPart,
    NestedPart,
    RelatedPart,
    RelationField,
    Unused,
)

PLACEHOLDER = ("_PLACEHOLDER", "_PLACEHOLDER")
"""In an enum without values: name and value, which is no column's."""


def insert_input(registry: TypeRegistry, part: TableView) -> GeneratedDefinition | None:
    """A new row: every column may be left out, and then has its default, or what the rules set. None without any."""
    if not _takes_rows(part):
        return None

    def fields() -> Iterator[Entry]:
        found = [*_column_fields(registry, part.insertable), *_nested(registry, part)]
        yield from found or [_unused(registry)]

    return registry.input(part.names.types.insert_input, lambda: shape(fields()), f"A new row of {part.names.type}")


def _takes_rows(part: TableView) -> bool:
    """Whether rows can be inserted: those of a role may have no column that is given."""
    return part.table.may_insert and (bool(part.insertable) or part.table.access is not None)


def _unused(registry: TypeRegistry) -> Entry:
    text = "There is no column to give a value"
    return registry.pool.field(
        Unused.PLACEHOLDER.value, registry.pool.optional(SCALAR_TYPES["Boolean"]), text
    ), Unused.PLACEHOLDER


def _nested(registry: TypeRegistry, part: TableView) -> Iterator[Entry]:
    """What may be inserted along with a row, through its relations."""
    for relation in part.table.relations.values():
        far = registry.part(relation.to_table)
        single = relation.to_one or not relation.refers  # a row does not refer to several that are made with it
        if single and part.table.full.primary_key and _takes_rows(far):
            name = part.names.relations[relation.name]
            yield (
                registry.pool.field(name, registry.pool.optional(_related(registry, far, relation))),
                RelationField(relation),
            )


def _related(registry: TypeRegistry, far: TableView, relation: Relation) -> GeneratedDefinition:
    names = far.names.types
    name = names.obj_rel_insert_input if relation.to_one else names.arr_rel_insert_input

    def fields() -> Iterator[Entry]:
        new = insert_input(registry, far)
        if new is not None:
            yield registry.pool.field("data", new if relation.to_one else registry.pool.list_of(new)), NestedPart.DATA
        conflict = on_conflict(registry, far)
        if conflict is not None:
            field = registry.pool.field(registry.word("on_conflict"), registry.pool.optional(conflict))
            yield field, NestedPart.ON_CONFLICT

    return registry.input(name, lambda: shape(fields()), f"Rows of {far.names.type} inserted through a relation")


def on_conflict(registry: TypeRegistry, part: TableView) -> GeneratedDefinition | None:
    """What happens to a new row that meets a unique key. None where there is no key, or rows cannot be told apart."""
    if not part.table.full.primary_key or not part.table.keys or not _takes_rows(part):
        return None

    def fields() -> Iterator[Entry]:
        pool = registry.pool
        yield pool.field("constraint", _constraint(registry, part)), ConflictPart.CONSTRAINT
        columns = pool.list_of(_update_column(registry, part))
        text = "Columns that take the new row's values; none: the new row is ignored"
        field = pool.field_with(registry.word("update_columns"), columns, [], text, {DEFAULT: []})
        yield field, ConflictPart.UPDATE_COLUMNS
        if part.table.may_select:
            yield pool.field(registry.word("where"), pool.optional(bool_exp(registry, part))), ConflictPart.WHERE

    text = f"What happens to a new row of {part.names.type} whose key exists"
    return registry.input(part.names.types.on_conflict, lambda: shape(fields()), text)


def _constraint(registry: TypeRegistry, part: TableView) -> GeneratedEnum:
    def described(key: Key) -> str:
        """The key's columns, of which the caller may not know those that the rules set."""
        shown = [name for name in key.columns if name in known]
        return f"({', '.join(shown if len(shown) == len(key.columns) else [*shown, '…'])})"

    known = part.table.known
    return registry.enum(
        part.names.types.constraint,
        lambda: [
            registry.pool.enum_value(part.names.constraints[key.name], key.name, described(key))
            for key in part.table.keys
        ],
        f"Unique keys of {part.names.type}",
    )


def _update_column(registry: TypeRegistry, part: TableView) -> GeneratedEnum:
    values = [(each.name, each.column.name) for each in part.updatable] if part.table.may_update else []
    return registry.enum(
        part.names.types.update_column,
        lambda: [registry.pool.enum_value(*each) for each in values or (PLACEHOLDER,)],
        f"Columns of {part.names.type} that can be written",
    )


def updates_input(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    """One of several updates: which rows, and what becomes of them."""

    def fields() -> Iterator[Entry]:
        for argument, type_ in change_inputs(registry, part):
            yield registry.pool.field(registry.word(argument.value), registry.pool.optional(type_)), argument
        yield registry.pool.field(registry.word("where"), bool_exp(registry, part)), Argument.WHERE

    return registry.input(part.names.types.updates, lambda: shape(fields()))


def change_inputs(registry: TypeRegistry, part: TableView) -> Iterator[tuple[Argument, GeneratedDefinition]]:
    """What an update may do to columns, by its argument."""
    found = (
        (Argument.INC, inc_input(registry, part)),
        (Argument.SET, set_input(registry, part)),
        *_json_inputs(registry, part),
    )
    yield from ((argument, type_) for argument, type_ in found if type_ is not None)


def set_input(registry: TypeRegistry, part: TableView) -> GeneratedDefinition | None:
    """New values of columns. None where no column can be given."""
    if not part.updatable:
        return None

    def fields() -> Iterator[Entry]:
        yield from _column_fields(registry, part.updatable)
        yield from related_changes(registry, part)

    text = f"New values for {part.names.type}, and changes of the rows related to them"
    return registry.input(part.names.types.set_input, lambda: shape(fields()), text)


def related_changes(registry: TypeRegistry, part: TableView) -> Iterator[Entry]:
    """What may happen to related rows along with an update, through each relation."""
    for relation in part.table.relations.values():
        far = registry.part(relation.to_table)
        if not changeable(part, relation, far):
            continue
        inputs = (_related_one if relation.refers else _related_many)(registry, far)
        if inputs is not None:
            name = part.names.relations[relation.name]
            yield registry.pool.field(name, registry.pool.optional(inputs)), RelationField(relation)


def changeable(part: TableView, relation: Relation, far: TableView) -> bool:
    """Whether rows at the far end can be changed along with those of the table."""
    plain = not relation.compared and not relation.worded and (relation.to_one or not relation.refers)
    return plain and all(each.table.full.primary_key is not None and each.table.writable for each in (part, far))


def _related_one(registry: TypeRegistry, far: TableView) -> GeneratedDefinition | None:
    """Changes of the one row that a row refers to."""
    table, pool, boolean = far.table, registry.pool, SCALAR_TYPES["Boolean"]

    def fields() -> Iterator[Entry]:
        if far.key and table.may_select:
            yield pool.field("connect", pool.optional(pk_columns_input(registry, far))), RelatedPart.CONNECT
        if table.may_delete:
            yield pool.field("delete", pool.optional(boolean)), RelatedPart.DELETE
        yield pool.field("disconnect", pool.optional(boolean)), RelatedPart.DISCONNECT
        new = insert_input(registry, far)
        if new is not None:
            yield pool.field("insert", pool.optional(new)), RelatedPart.INSERT
        values = set_input(registry, far)
        if values is not None and table.may_update:
            yield pool.field("update", pool.optional(values)), RelatedPart.UPDATE

    text = f"What becomes of the row of {far.names.type} that a row refers to"
    return registry.input(far.names.types.related_update_input, lambda: shape(fields()), text)


def _related_many(registry: TypeRegistry, far: TableView) -> GeneratedDefinition | None:
    """Changes of the rows that refer to a row."""
    table, pool = far.table, registry.pool
    new = insert_input(registry, far)
    if not (new or table.may_delete or (far.updatable and table.may_update)):
        return None

    def fields() -> Iterator[Entry]:
        rows, changes = bool_exp(registry, far), far.updatable and table.may_update
        if far.key and changes:
            yield pool.field("connect", pool.optional_list(pk_columns_input(registry, far))), RelatedPart.CONNECT
        if table.may_delete:
            yield pool.field("delete", pool.optional(rows)), RelatedPart.DELETE
        if changes:
            yield pool.field("disconnect", pool.optional(rows)), RelatedPart.DISCONNECT
        if new is not None:
            yield pool.field("insert", pool.optional_list(new)), RelatedPart.INSERT
            if far.key:
                yield pool.field("set", pool.optional_list(new)), RelatedPart.SET
        if changes:
            yield pool.field("update", pool.optional_list(updates_input(registry, far))), RelatedPart.UPDATE
        if new is not None and far.key:
            yield pool.field("upsert", pool.optional_list(new)), RelatedPart.UPSERT

    text = f"What becomes of the rows of {far.names.type} that refer to a row"
    return registry.input(far.names.types.related_updates_input, lambda: shape(fields()), text)


def inc_input(registry: TypeRegistry, part: TableView) -> GeneratedDefinition | None:
    """Numbers to be added to columns. None where there are no numbers."""
    if not part.countable:
        return None
    fill = _values(registry, part, "inc", part.countable)
    return registry.input(part.names.types.inc_input, fill, f"Numbers to be added to columns of {part.names.type}")


def _json_inputs(registry: TypeRegistry, part: TableView) -> Iterator[tuple[Argument, GeneratedDefinition]]:
    """Changes of documents. None where no column holds JSON."""
    if not part.documents:
        return
    types, of = part.names.types, f"of {part.names.type}"
    strings = registry.pool.list_of(SCALAR_TYPES["String"])
    for argument, name, operand, text in (
        (
            Argument.APPEND,
            types.append_input,
            None,
            f"JSON that comes behind the documents {of}, or into their objects",
        ),
        (
            Argument.PREPEND,
            types.prepend_input,
            None,
            f"JSON that comes before the documents {of}, or into their objects",
        ),
        (Argument.DELETE_KEY, types.delete_key_input, SCALAR_TYPES["String"], f"Keys that go from the documents {of}"),
        (Argument.DELETE_ELEM, types.delete_elem_input, SCALAR_TYPES["Int"], f"Places that go from the lists {of}"),
        (Argument.DELETE_AT_PATH, types.delete_at_path_input, strings, f"Paths to what goes from the documents {of}"),
    ):
        yield argument, registry.input(name, _operands(registry, part, operand), text)


def _operands(registry: TypeRegistry, part: TableView, operand: AnyType | None) -> Fill:
    """A field for each document: JSON, or the `operand`."""

    def fields() -> Iterator[Entry]:
        for each in part.documents:
            yield registry.pool.field(each.name, registry.pool.optional(operand or each.type)), each.meaning

    return lambda: shape(fields())


def pk_columns_input(registry: TypeRegistry, part: TableView) -> GeneratedDefinition:
    """The primary key of one row."""

    def fields() -> Iterator[Entry]:
        for column in part.key:
            yield registry.pool.field(column.name, column.type), column.meaning

    return registry.input(part.names.types.pk_columns_input, lambda: shape(fields()), f"A row of {part.names.type}")


def _values(registry: TypeRegistry, part: TableView, purpose: str, columns: Columns) -> Fill:
    def fill() -> Shape:
        return registry.shared(purpose, part.table.name, lambda: shape(_column_fields(registry, columns)))

    return fill


def _column_fields(registry: TypeRegistry, columns: Columns) -> Iterator[Entry]:
    for column in columns:
        yield (
            registry.pool.field(column.name, registry.pool.optional(column.type), column.column.comment),
            column.meaning,
        )
