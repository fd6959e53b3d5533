"""Routes of addresses that hold a table's name, whatever characters it has."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.routing import Match, Route
from starlette.types import Scope


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
