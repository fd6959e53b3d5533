"""request + catalog -> plan. The only validator: what it lets through exists, is allowed and fits."""

from __future__ import annotations

from functools import partial

from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.connections import plan_connection
from graphql_app.engine.plan.groups import plan_group
from graphql_app.engine.plan.rows import Limits, RowPlanner
from graphql_app.engine.plan.writes import plan_write
from graphql_app.engine.request.calls import Aggregate, Call, ConnectionRead, Constant, Group, Query, Read, RootRequest
from graphql_app.errors import each_root, unknown_table

__all__ = ["Limits", "Planner"]


class Planner(RowPlanner):
    """Plans whole calls: each kind of root is planned by the module of its kind."""

    __slots__ = ()

    def call(self, call: Call) -> plan.CallPlan:
        """The plan of a whole call. Raises `RequestError`."""
        roots, guard = each_root(call.roots, partial(self._root, live=call.live)), call.guard
        if guard is None:
            return plan.CallPlan(roots, call.writes)
        self._check_root(guard.read, live=False)
        return plan.CallPlan(roots, call.writes, plan.RowGuardPlan(self.read(guard.read), guard.tags, guard.absent))

    def _root(self, root: RootRequest, *, live: bool) -> plan.RootPlan:
        request = root.request
        if isinstance(request, Constant):
            return plan.RootPlan(root.key, plan.TextOut(request.key, request.text))
        if isinstance(request, Query):
            return plan.RootPlan(root.key, self.query(request, live=live))
        return plan.RootPlan(root.key, plan_write(self, request))

    def query(self, request: Query, *, live: bool = False) -> plan.QueryPlan:
        """The plan of a read, an aggregate or a connection."""
        self._check_root(request, live)
        match request:
            case Read():
                return self.read(request)
            case Aggregate():
                return self.aggregate(request)
            case ConnectionRead():
                return plan_connection(self, request)
            case Group():
                return plan_group(self, request)

    def rows(self, request: Read) -> plan.ReadPlan:
        """The plan of a read whose rows are shown one by one."""
        self._check_root(request, live=False)
        return self.read(request)

    def _check_root(self, request: Query, live: bool) -> None:
        """Raises `RequestError` (UNKNOWN_TABLE) where a role has no such root field."""
        access = self.readable(request.table).access
        if access is None:
            return
        allowed = access.subscription_roots if live else access.query_roots
        if allowed is not None and allowed.isdisjoint(_root_fields(request, live)):
            raise unknown_table(request.table)


def _root_fields(request: Query, live: bool) -> tuple[str, ...]:
    """The root fields, in Hasura's words, of which any allows a query."""
    match request:
        case Read():
            return ("select_by_pk",) if request.one else ("select",)
        case ConnectionRead():
            return ("select", "select_stream") if live else ("select",)
        case Aggregate() | Group():
            return ("select_aggregate",)
