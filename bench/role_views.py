"""`python -m bench.role_views`: the cost of rules at start, and of a role's first request."""

from __future__ import annotations

import argparse
import asyncio
import gc
import time
import tracemalloc
from collections.abc import Callable
from typing import Any, TypeVar

from graphql_app.auth.identity import Identity
from graphql_app.auth.introspection import EVERYBODY
from graphql_app.auth.rules_file import read_roles
from graphql_app.engine.access.access import broken_rules
from graphql_app.engine.live.catalog import Snapshot
from graphql_app.engine.sql.dialects import Features, Flavour
from graphql_app.graphql_api.documents.limits import DocumentLimits
from graphql_app.graphql_api.schema_builder import schema_of
from graphql_app.graphql_api.served_schemas import ServedSchemas
from schema_gen.catalog.model import Cardinality, Catalog, Column, ColumnType, Key, Relation, Table, TableKind

T = TypeVar("T")
TABLES, COLUMNS = 1000, 10


def catalog() -> Catalog:
    """A thousand tables of ten columns, each related to the next one."""
    tables = (_table(place) for place in range(TABLES))
    return Catalog("shop", {table.name: table for table in tables}, fingerprint="bench")


def _table(place: int) -> Table:
    name, far, back = (f"table_{(place + step) % TABLES:04}" for step in (0, 1, -1))
    columns = [Column("id", ColumnType("int"), False, 1)]
    columns += [Column(f"c{each}", ColumnType("varchar", length=50), True, each + 2) for each in range(COLUMNS - 3)]
    columns += [Column(each, ColumnType("int"), True, COLUMNS) for each in ("user_id", "parent_id")]
    one, many = Cardinality.ONE, Cardinality.MANY
    relations = (
        Relation("parent", name, ("parent_id",), far, ("id",), one, False, f"fk_{place}", refers=True),
        Relation("children", name, ("id",), back, ("parent_id",), many, False, f"fk_{place - 1}"),
    )
    key = Key("PRIMARY", ("id",))
    shown = {each.name: each for each in relations}
    return Table(name, TableKind.TABLE, {each.name: each for each in columns}, key, relations=shown)


def rules(role: int, tables: list[str]) -> dict[str, Any]:
    """All four actions on each table, by owner; what may be read differs from role to role."""
    either = {"_or": [{"user_id": {"_eq": "x-hasura-user-id"}}, {"parent": {"c1": {"_eq": "a"}}}]}
    given: dict[str, Any] = {
        "select": {"columns": ["id", "c1", "c2", "user_id", f"c{3 + role % 4}"], "filter": either},
        "insert": {"columns": ["c1", "c2"], "owner": "user_id"},
        "update": {"columns": ["c1"], "filter": {"user_id": "x-hasura-user-id"}},
        "delete": {"owner": "user_id"},
    }
    return {"tables": dict.fromkeys(tables, given)}


def _timed(what: str, do: Callable[[], T]) -> T:
    started = time.process_time()
    found = do()
    print(f"  {what:<44}{(time.process_time() - started) * 1000:10.0f} ms")
    return found


async def first_request(served: ServedSchemas, role: int, table: str) -> None:
    """The schema of a role and its first document, as its first request has them made."""
    found = await served.seen_by(Identity(f"r{role}", {"x-hasura-user-id": "1"}))
    found.documents.get(f"{{ {table} {{ id c1 }} }}")


def measure(count: int, size: int) -> None:
    """`count` roles with rules for `size` of the tables each."""
    whole = catalog()
    names = list(whole.tables)
    chosen = [[names[(role * 47 + place) % TABLES] for place in range(size)] for role in range(count)]
    print(f"{count} roles, each with rules for {size} of {TABLES} tables")
    raw = {f"r{role}": rules(role, tables) for role, tables in enumerate(chosen)}
    roles = _timed("start: the rules read", lambda: read_roles(raw))
    snapshot = Snapshot(whole, Features(Flavour.MYSQL), 1, roles=roles)
    _timed("start: the rules checked", lambda: broken_rules(whole, roles, snapshot.resolved_rules))
    served = ServedSchemas(snapshot, schema_of(whole, "snake"), DocumentLimits(), EVERYBODY)
    # As the program does after its first schema.
    gc.collect()
    gc.freeze()
    for role in range(2):
        _timed(f"first request of role {role}", lambda role=role: _run(served, role, chosen[role][0]))  # type: ignore[misc]
    tracemalloc.start()
    _run(served, 2, chosen[2][0])
    print(f"  {'memory of a role':<44}{tracemalloc.get_traced_memory()[0] / 1e6:10.1f} MB")
    tracemalloc.stop()
    gc.unfreeze()


def _run(served: ServedSchemas, role: int, table: str) -> None:
    asyncio.run(first_request(served, role, table))


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.role_views", description=__doc__)
    parser.add_argument("--roles", type=int, default=20)
    parser.add_argument("--tables", type=int, nargs="*", default=[50, TABLES], help="tables that a role has rules for")
    given = parser.parse_args()
    for size in given.tables:
        measure(given.roles, size)


if __name__ == "__main__":
    main()
