"""Reads the structure of the database, through the executor like everything else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from graphql_app.auth.configuration import Configuration, read_configuration
from graphql_app.config.overrides_file import CustomizationFileError
from graphql_app.config.settings import Settings
from graphql_app.engine.execute.executor import Executor
from graphql_app.engine.execute.retry import Kind, Schedule
from graphql_app.engine.execute.session import Session
from graphql_app.engine.live.catalog import Loaded
from graphql_app.engine.sql.dialects import Features, Flavour
from graphql_app.errors import AppError, Code
from graphql_app.runtime.worker_thread import run_in_thread
from schema_gen.catalog.build import build_catalog
from schema_gen.catalog.introspect import Raw, RawRow, StructureRows, fingerprint, parsed, read_raw
from schema_gen.catalog.model import Catalog
from schema_gen.catalog.overrides import CustomizationError

SCHEDULE = Schedule((10.0, 20.0, 60.0), (0.5, 0.5))
"""Reading the schema is no request of a client: a thousand tables, or views that take 250 ms each, need longer."""
MARK_SCHEDULE = Schedule((2.0, 4.0), (0.1,))
"""A request may wait for it, and would be answered by what was known before; whoever keeps looking looks again."""
READINGS = 3
"""How often the structure is read at most while it changes under the reading."""


Configured = Callable[[Configuration], None]
"""Is told of the configuration of each load before it counts; may raise `AppError`."""


class SchemaLoader:
    """Loads catalogs of the tables that the settings let through."""

    def __init__(
        self,
        executor: Executor,
        database: str,
        settings: Settings,
        configured: Configured | None = None,
    ) -> None:
        self._executor = executor
        self._database = database
        self._settings = settings
        self._configured = configured

    async def load(self) -> Loaded:
        """The catalog as the database is now, and what its engine can do. Raises `AppError`."""
        (raw, features, mark), _ = await self._executor.run(Kind.CONTROL, self._read, schedule=SCHEDULE)
        # A thousand tables take a second: requests are answered meanwhile.
        catalog, configuration = await run_in_thread(self._catalog, raw)
        if self._configured is not None:
            self._configured(configuration)
        return Loaded(catalog, features, mark, configuration.roles)

    async def schema_version(self) -> str:
        """The database's sign of its structure. Raises `AppError`."""

        async def job(session: Session) -> str:
            return await fingerprint(_Fetch(session, self._database), self._database)

        return (await self._executor.run(Kind.CONTROL, job, schedule=MARK_SCHEDULE))[0]

    def _catalog(self, raw: Raw) -> tuple[Catalog, Configuration]:
        # Read once: the roles are those of the file that the names are of.
        configuration = configured(self._settings)
        return catalog_of(parsed(raw), self._settings, configuration), configuration

    async def _read(self, session: Session) -> tuple[Raw, Features, str]:
        """Several statements see several moments: what was read counts if the mark is the same before and after."""
        fetch = _Fetch(session, self._database)
        mark = await fingerprint(fetch, self._database)
        for _ in range(READINGS):
            before, raw = mark, await read_raw(fetch, self._database)
            mark = await fingerprint(fetch, self._database)
            if mark == before:
                break
        return raw, session.features, before


def configured(settings: Settings) -> Configuration:
    """What the settings' `graphql_app.yaml` says now. Raises `AppError`."""
    try:
        return read_configuration(settings)
    except CustomizationFileError as error:
        raise AppError(Code.CONFLICT, str(error)) from None


def catalog_of(rows: StructureRows, settings: Settings, configuration: Configuration | None = None) -> Catalog:
    """The catalog that the settings and their `graphql_app.yaml` make of the structure. Raises `AppError`."""
    include, exclude = settings.include_tables, settings.exclude_tables
    said = configuration or configured(settings)
    try:
        return build_catalog(
            rows, include=include, exclude=exclude, custom=said.customization, relation_names=settings.relation_names
        )
    except CustomizationError as error:
        raise AppError(Code.CONFLICT, f"{said.name}: {error}") from None


class _Fetch:
    """Runs a statement in a session, for readers of the structure."""

    def __init__(self, session: Session, database: str) -> None:
        self._session = session
        self._database = database

    async def __call__(self, statement: str) -> Sequence[RawRow]:
        """Its rows."""
        session = self._session
        if session.features.flavour is Flavour.OCEANBASE:
            # It keeps no plans of these statements for other default databases, and makes them for 0.2 s of CPU.
            result = await session.query_within("information_schema", statement.encode(), self._database)
        else:
            (result,) = await session.query(statement.encode())
        return result.rows if len(result.columns) > 1 else [(cell,) for cell in result.rows]
