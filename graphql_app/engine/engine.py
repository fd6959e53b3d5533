"""The spine: request -> plan -> compile -> execute -> respond, each stage timed."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from graphql_app.engine.assemble.json import Value, text_of
from graphql_app.engine.compile.call import PreparedCall, compile_call
from graphql_app.engine.compile.exports import RowForm, compile_rows
from graphql_app.engine.compile.scope import SqlDialect
from graphql_app.engine.compile.writes import CompiledWrite
from graphql_app.engine.execute.attempt import Job, T
from graphql_app.engine.execute.executor import BULK, ONCE, Executor
from graphql_app.engine.execute.ledger import IdempotentResult, LedgerEntry
from graphql_app.engine.execute.reads import perform_reads
from graphql_app.engine.execute.retry import Kind
from graphql_app.engine.execute.session import Session
from graphql_app.engine.execute.stream import RowStream
from graphql_app.engine.execute.writes import perform_write, reread
from graphql_app.engine.live.catalog import CatalogWatcher, Snapshot
from graphql_app.engine.mysql.server_errors import Failure, changed
from graphql_app.engine.plan.cost import CostBudget, check_conditions, checked
from graphql_app.engine.plan.planner import Limits, Planner
from graphql_app.engine.plan.shapes import PreparedCache, parameterize
from graphql_app.engine.plan.touched_tables import tables_read
from graphql_app.engine.request.calls import Call, Read, RootRequest
from graphql_app.engine.sql.fragment import Statement
from graphql_app.errors import DatabaseError, RequestError
from graphql_app.observability.events import Observer, StageTimed, UnexpectedError
from graphql_app.runtime.hot_record import hot_record
from graphql_app.runtime.worker_thread import run_in_thread
from schema_gen.catalog.model import Catalog, Table


@hot_record
class Reply:
    """What each root gives, in order; `retry_count` counts failed attempts before it came."""

    values: tuple[Value, ...]
    retry_count: int = 0

    @property
    def texts(self) -> list[bytes]:
        """The JSON text of each root."""
        return [text_of(value) for value in self.values]


class Engine:
    """Answers calls against the catalog being served."""

    def __init__(
        self,
        live: CatalogWatcher,
        executor: Executor,
        observer: Observer,
        *,
        stringify: bool = True,
        limits: Limits | None = None,
    ) -> None:
        self.live = live
        self._executor = executor
        self._observer = observer
        self._stringify = stringify
        self._limits = limits or Limits()
        self._listeners: list[Callable[[Iterable[str]], None]] = []
        self._prepared: PreparedCache[PreparedCall] = PreparedCache()
        self._compiled: PreparedCache[Statement] = PreparedCache()
        self._budget = CostBudget(self._limits.cost, self._limits.default_page)

    @property
    def catalog(self) -> Catalog:
        """The catalog being served; raises `ServiceUnavailableException` before the first load."""
        return self.live.snapshot.catalog

    @property
    def max_page(self) -> int:
        """The largest `limit` that is allowed."""
        return self._limits.max_page

    @property
    def default_page(self) -> int | None:
        """The rows of a list that names no limit; `None` for all."""
        return self._limits.default_page

    async def table(self, name: str) -> Table:
        """The table called `name`, looked for in the database if it is not known; see `CatalogWatcher.table`."""
        return await self.live.table(name)

    async def run(self, call: Call, *, long: bool = False) -> Reply:
        """Answers a call. A read that is equal to an earlier one but for its values is not planned again.

        A `long` one is planned beside the event loop. Raises `AppError`.
        """
        if long:
            return await self.execute(await run_in_thread(self.prepare, call))
        request = call.roots[0].request
        if len(call.roots) > 1 or not isinstance(request, Read):
            return await self.execute(self.prepare(call))
        shape, values = parameterize(request)
        against = self.live.snapshot
        make = partial(self.prepare, Call((RootRequest("", shape),)), against)
        return await self.execute(self._prepared.get(against, shape, make), values)

    def prepare(self, call: Call, snapshot: Snapshot | None = None) -> PreparedCall:
        """Plans and compiles a call against `snapshot` (default: the one being served). Raises `AppError`."""
        against = snapshot or self.live.snapshot
        with self._stage("plan"):
            estimate = checked(call, against.catalog, self._budget)
            planned = Planner(against.catalog, self._limits).call(call)
        with self._stage("compile"):
            prepared = compile_call(SqlDialect(against.features, self._stringify), planned)
        return prepared if estimate is None else replace(prepared, estimate=estimate)

    def prepare_live(self, call: Call, snapshot: Snapshot) -> tuple[PreparedCall, frozenset[str]]:
        """As `prepare`, with the tables that the answer depends on. Raises `AppError`."""
        estimate = checked(call, snapshot.catalog, self._budget)
        planned = Planner(snapshot.catalog, self._limits).call(call)
        prepared = compile_call(SqlDialect(snapshot.features, self._stringify), planned)
        return replace(prepared, estimate=estimate), tables_read(planned)

    def on_write(self, listener: Callable[[Iterable[str]], None]) -> None:
        """`listener` is told the tables of every write that was done, or may have been."""
        self._listeners.append(listener)

    def wrote(self, tables: Iterable[str]) -> None:
        """Tells the listeners. For writes that the engine knows no plan of."""
        for listener in self._listeners:
            listener(tables)

    async def execute(self, prepared: PreparedCall, slots: Sequence[object] = ()) -> Reply:
        """Runs a compiled call as one retried unit of work. Raises `AppError`."""
        if prepared.estimate is not None:
            prepared.estimate.check(slots)
        if prepared.constant:
            return Reply(
                tuple(b"".join(part for part in template if isinstance(part, bytes)) for template in prepared.reads)
            )
        kind = Kind.READ if prepared.writes is None else Kind.WRITE

        work = _Work(prepared, slots)
        started = time.perf_counter()
        try:
            values, retries = await self._executor.run(
                kind,
                work.perform,
                transactional=prepared.transactional,
                reread=None if prepared.alone is None else work.reread,
            )
        except DatabaseError as error:
            error.root = work.place
            raise
        finally:
            self._observer(StageTimed("execute", time.perf_counter() - started))
            if prepared.written:
                # Also after a failure: it may have been done all the same.
                self.wrote(prepared.written)
        return Reply(tuple(values), retries)

    async def execute_once(
        self, prepared: PreparedCall, slots: Sequence[object], entry: LedgerEntry, render: Callable[[Reply], bytes]
    ) -> IdempotentResult:
        """Runs a compiled write under a client's key: the answer as `render` makes it, or made it before.

        Raises as `Executor.run_once`.
        """

        work = _Work(prepared, slots)

        async def job(session: Session) -> bytes:
            return render(Reply(tuple(await work.perform(session)), session.failed))

        with self._stage("execute"):
            try:
                return await self._executor.run_once(job, entry, transactional=prepared.transactional)
            except DatabaseError as error:
                error.root = work.place
                raise
            finally:
                self.wrote(prepared.written)

    def compile_rows(self, read: Read, form: RowForm, *, whole: bool = False) -> bytes:
        """The SQL that answers `read` with one row of text each; `whole` if no default page is to bound it.

        Raises `RequestError`, also if no one statement can.
        """
        against = self.live.snapshot
        shape, values = parameterize(read)

        def make() -> Statement:
            with self._stage("plan"):
                check_conditions(shape, self._budget)
                limits = replace(self._limits, default_page=None) if whole else self._limits
                planned = Planner(against.catalog, limits).read(shape)
            with self._stage("compile"):
                return compile_rows(SqlDialect(against.features, self._stringify), planned, form)

        return self._compiled.get(against, (shape, form, whole), make).render(values)

    async def rows(self, sql: bytes) -> tuple[list[bytes], int]:
        """The rows of a compiled read, and how many attempts failed. Raises `AppError`."""

        async def job(session: Session) -> list[bytes]:
            (result,) = await session.query(sql, last=True)
            if None in result.rows:
                raise changed()
            return result.rows

        with self._stage("execute"):
            return await self._executor.run(Kind.READ, job)

    async def stream(self, sql: bytes) -> RowStream:
        """The rows of a compiled read as they arrive. Close it. Raises `AppError`."""
        with self._stage("execute"):
            return await self._executor.stream(sql)

    async def write_bulk(self, job: Job[T], *, transactional: bool) -> tuple[T, int]:
        """Runs a part of a large write in a bulk slot, as one retried transaction. Raises `AppError`."""
        return await self._executor.run(Kind.WRITE, job, bulk=True, transactional=transactional, schedule=BULK)

    async def write_bulk_once(self, job: Job[bytes], entry: LedgerEntry, *, transactional: bool) -> IdempotentResult:
        """As `write_bulk`, under a client's key: see `Executor.run_once`. Raises `AppError`."""
        return await self._executor.run_once(job, entry, bulk=True, transactional=transactional)

    async def write_long(self, job: Job[T]) -> T:
        """Runs a write that takes its input as it goes, and so cannot be repeated. Raises `AppError`."""
        return (await self._executor.run(Kind.WRITE, job, bulk=True, schedule=ONCE, repeatable=False))[0]

    def unexpected(self, error: Failure) -> None:
        """Tells of a part of a write that the database refused for a reason without a name here."""
        self._observer(UnexpectedError("database", error))

    def _stage(self, stage: str) -> _Stage:
        return _Stage(self._observer, stage)


class _Stage:
    """Tells how long a block took, also if it failed. Not a generator, which costs a call by key far more."""

    __slots__ = ("_name", "_observer", "_start")

    def __init__(self, observer: Observer, name: str) -> None:
        self._observer = observer
        self._name = name

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_error: object) -> None:
        self._observer(StageTimed(self._name, time.perf_counter() - self._start))


@dataclass(slots=True)
class _Work:
    """A compiled call at work. `place` is the root whose write is being done; None while that is none."""

    prepared: PreparedCall
    slots: Sequence[object]
    place: int | None = None

    def perform(self, session: Session) -> Awaitable[Sequence[Value]]:
        """What each root gives."""
        if self.prepared.writes is None:
            return perform_reads(session, self.prepared.reads, self.slots)
        return self._writes(session, self.prepared.writes)

    async def _writes(self, session: Session, writes: Sequence[CompiledWrite | bytes]) -> list[bytes]:
        values: list[bytes] = []
        for place, write in enumerate(writes):
            self.place = place
            values.append(write if isinstance(write, bytes) else await self._write(session, write))
        self.place = None
        return values

    async def reread(self, session: Session) -> Sequence[Value]:
        """As `perform`, for the one insert that was done and not answered. Raises `DatabaseError`."""
        assert self.prepared.alone is not None
        return [await reread(session, self.prepared.alone, self.slots)]

    async def _write(self, session: Session, write: CompiledWrite) -> bytes:
        try:
            return await perform_write(session, write, self.slots)
        except RequestError as error:
            error.root = self.place
            raise
