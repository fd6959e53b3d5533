"""What a developer adds to the GraphQL API: fields, Strawberry's extensions, and a value for resolvers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import isawaitable
from typing import Final

from strawberry.extensions import SchemaExtension

from graphql_app.observability.request_context import CURRENT, RequestContext
from schema_gen.graphql.added_fields import NOTHING_ADDED, AddedFields

ExtensionFactory = type[SchemaExtension] | Callable[[], SchemaExtension]
MakeExtra = Callable[[RequestContext | None], object | Awaitable[object]]
"""Makes `info.context.extra` of the HTTP request that is being answered; of None where there is none."""


@dataclass(frozen=True, slots=True)
class Additions:
    """Nothing by default. With `extensions`, Strawberry executes every query and mutation, so that they see all."""

    added: AddedFields = NOTHING_ADDED
    extensions: tuple[ExtensionFactory, ...] = ()
    make_extra: MakeExtra | None = None

    async def extra(self) -> object:
        """The value of `info.context.extra` for the request that is being answered."""
        if self.make_extra is None:
            return None
        made = self.make_extra(CURRENT.get())
        return await made if isawaitable(made) else made


NO_ADDITIONS: Final = Additions()
