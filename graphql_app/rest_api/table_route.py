"""Routes of addresses that hold a table's name, whatever characters it has, and the short way to those asked most."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import unquote

from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Scope

from graphql_app.rest_api.query_language.keys import parse_key

KEY = "key"
"""The part of a path that is a row's key: its parts, one by one."""


OTHERS = frozenset({"export", "query"})
"""What stands below a table beside its rows; a row with such a key has it percent-encoded in its address."""
IMPORT = ("batch", "import")


class TableRoute(Route):
    """A route that reads names from the address as it was sent: a `/` in a name is `%2F` there, and parts nothing.

    Servers decode the whole path before anybody looks at it, and `a%2Fb` would be two steps then.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As `Route.matches`."""
        raw: bytes = scope.get("raw_path") or b""
        encoded = b"%" in raw
        match, found = super().matches({**scope, "path": raw.decode("ascii", "replace")} if encoded else scope)
        if match is not Match.NONE and _of_others(found["path_params"]):
            return Match.NONE, {}
        if match is not Match.NONE:
            given = found["path_params"].items()
            found["path_params"] = {name: _part(name, value, encoded=encoded) for name, value in given}
        return match, found


def _of_others(params: Mapping[str, str]) -> bool:
    """Whether what would be a row's key is the name of another address, whatever the method."""
    return params.get(KEY) in OTHERS or (params.get("table"), params.get(KEY)) == IMPORT


def _part(name: str, value: str, *, encoded: bool) -> Any:
    if name == KEY:
        return parse_key(value, encoded=encoded)
    return unquote(value) if encoded else value


class ShortWay:
    """Finds `/api/{table}` and what stands directly below it without trying one route after the other."""

    PREFIX = "/api/"
    BARE = "/rest/"

    def __init__(self, routes: Collection[BaseRoute]) -> None:
        """Takes those of `routes` that it can find."""
        head, key = f"{self.PREFIX}{{table}}", f"/{{{KEY}}}"
        bare = f"{self.BARE}{{table}}"
        self._bare = next((route.app for route in routes if isinstance(route, Route) and route.path == bare), None)
        there = [route for route in routes if isinstance(route, Route) and route.path.startswith(self.PREFIX)]
        below = {route.path.removeprefix(head): route for route in there if route.path.startswith(head)}
        of_rows = below.pop(key, None)
        self._row = None if of_rows is None else of_rows.app
        # Other addresses are the router's, also where a key could stand there.
        self._others = {rest for rest, route in below.items() if route.methods is not None}
        self._fixed = {route.path.removeprefix(self.PREFIX).partition("/")[0] for route in there} - {"{table}"}
        self._below = {rest: route.app for rest, route in below.items() if route.methods is None}

    def find(self, scope: Scope) -> ASGIApp | None:
        """The endpoint, told its table as the router would; None where the router is to look."""
        path: str = scope["path"]
        if b"%" in (scope.get("raw_path") or b"") or scope.get("root_path"):
            return None
        if path.startswith(self.BARE):
            return self._find_bare(scope, path[len(self.BARE) :])
        if not path.startswith(self.PREFIX):
            return None
        table, slash, rest = path[len(self.PREFIX) :].partition("/")
        found = self._below.get(slash + rest) if table else None
        if found is not None:
            scope["path_params"] = {"table": table}
        elif table and rest and self._row is not None and self._of_a_row(table, rest):
            scope["path_params"] = {"table": table, KEY: parse_key(rest, encoded=False)}
            return self._row
        return found

    def _find_bare(self, scope: Scope, table: str) -> ASGIApp | None:
        if not table or "/" in table or self._bare is None:
            return None
        scope["path_params"] = {"table": table}
        return self._bare

    def _of_a_row(self, table: str, rest: str) -> bool:
        return "/" not in rest and f"/{rest}" not in self._others and table not in self._fixed
