"""Who is told the structure: by introspection, its documents, and the names that were probably meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from graphql_app.auth.identity import Identity


@dataclass(frozen=True, slots=True)
class Introspection:
    """`on`: anybody is. `roles` are those that are, beside the admin; none named: all but the anonymous caller."""

    on: bool = True
    roles: frozenset[str] = frozenset()

    @classmethod
    def of(cls, setting: bool | tuple[str, ...]) -> Introspection:
        """What INTROSPECTION says."""
        return cls(setting) if isinstance(setting, bool) else cls(bool(setting), frozenset(setting))

    def shown_to(self, identity: Identity) -> bool:
        """Whether this caller is told what it may see."""
        if not self.on:
            return False
        if self.roles:
            return identity.admin or identity.role in self.roles
        return not identity.anonymous


EVERYBODY: Final = Introspection()
"""Nothing is hidden but from the anonymous caller."""
