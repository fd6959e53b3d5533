"""Prepared operations: planned and compiled once for each shape of the variables, then run from slots alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from graphql import GraphQLObjectType

from graphql_app.engine.assemble.json import within
from graphql_app.engine.compile.call import PreparedCall
from graphql_app.engine.engine import Engine, Reply
from graphql_app.engine.live.catalog import Snapshot
from graphql_app.engine.request.calls import Call, RootRequest
from graphql_app.engine.sql.fragment import json_key
from graphql_app.errors import AppError
from graphql_app.graphql_api.documents.cache import DocumentOperation
from graphql_app.graphql_api.translate.operation import Translator
from graphql_app.graphql_api.translate.selection import Fields, collect
from graphql_app.graphql_api.translate.variables import Bound
from graphql_app.runtime.worker_thread import run_in_thread
from schema_gen.graphql.schema import BuiltSchema

MAX_CACHED_SLOTS = 500
"""Calls with more values than this (bulk inserts) are compiled each time: their shapes hardly repeat."""


@dataclass(frozen=True, slots=True)
class CompiledOperation:
    """A compiled operation, and what stands before each of its roots' values in the answer's body."""

    prepared: PreparedCall
    keys: tuple[str, ...]
    heads: tuple[bytes, ...]
    start: bytes
    """How the body begins, up to the first root's value."""
    computed: bool = False
    """Whether Python has fields to resolve from what the engine answers."""

    @classmethod
    def of(cls, prepared: PreparedCall, keys: Iterable[str], *, computed: bool = False) -> CompiledOperation:
        """The compiled operation whose roots have these keys."""
        named = tuple(keys)
        heads = tuple((("," if place else "") + json_key(key)).encode() for place, key in enumerate(named))
        return cls(prepared, named, heads, b'{"data":{' + b"".join(heads[:1]), computed)

    def key_of(self, root: int | None) -> str | None:
        """The key of the root in this place; of the only one where no place is known."""
        if root is None:
            return self.keys[0] if len(self.keys) == 1 else None
        return self.keys[root]

    def body(self, reply: Reply) -> bytes:
        """The answer's body."""
        if len(self.heads) == 1:
            return within(self.start, reply.values[0], b"}}")
        parts = [part for pair in zip(self.heads, reply.texts, strict=True) for part in pair]
        return b"".join([b'{"data":{', *parts, b"}}"])


class FieldFailed(Exception):
    """A root field's request is wrong; `key` names the field."""

    def __init__(self, key: str, error: AppError) -> None:
        super().__init__(key)
        self.key = key
        self.error = error


def root_type(built: BuiltSchema, operation: DocumentOperation) -> GraphQLObjectType:
    """The type whose fields the operation selects."""
    found = built.schema.graphql.get_root_type(operation.node.operation)
    if found is None:
        raise AssertionError("a validated operation has no root type")
    return found


def root_fields(operation: DocumentOperation, bound: Bound) -> Fields:
    """The operation's root fields."""
    fields: Fields = {}
    collect(operation.node.selection_set, operation.fragments, bound.tree, fields, set())
    return fields


def generated_only(built: BuiltSchema, type_: GraphQLObjectType, fields: Fields) -> bool:
    """Whether the engine answers every root field by itself."""
    names = {nodes[0].name.value for nodes in fields.values()} - {"__typename"}
    return all((type_.name, name) in built.roots for name in names)


def compiled(
    engine: Engine, snapshot: Snapshot, built: BuiltSchema, operation: DocumentOperation, bound: Bound
) -> CompiledOperation | None:
    """The operation compiled for the shape of its variables; None if the engine cannot answer it alone.

    Raises `FieldFailed` for a request that is wrong.
    """
    key = _shape(engine, snapshot, bound)
    found = _kept(operation, key)
    if found is not None:
        return found
    type_ = root_type(built, operation)
    fields = root_fields(operation, bound)
    if not generated_only(built, type_, fields):
        return None
    made = compile_fields(engine, snapshot, built, operation, bound, fields)
    if made.computed:
        return None
    _keep(operation, bound, key, made)
    return made


def _shape(engine: Engine, snapshot: Snapshot, bound: Bound) -> object | None:
    """What calls of the same shape have in common; None where what is compiled is good for one call only.

    Roles that share a schema differ in the rules that are part of what is compiled.
    """
    if bound.slots.constants or len(bound.slots) > MAX_CACHED_SLOTS:
        return None
    return tuple(bound.key) if snapshot.roles is None else (engine.access(snapshot).key, tuple(bound.key))


def _kept(operation: DocumentOperation, key: object | None) -> CompiledOperation | None:
    cache: OrderedDict[object, object] = operation.cache
    found = cache.get(key) if key is not None else None
    if not isinstance(found, CompiledOperation):
        return None
    cache.move_to_end(key)
    return found


def _keep(operation: DocumentOperation, bound: Bound, key: object | None, made: CompiledOperation) -> None:
    """Keeps what was compiled, unless values of this call were found to be part of it."""
    if key is not None and not bound.slots.constants:
        operation.keep(key, made)


def compile_fields(
    engine: Engine, snapshot: Snapshot, built: BuiltSchema, operation: DocumentOperation, bound: Bound, fields: Fields
) -> CompiledOperation:
    """The given root fields compiled. Raises `FieldFailed`."""
    roots, computed = _roots(built, operation, bound, fields)
    return _prepared(engine, snapshot, roots, computed=computed)


async def compiled_aside(
    engine: Engine, snapshot: Snapshot, built: BuiltSchema, operation: DocumentOperation, bound: Bound
) -> CompiledOperation | None:
    """As `compiled`, for long variables and documents: read and planned beside the event loop."""
    key = _shape(engine, snapshot, bound)
    found = _kept(operation, key)
    if found is not None:
        return found
    made = await run_in_thread(_compile_generated, engine, snapshot, built, operation, bound)
    if made is not None:
        _keep(operation, bound, key, made)
    return made


def _compile_generated(
    engine: Engine, snapshot: Snapshot, built: BuiltSchema, operation: DocumentOperation, bound: Bound
) -> CompiledOperation | None:
    fields = root_fields(operation, bound)
    if not generated_only(built, root_type(built, operation), fields):
        return None
    made = compile_fields(engine, snapshot, built, operation, bound, fields)
    return None if made.computed else made


def _roots(
    built: BuiltSchema, operation: DocumentOperation, bound: Bound, fields: Fields
) -> tuple[tuple[RootRequest, ...], bool]:
    """What the root fields ask of the engine, and whether computed fields are among what they select."""
    translator = Translator(built, operation.fragments, bound.variables)
    type_ = root_type(built, operation)
    roots: list[RootRequest] = []
    for key, nodes in fields.items():
        try:
            roots.append(translator.root(key, nodes, type_))
        except AppError as error:
            raise FieldFailed(key, error) from None
    return tuple(roots), translator.computed


def _prepared(
    engine: Engine, snapshot: Snapshot, roots: tuple[RootRequest, ...], *, computed: bool
) -> CompiledOperation:
    try:
        prepared = engine.prepare(Call(roots), snapshot)
    except AppError as error:
        raise FieldFailed(roots[error.root or 0].key, error) from None
    return CompiledOperation.of(prepared, (root.key for root in roots), computed=computed)
