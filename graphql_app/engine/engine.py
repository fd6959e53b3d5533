"""The spine, by four doors: prepare, run, stream, bulk; and `transaction` for a developer's own mutations.

Each stage (plan, compile, execute) is timed.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from typing import overload

from graphql_app.auth.identity import ADMIN, Identity
from graphql_app.auth.permissions import NO_LIMITS
from graphql_app.engine.access.access import FULL, Access, needed_values
from graphql_app.engine.access.told import told_of
from graphql_app.engine.assemble.json import text_of
from graphql_app.engine.auditing import AuditMode, Auditor
from graphql_app.engine.compile.bulk import compile_bulk
from graphql_app.engine.compile.call import PreparedCall, compile_call
from graphql_app.engine.compile.exports import PreparedRows, compile_rows
from graphql_app.engine.compile.scope import SqlDialect
from graphql_app.engine.execute.attempt import T
from graphql_app.engine.execute.bulk_run import BulkRun
from graphql_app.engine.execute.calls import CallWork, perform_calls
from graphql_app.engine.execute.executor import Executor
from graphql_app.engine.execute.ledger import IdempotentResult
from graphql_app.engine.execute.retry import Kind
from graphql_app.engine.execute.session import Session
from graphql_app.engine.execute.stream import RowStream
from graphql_app.engine.execute.transaction import Transaction
from graphql_app.engine.live.catalog import CatalogWatcher, Snapshot
from graphql_app.engine.mysql.server_errors import Failure
from graphql_app.engine.plan.bulk import plan_bulk
from graphql_app.engine.plan.cost.estimate import CostBudget, check_conditions, checked
from graphql_app.engine.plan.planner import Limits, Planner
from graphql_app.engine.plan.shapes import PreparedCache, parameterize, shape_of
from graphql_app.engine.plan.values import MAX_PAGE
from graphql_app.engine.replies import Once as Once, Reply as Reply
from graphql_app.engine.request.bulk import BulkWrite, RowsRead
from graphql_app.engine.request.calls import Call, RootRequest
from graphql_app.engine.sql.fragment import Statement
from graphql_app.errors import AppError, DatabaseError
from graphql_app.observability.events import Observer, StageTimed, UnexpectedError
from graphql_app.observability.stage_timer import StageTimer
from graphql_app.runtime.worker_thread import run_in_thread
from schema_gen.catalog.model import Catalog, Table


def _budget(limits: Limits) -> CostBudget:
    return CostBudget(limits.cost, limits.default_page)


class Engine:
    """Answers calls against the catalog being served, as one caller may see it: see `acting`."""

    def __init__(
        self,
        live: CatalogWatcher,
        executor: Executor,
        observer: Observer,
        *,
        stringify: bool = True,
        limits: Limits | None = None,
        cursor_key: bytes = b"",
        audit: AuditMode = "off",
    ) -> None:
        self.live = live
        self._executor = executor
        self._observer = observer
        self._identity = ADMIN
        self._auditor = Auditor(audit, observer)
        self._stringify = stringify
        self._marks = False
        self._limits = limits or Limits()
        self._cursor_key = cursor_key
        self._listeners: list[Callable[[Iterable[str]], None]] = []
        self._prepared: PreparedCache[PreparedCall] = PreparedCache()
        self._compiled: PreparedCache[tuple[Statement, tuple[str, ...]]] = PreparedCache()

    def acting(self, identity: Identity) -> Engine:
        """The same engine for another caller: what it may not see is not there."""
        if identity is self._identity:
            return self
        other = Engine.__new__(Engine)
        # `copy` takes ten times as long, and every call of a role makes one.
        other.__dict__.update(self.__dict__)
        other._identity = identity
        return other

    def marking(self) -> Engine:
        """The same engine with what rules add to SQL marked in it, for people to read."""
        other = copy(self)
        other._marks, other._prepared, other._compiled = True, PreparedCache(), PreparedCache()
        return other

    def access(self, snapshot: Snapshot | None = None) -> Access:
        """What the caller may see and do of `snapshot` (default: the one being served)."""
        return (snapshot or self.live.snapshot).access(self._identity)

    @property
    def catalog(self) -> Catalog:
        """The catalog being served, as the caller sees it.

        Raises `ServiceUnavailableException` before the first load.
        """
        return self.access().catalog

    @property
    def max_page(self) -> int:
        """The largest `limit` that is allowed."""
        return self._bounds(self.access()).max_page

    @property
    def default_page(self) -> int | None:
        """The rows of a list that names no limit; `None` for all."""
        return self._bounds(self.access()).default_page

    async def table(self, name: str) -> Table:
        """The table called `name`, looked for in the database if it is not known; see `CatalogWatcher.table`."""
        return await self.live.table(name, self._identity)

    # --- the doors -------------------------------------------------------------

    @overload
    def prepare(self, request: Call, snapshot: Snapshot | None = None) -> PreparedCall: ...

    @overload
    def prepare(self, request: RowsRead, snapshot: Snapshot | None = None) -> PreparedRows: ...

    def prepare(self, request: Call | RowsRead, snapshot: Snapshot | None = None) -> PreparedCall | PreparedRows:
        """Plans and compiles a request against `snapshot` (default: the one being served).

        Raises `AppError`: `RequestError` where a name is unknown, a value does not fit, the request costs too much,
        or rows cannot be read one by one.
        """
        against = snapshot or self.live.snapshot
        return self._call(request, against) if isinstance(request, Call) else self._rows(request, against)

    def known(self, call: Call) -> tuple[PreparedCall, Sequence[object]]:
        """A call as prepared before, but for its values, and these; it is prepared now where none was like it.

        Raises as `prepare`.
        """
        found = shape_of(call.roots[0].request) if len(call.roots) == 1 and call.guard is None else None
        if found is None:
            return self.prepare(call), ()
        shape, values = found
        against = self.live.snapshot
        make = partial(self._call, Call((RootRequest("", shape),)), against)
        return self._prepared.get(against, (self.access(against).key, shape), make), values

    @overload
    async def run(
        self, request: Call | PreparedCall, slots: Sequence[object] = (), *, long: bool = False, dry_run: bool = False
    ) -> Reply: ...

    @overload
    async def run(
        self, request: Call | PreparedCall, slots: Sequence[object] = (), *, once: Once, long: bool = False
    ) -> IdempotentResult: ...

    async def run(
        self,
        request: Call | PreparedCall,
        slots: Sequence[object] = (),
        *,
        once: Once | None = None,
        long: bool = False,
        dry_run: bool = False,
    ) -> Reply | IdempotentResult:
        """Answers a call as one retried unit of work; `slots` are the values of a prepared one.

        A call that is equal to an earlier one but for its values is not planned again; a `long` one is planned beside
        the event loop. With `once` a write is done once for a client's key. A `dry_run` is answered as a write, and
        rolled back. Raises `AppError`.
        """
        if isinstance(request, Call):
            prepared, slots = await run_in_thread(self.known, request) if long else self.known(request)
        else:
            prepared = request
        slots = self.values(prepared, slots)
        if prepared.estimate is not None:
            prepared.estimate.check(slots)
        if prepared.constant and once is None:
            return Reply(tuple(map(_constant_text, prepared.reads)))
        work = CallWork(prepared, slots, dry_run)
        started = time.perf_counter()
        try:
            if once is not None:
                found = await self._run_once(work, once)
                self._note(work, replayed=found.replayed)
                return found
            kind = Kind.READ if prepared.writes is None else Kind.WRITE
            values, retries = await self._executor.run(
                kind, work.perform, transactional=prepared.transactional, reread=work.again, discard=dry_run
            )
        except AppError as error:
            if isinstance(error, DatabaseError):
                error.root = work.place
            self._tell(error, prepared.written)
            self._note(work, error)
            raise
        finally:
            self._observer(StageTimed("execute", time.perf_counter() - started))
            if prepared.written and not dry_run:
                self._wrote(prepared.written)  # also after a failure: it may have been done all the same
        self._note(work)
        return Reply(tuple(values), retries)

    async def run_together(self, calls: Sequence[tuple[Engine, PreparedCall, Sequence[object]]]) -> list[bytes]:
        """The answers of reads of one root each, asked in shared packets, each as its engine's caller sees it.

        Raises `AppError`, for all of them.
        """
        works = [CallWork(prepared, engine.values(prepared, slots)) for engine, prepared, slots in calls]
        with StageTimer(self._observer, "execute"):
            values, _ = await self._executor.run(Kind.READ, partial(perform_calls, works))
        for (engine, _, _), work in zip(calls, works, strict=True):
            engine._note(work)
        return [text_of(value) for value in values]

    def _note(self, work: CallWork, error: AppError | None = None, *, replayed: bool = False) -> None:
        writes = work.prepared.writes is not None
        if self._auditor.notes(write=writes):
            tables = work.prepared.written if writes else work.prepared.read
            action = "read" if not writes else "dry_run" if work.dry_run else "write"
            self._auditor.note(self._identity, action, tables, work.rows, error, replayed=replayed)

    async def stream(self, rows: PreparedRows) -> RowStream:
        """The rows of a prepared read as they arrive. Close the stream. Raises `AppError`."""
        with StageTimer(self._observer, "execute"):
            stream = await self._executor.stream(rows.sql)
        if self._auditor.notes(write=False):
            stream.on_end = partial(self._auditor.note, self._identity, "export", (rows.table,))
        return stream

    def bulk(self, request: BulkWrite) -> BulkRun:
        """A write of many rows, which come batch by batch. Raises `RequestError`."""
        access = self.access()
        planner = self._planner(access)
        with StageTimer(self._observer, "plan"):
            planned = plan_bulk(planner, request)
        session = self._session(tuple(sorted(planner.variables)), access.variables)

        def shown(error: AppError) -> None:
            self._tell(error, (request.table,))

        try:
            with StageTimer(self._observer, "compile"):
                target = compile_bulk(self._dialect(self.live.snapshot), planned, session)
        except AppError as error:
            shown(error)
            raise

        def noted(rows: int, error: AppError | None, replayed: bool) -> None:
            if self._auditor.notes(write=True):
                self._auditor.note(self._identity, "import", (request.table,), rows, error, replayed=replayed)

        return BulkRun(self._executor, target, self._unexpected, self._wrote, shown, noted)

    async def transaction(self, work: Callable[[Transaction], Awaitable[T]]) -> tuple[T, int]:
        """`run` for calls that are not known beforehand: the value of `work`, and how many attempts failed before.

        `work` is one retried transaction, and may run several times. What it raises passes through after a rollback.
        Raises `AppError`.
        """
        written: set[str] = set()
        transactional = all(table.transactional for table in self.catalog.tables.values())

        async def job(session: Session) -> T:
            return await work(Transaction(session, written, self._tell, transactional=transactional))

        with StageTimer(self._observer, "execute"):
            try:
                found = await self._executor.run(Kind.WRITE, job, transactional=transactional)
            finally:
                if written:
                    self._wrote(written)
        if written and self._auditor.notes(write=True):
            self._auditor.note(self._identity, "write", written, None)
        return found

    # --- behind them -----------------------------------------------------------

    def _call(self, call: Call, against: Snapshot) -> PreparedCall:
        access = self.access(against)
        planner = self._planner(access)
        try:
            with StageTimer(self._observer, "plan"):
                estimate = checked(call, access.catalog, _budget(planner.limits))
                planned = planner.call(call)
            with StageTimer(self._observer, "compile"):
                prepared = compile_call(self._dialect(against), planned)
        except AppError as error:
            self._tell(error)
            raise
        if estimate is None and not planner.variables:
            return prepared
        needed = tuple(sorted(planner.variables))
        return replace(prepared, estimate=estimate, variables=needed, session=access.variables if needed else ())

    def _tell(self, error: AppError, written: Iterable[str] = ()) -> None:
        """Takes out of `error` what the caller may not know of; `written` are the tables that it may be about."""
        access = self.access()
        if access.key != FULL:
            told_of(access.catalog, written, error)

    def _planner(self, access: Access, limits: Limits | None = None) -> Planner:
        return Planner(access.catalog, limits or self._bounds(access), access.rules, cursor_key=self._cursor_key)

    def _bounds(self, access: Access) -> Limits:
        """What a request may ask at most: what everyone may, or less where the role has bounds of its own."""
        role, all_ = access.limits, self._limits
        if role is NO_LIMITS:
            return all_
        page = min(all_.max_page, MAX_PAGE if role.rows is None else role.rows)
        rows = [each for each in (all_.default_page, role.rows) if each is not None]
        cost = min(all_.cost, all_.cost if role.cost is None else role.cost)
        return replace(all_, max_page=page, default_page=min(rows, default=None), cost=cost)

    def values(self, prepared: PreparedCall, slots: Sequence[object]) -> Sequence[object]:
        """All slots of a call: the request's own, then the session variables where rules need any.

        Raises `RequestError` (MISSING_SESSION_VARIABLE).
        """
        if not prepared.variables:
            return slots
        return (*slots, *self._session(prepared.variables, prepared.session))

    def _session(self, needed: tuple[str, ...], names: tuple[str, ...]) -> tuple[str | None, ...]:
        """The caller's session variables of these names. Raises as `values` where one that is needed is not there."""
        needed_values(self._identity.variables, needed)
        return tuple(map(self._identity.variables.get, names))

    def needed(self, prepared: PreparedCall) -> tuple[str, ...]:
        """The caller's values of the session variables that a call needs.

        Raises `RequestError` (MISSING_SESSION_VARIABLE).
        """
        return needed_values(self._identity.variables, prepared.variables)

    def _rows(self, request: RowsRead, against: Snapshot) -> PreparedRows:
        shape, values = parameterize(request.read)
        access = self.access(against)

        def make() -> tuple[Statement, tuple[str, ...]]:
            with StageTimer(self._observer, "plan"):
                limits = self._bounds(access)
                check_conditions(shape, _budget(limits))
                if request.whole and access.limits.rows is None:
                    limits = replace(limits, default_page=None)
                planner = self._planner(access, limits)
                planned = planner.rows(shape)
            with StageTimer(self._observer, "compile"):
                statement = compile_rows(self._dialect(against), planned, request.form)
            return statement, tuple(sorted(planner.variables))

        statement, needed = self._compiled.get(against, (access.key, shape, request.form, request.whole), make)
        session = self._session(needed, access.variables) if needed else ()
        return PreparedRows(statement.render([*values, *session]), request.read.table)

    def _dialect(self, against: Snapshot) -> SqlDialect:
        return SqlDialect(against.features, self._stringify, self._marks)

    async def _run_once(self, work: CallWork, once: Once) -> IdempotentResult:
        async def job(session: Session) -> bytes:
            return once.render(Reply(tuple(await work.perform(session)), session.failed))

        return await self._executor.run_once(job, once.entry, transactional=work.prepared.transactional)

    def on_write(self, listener: Callable[[Iterable[str]], None]) -> None:
        """`listener` is told the tables of every write that was done, or may have been."""
        self._listeners.append(listener)

    def _wrote(self, tables: Iterable[str]) -> None:
        for listener in self._listeners:
            listener(tables)

    def _unexpected(self, error: Failure) -> None:
        """A part of a write was refused by the database for a reason without a name here."""
        self._observer(UnexpectedError("database", error))


def _constant_text(template: Iterable[object]) -> bytes:
    return b"".join(part for part in template if isinstance(part, bytes))
