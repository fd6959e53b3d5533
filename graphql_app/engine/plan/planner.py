"""request + catalog -> plan. The only validator: what it lets through exists, is allowed and fits."""

from __future__ import annotations

from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.connections import plan_connection
from graphql_app.engine.plan.groups import plan_group
from graphql_app.engine.plan.rows import Limits, RowPlanner
from graphql_app.engine.plan.writes import plan_write
from graphql_app.engine.request.calls import Aggregate, Call, ConnectionRead, Constant, Group, Query, Read, RootRequest
from graphql_app.errors import each_root

__all__ = ["Limits", "Planner"]


class Planner(RowPlanner):
    """Plans whole calls: each kind of root is planned by the module of its kind."""

    __slots__ = ()

    def call(self, call: Call) -> plan.CallPlan:
        """The plan of a whole call. Raises `RequestError`."""
        return plan.CallPlan(each_root(call.roots, self._root), call.writes)

    def _root(self, root: RootRequest) -> plan.RootPlan:
        request = root.request
        if isinstance(request, Constant):
            return plan.RootPlan(root.key, plan.TextOut(request.key, request.text))
        if isinstance(request, Query):
            return plan.RootPlan(root.key, self.query(request))
        return plan.RootPlan(root.key, plan_write(self, request))

    def query(self, request: Query) -> plan.QueryPlan:
        """The plan of a read, an aggregate or a connection."""
        match request:
            case Read():
                return self.read(request)
            case Aggregate():
                return self.aggregate(request)
            case ConnectionRead():
                return plan_connection(self, request)
            case Group():
                return plan_group(self, request)
