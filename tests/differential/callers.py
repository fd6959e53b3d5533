"""Callers in random roles of one run, and the requests that they make."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from random import Random
from typing import Final

from tests.differential.database import Database
from tests.differential.dice import CHOICES, Dice
from tests.differential.make_operation import operation
from tests.differential.make_rules import USERS, Role, role
from tests.differential.oracle import Oracle
from tests.differential.printed import Printed
from tests.differential.query import Operation
from tests.differential.reduced import reduced
from tests.differential.rows import make_rows
from tests.differential.run import SEED
from tests.differential.tables import TABLES
from tests.harness.roles import token

EXAMPLES: Final = int(os.environ.get("ROLE_EXAMPLES", "120"))
"""Requests that are compared on each engine."""
ROLES: Final = min(60, max(6, EXAMPLES // 25))
ROWS: Final = make_rows(SEED)


def dice(*words: object) -> Dice:
    """The dice of one request of this run: the same seed throws the same."""
    return Dice(Random(f"{SEED} {words}").randbytes(2 * CHOICES))


def made_role(number: int) -> Role:
    """The role of a number."""
    return role(Dice(Random(f"{SEED} role {number}").randbytes(20 * CHOICES)), f"role{number}")


@dataclass(slots=True)
class Caller:
    """A role with session variables, and what it may see."""

    role: Role
    user: int
    token: str = field(init=False)
    oracle: Oracle = field(init=False)

    def __post_init__(self) -> None:
        """Finds the rows."""
        self.token = token(self.role.name, self.role.session(self.user))
        self.oracle = Oracle(Database(reduced(ROWS, self.role, self.user)), self.role.most)

    def operation(self, number: int, *, blind: bool = False) -> Operation:
        """A request of what the role sees; a `blind` one may name anything."""
        thrown = dice(self.role.name, self.user, number)
        if blind:
            return operation(thrown)
        with TABLES.only(self.role.seen):
            return operation(thrown)

    def said(self, request: Printed) -> str:
        """How to have it again."""
        again = f"DIFFERENTIAL_SEED={SEED} ROLE_EXAMPLES={EXAMPLES} pytest tests/differential/test_roles.py"
        rules = f"{self.role.written()}\nsession: {self.role.session(self.user)}"
        return f"{again}\n{request.text}\nvariables: {request.variables}\n{self.role.name}: {rules}"


def callers() -> list[Caller]:
    """All callers of the run."""
    return [Caller(found, user) for found in map(made_role, range(ROLES)) for user in range(USERS)]
