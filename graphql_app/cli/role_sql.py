"""`graphql-app check --role`: the SQL that a role's request becomes, what the rules added marked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping

from graphql_app.auth.identity import Identity
from graphql_app.auth.request_headers import BACKEND, ROLE
from graphql_app.cli.database import role_named
from graphql_app.cli.engine import opened_engine
from graphql_app.cli.sql_listing import listed
from graphql_app.config.settings import Settings
from graphql_app.engine.engine import Engine
from graphql_app.engine.plan.rules import TableRules
from graphql_app.errors import AppError
from graphql_app.graphql_api.errors import RequestFailed
from graphql_app.graphql_api.prepared_operations import FieldFailed, compiled
from graphql_app.graphql_api.schema_builder import SchemaBuilder
from graphql_app.graphql_api.service import GraphQLRequest, GraphQLService
from graphql_app.observability.events import ignore
from graphql_app.server.errors import CannotRun


def print_role_sql(
    settings: Settings, role: str, variables: Mapping[str, str], query: str, write: Callable[[str], None]
) -> None:
    """Writes the statements of `query` as `role` asks it; nothing is executed. Raises `CannotRun`, `EmbeddedError`."""
    backend = variables.get(BACKEND.decode(), "").lower() == "true"
    identity = Identity(role, {**variables, ROLE.decode(): role}, backend=backend)
    for line in asyncio.run(_statements(settings, identity, query)):
        write(line)


async def _statements(settings: Settings, identity: Identity, query: str) -> list[str]:
    async with opened_engine(settings) as engine:
        role_named(engine.live.snapshot.roles, identity.role)
        service = GraphQLService(engine, ignore)
        await SchemaBuilder(service, settings.naming, ignore).build(engine.live.snapshot)
        try:
            return await _listed(engine.acting(identity).marking(), service, GraphQLRequest(query, identity=identity))
        except RequestFailed as failed:
            raise CannotRun(f"{failed.errors[0]['message']} (as {identity.role})") from None
        except FieldFailed as failed:
            raise CannotRun(f"{failed.key}: {failed.error.message} (as {identity.role})") from None
        except AppError as error:
            raise CannotRun(f"{error.message} (as {identity.role})") from None


async def _listed(engine: Engine, service: GraphQLService, asked: GraphQLRequest) -> list[str]:
    served = await service.schemas.seen_by(asked.identity)
    operation = served.documents.get(asked.query).operation(None)
    bound = service.bind(served, operation, asked)
    made = compiled(engine, served.snapshot, served.built, operation, bound)
    if made is None:
        raise CannotRun("the request asks for more than the engine's own fields")
    prepared = made.prepared
    rules = engine.access(served.snapshot).rules
    notes = [note for table in sorted(prepared.read) for note in _limit(rules.get(table, TableRules()), table)]
    notes += [note for table in sorted(prepared.written) for note in _presets(rules.get(table, TableRules()), table)]
    return [*notes, *(f"{text};" for text in listed(prepared, engine.values(prepared, bound.slots)))]


def _limit(rules: TableRules, table: str) -> Iterator[str]:
    if rules.limit is not None:
        yield f"-- {table}: a list has at most {rules.limit} rows"


def _presets(rules: TableRules, table: str) -> Iterator[str]:
    for action, presets in (("insert", rules.insert_presets), ("update", rules.update_presets)):
        if presets:
            yield f"-- {table}: an {action} sets {', '.join(preset.column.name for preset in presets)}"
