"""The engine put together over a pool, as the settings say: for the server, for commands, for programs that use it."""

from __future__ import annotations

from dataclasses import dataclass

from graphql_app.config.settings import Settings
from graphql_app.engine.engine import Engine
from graphql_app.engine.execute.executor import Executor, Mark
from graphql_app.engine.execute.retry import Schedule
from graphql_app.engine.live.catalog import CatalogWatcher
from graphql_app.engine.live.loader import Configured, SchemaLoader
from graphql_app.engine.mysql.pool import Pool, PoolSettings
from graphql_app.engine.plan.cursor import cursor_key
from graphql_app.engine.plan.planner import Limits
from graphql_app.engine.plan.values import MAX_PAGE
from graphql_app.observability.events import Observer


@dataclass(frozen=True, slots=True)
class EngineParts:
    """The engine with what it stands on. Nothing is read yet: see `CatalogWatcher.reload`. Close the executor."""

    engine: Engine
    executor: Executor
    live: CatalogWatcher


def engine_parts(
    settings: Settings,
    database: str,
    pool: Pool,
    observer: Observer,
    mark: Mark | None = None,
    configured: Configured | None = None,
) -> EngineParts:
    """The parts over `pool`; `mark` as in `Executor`, `configured` as in `SchemaLoader`."""
    executor = Executor(pool, schedule(settings), observer, use_ledger=settings.ledger != "off", mark=mark)
    live = CatalogWatcher(SchemaLoader(executor, database, settings, configured), observer)
    default_page = settings.default_limit or settings.max_limit
    limits = Limits(settings.max_limit or MAX_PAGE, default_page, settings.max_cost)
    # Workers, and hosts with the same secret, take each other's cursors. Where there is none, nothing is hidden.
    key = cursor_key(settings.admin_secret.get_secret_value().encode())
    engine = Engine(
        live,
        executor,
        observer,
        stringify=settings.stringify_numbers,
        limits=limits,
        cursor_key=key,
        audit=settings.audit,
    )
    return EngineParts(engine, executor, live)


def pool_settings(settings: Settings) -> PoolSettings:
    """The sizes and limits of the pool that the settings say."""
    return PoolSettings(
        size=settings.db_pool_size,
        warm=settings.db_pool_min,
        waiting=settings.db_pool_waiting,
        lock_wait=schedule(settings).lock_wait,
        any_writer=settings.writers == "any",
    )


def schedule(settings: Settings) -> Schedule:
    """The retry schedule of the settings, in seconds."""
    return Schedule(
        tuple(value / 1000 for value in settings.retry_timeouts_ms),
        tuple(value / 1000 for value in settings.retry_delays_ms),
        continues=settings.retry_slow == "continue",
    )
