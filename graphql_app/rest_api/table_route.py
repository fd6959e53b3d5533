"""Routes of addresses that hold a table's name, whatever characters it has, and the short way to those asked most."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Scope


class TableRoute(Route):
    """A route that reads names from the address as it was sent: a `/` in a name is `%2F` there, and parts nothing.

    Servers decode the whole path before anybody looks at it, and `a%2Fb` would be two steps then.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As `Route.matches`."""
        raw: bytes = scope.get("raw_path") or b""
        if b"%" not in raw:
            return super().matches(scope)
        match, found = super().matches({**scope, "path": raw.decode("ascii", "replace")})
        if match is not Match.NONE:
            found["path_params"] = {name: unquote(value) for name, value in found["path_params"].items()}
        return match, found


class ShortWay:
    """Finds `/api/{table}` and what stands directly below it without trying one route after the other."""

    PREFIX = "/api/"

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        """Takes those of `routes` that it can find."""
        head = f"{self.PREFIX}{{table}}"
        tables = (route for route in routes if isinstance(route, TableRoute) and route.methods is None)
        self._below = {route.path.removeprefix(head): route.app for route in tables if route.path.startswith(head)}

    def find(self, scope: Scope) -> ASGIApp | None:
        """The endpoint, told its table as the router would; None where the router is to look."""
        path: str = scope["path"]
        if not path.startswith(self.PREFIX) or b"%" in (scope.get("raw_path") or b"") or scope.get("root_path"):
            return None
        table, slash, rest = path[len(self.PREFIX) :].partition("/")
        found = self._below.get(slash + rest) if table else None
        if found is not None:
            scope["path_params"] = {"table": table}
        return found
