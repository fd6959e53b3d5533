"""Who is told the structure: by introspection, its documents, and the names that were probably meant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from graphql_app.auth.identity import Identity


def _every(_role: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Introspection:
    """`on`: anybody is. `roles` are those that are, beside the admin; none named: all but the anonymous caller.

    Of these only roles are that the rules `may` tell.
    """

    on: bool = True
    roles: frozenset[str] = frozenset()
    may: Callable[[str], bool] = _every

    @classmethod
    def of(cls, setting: bool | tuple[str, ...], may: Callable[[str], bool] = _every) -> Introspection:
        """What INTROSPECTION says."""
        on, roles = (setting, ()) if isinstance(setting, bool) else (bool(setting), setting)
        return cls(on, frozenset(roles), may)

    def shown_to(self, identity: Identity) -> bool:
        """Whether this caller is told what it may see."""
        if not self.on or not self.may(identity.role):
            return False
        if self.roles:
            return identity.admin or identity.role in self.roles
        return not identity.anonymous


EVERYBODY: Final = Introspection()
"""Nothing is hidden but from the anonymous caller."""
