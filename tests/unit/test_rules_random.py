"""Random rules: whatever they say, they are honoured or refused; nothing else comes of them."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from graphql_app.auth.rules_file import RulesFileError, read_roles
from graphql_app.engine.access.access import access_of
from graphql_app.engine.access.rule_warnings import warnings_of
from graphql_app.engine.request.calls import Operator
from tests.unit.small_catalog import CATALOG

WORDS = (
    *(*Operator, "_ceq", "_cne", "_cgt", "_ne", "$eq", "$in", "_and", "_or", "_not", "_exists", "$exists", "_table"),
    *("_where", "orders", "user", "logs", "orders_aggregate", "user_aggregate", "count", "bool_and", "predicate"),
    *("filter", "arguments", "distinct", "id", "name", "email", "age", "initial", "total", "a", "b", "v", "users", ""),
)
SCALARS: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, float("inf"), float("nan"), 10**40, "", "x", "1", "$", "id", b"x", "\ud800"),
    *("\x00", "a" * 5000, "x-hasura-user-id", "X-Hasura-Ids", "x-hasura-"),
)


class Maker:
    """Makes expressions of bits of good ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def expression(self, depth: int) -> dict[str, Any]:
        """An object whose names are words of rules."""
        names = self._random.choices(WORDS, k=self._random.randint(0, 3))
        return {name: self.value(depth - 1) for name in names}

    def value(self, depth: int) -> Any:
        """Anything."""
        kind = self._random.random()
        if depth <= 0 or kind < 0.3:
            return self._random.choice(SCALARS)
        if kind < 0.5:
            return [self.value(depth - 1) for _ in range(self._random.randint(0, 3))]
        return self.expression(depth)

    def table(self) -> dict[str, Any]:
        """The rules of one table."""
        return {
            "select": {"columns": "*", "filter": self.expression(4)},
            "insert": {"check": self.expression(3), "set": self.expression(2)},
            "update": {"columns": "*", "filter": self.expression(3), "check": self.expression(3)},
            "delete": {"filter": self.expression(4)},
        }


@pytest.mark.parametrize("seed", range(4))
def test_random_rules_are_honoured_or_refused(seed: int) -> None:
    made, seen = Maker(seed), Counter[str]()
    for place in range(500):
        name = list(CATALOG.tables)[place % len(CATALOG.tables)]
        try:
            role = read_roles({"user": {"tables": {name: made.table()}}})["user"]
        except RulesFileError:
            continue
        found = access_of(CATALOG, role, backend=True)
        table, broken = found.catalog.tables.get(name), {each.action for each in found.broken}
        allowed = (
            {
                "select": table.may_select,
                "insert": table.may_insert,
                "update": table.may_update,
                "delete": table.may_delete,
            }
            if table is not None
            else {}
        )
        for action in ("select", "insert", "update", "delete"):
            assert allowed.get(action, False) is (action not in broken)
            seen["refused" if action in broken else "honoured"] += 1
        assert all("\n" not in str(each) for each in found.broken)
        list(warnings_of(CATALOG, role, anonymous=True))
    assert min(seen["refused"], seen["honoured"]) > 100, "both kinds were made"
