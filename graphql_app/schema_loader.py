"""Reads the structure of the database, through the executor like everything else."""

from __future__ import annotations

from collections.abc import Sequence

from graphql_app.engine.execute import Executor
from graphql_app.engine.features import Features
from graphql_app.engine.retry import Kind, Schedule
from graphql_app.engine.session import Session
from schema_gen.build_catalog import build_catalog
from schema_gen.catalog import Catalog
from schema_gen.introspect import RawRow, Rows, introspect

SCHEDULE = Schedule((10.0, 20.0), (0.5,))
"""Reading the schema is no request of a client: a thousand tables, or views that take 250 ms each, need longer."""


class SchemaLoader:
    """Loads catalogs of the tables that the settings let through."""

    def __init__(self, executor: Executor, database: str, include: Sequence[str], exclude: Sequence[str]) -> None:
        self._executor = executor
        self._database = database
        self._include = include
        self._exclude = exclude

    async def load(self) -> tuple[Catalog, Features]:
        """The catalog as the database is now, and what its engine can do. Raises `AppError`."""
        (rows, features), _ = await self._executor.run(Kind.CONTROL, self._read, schedule=SCHEDULE)
        return build_catalog(rows, include=self._include, exclude=self._exclude), features

    async def _read(self, session: Session) -> tuple[Rows, Features]:
        async def fetch(statement: str) -> Sequence[RawRow]:
            (result,) = await session.query(statement.encode())
            return result.rows if len(result.columns) > 1 else [(cell,) for cell in result.rows]

        return await introspect(fetch, self._database), session.features
