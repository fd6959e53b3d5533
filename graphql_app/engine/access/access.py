"""What one role may see and do of one catalog: its view, and its rules as plan conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from graphql_app.auth.permissions import NO_LIMITS, RoleLimits, RolePermissions, Roles
from graphql_app.engine.access.resolve import BrokenRule as BrokenRule, Resolver, SharedRules as SharedRules
from graphql_app.engine.access.view import view_of
from graphql_app.engine.plan.rules import NO_RULES, Rules
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Catalog

FULL: Final = ""
"""The key of an access without rules."""


@dataclass(frozen=True, slots=True, eq=False)
class Access:
    """A catalog as one role sees it. What is prepared under one `key` is good for every caller with that key.

    `variables` are the session variables of all rules, in the order of their slots.
    """

    key: str
    catalog: Catalog
    rules: Rules = field(default_factory=lambda: NO_RULES)
    variables: tuple[str, ...] = ()
    broken: tuple[BrokenRule, ...] = ()
    returning_visible: bool = False
    limits: RoleLimits = NO_LIMITS

    @property
    def shape(self) -> str:
        """Accesses of one snapshot with equal shapes have the same schema."""
        return FULL if self.key == FULL else self.catalog.fingerprint


def needed_values(session: Mapping[str, str], needed: tuple[str, ...]) -> tuple[str, ...]:
    """The values of session variables. Raises `RequestError` (MISSING_SESSION_VARIABLE) where one is not there."""
    for name in needed:
        if name not in session:
            raise RequestError(Code.MISSING_SESSION_VARIABLE, f'missing session variable: "{name}"')
    return tuple(session[name] for name in needed)


def full_access(catalog: Catalog) -> Access:
    """The access of the admin, and of everyone where there are no roles."""
    return Access(FULL, catalog)


def access_of(catalog: Catalog, role: RolePermissions, *, backend: bool, shared: SharedRules | None = None) -> Access:
    """What a role may see and do of `catalog`; `backend`: what is marked `backend_only`, too.

    `shared` is what was resolved before of the rules of this catalog.
    """
    resolver = Resolver(catalog, role, backend, shared)
    allowed, readable, rules = resolver.tables()
    view = view_of(catalog, allowed, readable, rules)
    key = f"{role.name}\0{'backend' if backend else ''}"
    return Access(key, view, rules, resolver.variables, tuple(resolver.broken), role.returning_visible, role.limits)


def broken_rules(catalog: Catalog, roles: Roles, shared: SharedRules | None = None) -> tuple[BrokenRule, ...]:
    """The rules of all roles that cannot be honoured with this catalog. What is resolved is kept in `shared`."""
    shared = shared or SharedRules()
    found: list[BrokenRule] = []
    for role in roles.values():
        resolver = Resolver(catalog, role, True, shared)
        resolver.check()
        found += resolver.broken
    return tuple(found)
