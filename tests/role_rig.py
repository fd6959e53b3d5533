"""The engine over a database, with roles whose permissions a test gives as values."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import orjson

from graphql_app.auth.identity import Identity
from graphql_app.auth.permissions import RolePermissions, TablePermissions
from graphql_app.config.settings import Settings
from graphql_app.engine.access.access import BrokenRule
from graphql_app.engine.engine import Engine as AppEngine
from graphql_app.engine.execute.retry import Schedule
from graphql_app.engine.live.catalog import CatalogWatcher, Loaded
from graphql_app.engine.live.loader import SchemaLoader
from graphql_app.engine.mysql.dial import Target
from graphql_app.engine.request.calls import Call, RootRequest, Write
from graphql_app.observability.events import ignore
from tests.faults.rig import Rig, rig, target_of
from tests.harness.engine import Engine

Tables = Mapping[str, TablePermissions]


@dataclass(slots=True)
class RoleSource:
    """Loads the structure, beside the roles that a test gives."""

    loader: SchemaLoader
    roles: dict[str, RolePermissions]

    async def load(self) -> Loaded:
        """The structure and the roles."""
        return replace(await self.loader.load(), roles=dict(self.roles))

    async def schema_version(self) -> str:
        """The database's sign of its structure."""
        return await self.loader.schema_version()


@dataclass(slots=True)
class RoleRig:
    """An engine, and what is asked of it as a role."""

    engine: AppEngine
    live: CatalogWatcher
    source: RoleSource
    rig: Rig

    async def permit(self, tables: Tables, *, role: str = "user", returning_visible: bool = False) -> None:
        """Gives `role` these permissions and no others."""
        self.source.roles[role] = RolePermissions(role, tables, returning_visible)
        await self.live.reload()

    def acting(self, role: str = "user", **variables: str) -> AppEngine:
        """The engine as the role sees it; `user_id="5"` is the variable `x-hasura-user-id`."""
        named = {f"x-hasura-{name.replace('_', '-')}": value for name, value in variables.items()}
        return self.engine.acting(Identity(role, named))

    def broken(self, role: str = "user") -> list[BrokenRule]:
        """The rules of `role` that cannot be honoured."""
        return list(self.live.snapshot.access(Identity(role)).broken)

    async def write(self, *writes: Write, role: str = "user", **variables: str) -> Any:
        """The answers of writes asked as a role, in one call; that of the only one where there is one."""
        call = Call(tuple(RootRequest(f"r{place}", write) for place, write in enumerate(writes)))
        reply = await self.acting(role, **variables).run(call)
        answers = [orjson.loads(text) for text in reply.texts]
        return answers[0] if len(answers) == 1 else answers


@asynccontextmanager
async def role_rig(
    engine: Engine, database: str, target: Target | None = None, schedule: Schedule | None = None
) -> AsyncIterator[RoleRig]:
    """The engine over a database of `engine`, reached by `target`. Closed after use."""
    async with rig(target or target_of(engine, database), schedule=schedule, use_ledger=True) as made:
        loader = SchemaLoader(made.executor, database, Settings())
        source = RoleSource(loader, {})
        live = CatalogWatcher(source, ignore)
        app_engine = AppEngine(live, made.executor, made.events.append)
        await live.reload()
        yield RoleRig(app_engine, live, source, made)
