"""What Hasura's metadata says of roles beside their permissions: `api_limits`, and who is told the structure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from graphql_app.auth.hasura.source import Node
from graphql_app.auth.identity import ADMIN_ROLE
from graphql_app.auth.permissions import ADDRESS, NO_LIMITS, WHOLE_ROLE, RateBy, RoleLimits
from graphql_app.runtime.rate_limit import Rate

T = TypeVar("T")
_VARIABLE: Final = "x-hasura-"


def read_limits(node: Node | None, roles: Iterable[str]) -> dict[str, RoleLimits]:
    """The limits of each role: depths and rates, a role's own or those of all. Raises `MetadataError`.

    The admin has none, in Hasura as here.
    """
    if node is None or node.object().get("disabled") is True:
        return dict.fromkeys(roles, NO_LIMITS)
    node.refuse_all_but({"depth_limit", "rate_limit", "disabled"})
    depth = _each(node.get("depth_limit"), _number)
    rate = _each(node.get("rate_limit"), _rate)
    found = {}
    for role in roles:
        allowed, by = rate(role) or (None, NO_LIMITS.rate_by)
        found[role] = RoleLimits(depth=depth(role), rate=allowed, rate_by=by)
    return found


def _each(node: Node | None, read: Callable[[Node], T]) -> Callable[[str], T | None]:
    """What `global` and `per_role` say of a role."""
    if node is None:
        return lambda _role: None
    node.refuse_all_but({"global", "per_role"})
    every, own = node.get("global"), node.get("per_role")
    for_all = None if every is None else read(every)
    by_role = {} if own is None else {role: read(own.need(role)) for role in own.object()}
    return lambda role: by_role.get(role, for_all)


def _number(node: Node) -> int:
    if type(node.value) is not int or node.value < 1:
        node.wrong("takes a whole number from 1")
    return node.value


def _rate(node: Node) -> tuple[Rate, RateBy]:
    node.refuse_all_but({"max_reqs_per_min", "unique_params"})
    most, unique = _number(node.need("max_reqs_per_min")), node.get("unique_params")
    return Rate(most, 60), WHOLE_ROLE if unique is None else _by(unique)


def _by(node: Node) -> RateBy:
    """Who shares a rate: those of one address, or with equal session variables."""
    if node.value == "IP":
        return ADDRESS
    names = [each.text().lower() for each in node.items()] if isinstance(node.value, list) else []
    if not names or not all(each.startswith(_VARIABLE) for each in names):
        node.wrong('takes "IP", or a list of session variables')
    return tuple(sorted(set(names)))


def read_untold(document: Node) -> frozenset[str]:
    """The roles that may not ask for the structure. Raises `MetadataError`."""
    node = document.get("graphql_schema_introspection")
    if node is None:
        return frozenset()
    node.refuse_all_but({"disabled_for_roles"})
    disabled = node.get("disabled_for_roles")
    found = frozenset() if disabled is None else frozenset(each.text() for each in disabled.items())
    if ADMIN_ROLE in found and disabled is not None:
        disabled.wrong("the admin is told everything; INTROSPECTION=false tells nobody")
    return found
