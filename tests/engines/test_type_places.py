"""Every column type in every place a value can stand, through GraphQL and REST, on each engine.

What is expected of an order, of groups and of equality is what the server itself says by
hand-written SQL (`DENSE_RANK`); what is expected of values stands in `CASES`.
"""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from decimal import Decimal, localcontext
from typing import Any
from urllib.parse import quote

import pytest

from schema_gen.types.type_rows import OperatorGroup
from tests.engines.type_world import Faults, Typed, World, check, rows_of, same, typed_columns
from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine
from tests.harness.type_cases import CASES

pytestmark = pytest.mark.anyio

MOST_IN_REGEX = 2000
"""The servers' libraries refuse longer expressions."""
PAIRS = ("_in", "_nin", "_between")
COMPARED = ("_eq", "_neq", "_gt", "_gte", "_lt", "_lte", "_in", "_nin", "_between")


def _literal(text: str) -> str:
    return text


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _regex(text: str) -> str:
    return f"^\\Q{text}\\E$"


def _similar(text: str) -> str:
    return "".join(f"\\{character}" for character in text)


def _alike(whole: str, text: str) -> bool:
    return whole.lower() == text.lower()


TEXTUAL: dict[str, tuple[Callable[[str], str], Callable[[str, str], bool]]] = {
    "_starts_with": (_literal, str.startswith),
    "_ends_with": (_literal, str.endswith),
    "_contains": (_literal, str.__contains__),
    "_like": (_like, str.__eq__),
    "_nlike": (_like, str.__ne__),
    "_ilike": (_like, _alike),
    "_nilike": (_like, lambda whole, text: not _alike(whole, text)),
    "_regex": (_regex, str.__eq__),
    "_nregex": (_regex, str.__ne__),
    "_iregex": (_regex, _alike),
    "_niregex": (_regex, lambda whole, text: not _alike(whole, text)),
    "_similar": (_similar, str.__eq__),
    "_nsimilar": (_similar, str.__ne__),
}
"""Operators on text: the pattern made of a value, and which values it must find."""


@pytest.fixture(scope="module")
async def world(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[World]:
    """Written once, through REST, from the values as a client may give them."""
    cases = [case for case in CASES if engine.name not in case.not_on]
    columns = ", ".join(f"c{place} {case.declared}" for place, case in enumerate(cases))
    engine.execute(
        f"CREATE TABLE every (id INT PRIMARY KEY, {columns}); CREATE TABLE blank (id INT PRIMARY KEY, {columns})",
        module_database,
    )
    async with open_app(engine.environment(module_database)) as http:
        given, rows = rows_of(cases)
        inserted = await http.post("/api/every", json={"input": given})
        assert inserted.status_code == 200, inserted.text
        typed = await typed_columns(engine, module_database, cases, rows)
        yield World(http, GraphQLClient(http), tuple(typed), engine, module_database)


def compare_rows(world: World, faults: Faults, rows: Sequence[dict[str, Any]], where: str) -> None:
    """Each value of `every` in its row, and nothing beside it."""
    by_id = {row["id"]: row for row in rows}
    for typed, row, shown in world.cells:
        found = {name: value for name, value in by_id[row].items() if name != "id" and value is not None}
        check(faults, typed, where, found, {typed.name: shown})


def all_columns(world: World) -> str:
    return "id " + " ".join(typed.name for typed in world.columns)


async def read(world: World, faults: Faults) -> None:
    compare_rows(world, faults, await world.rest("GET", "every/query"), "REST")
    data = await world.graphql.data(f"{{ every {{ {all_columns(world)} }} }}")
    compare_rows(world, faults, data["every"], "GraphQL")


async def insert(world: World, faults: Faults) -> None:
    """What is shown goes in again by GraphQL."""
    objects = [{"id": row, typed.name: shown} for typed, row, shown in world.cells]
    query = (
        "mutation($o: [blank_insert_input!]!)"
        f" {{ insert_blank(objects: $o) {{ returning {{ {all_columns(world)} }} }} }}"
    )
    data = await world.graphql.data(query, {"o": objects})
    compare_rows(world, faults, data["insert_blank"]["returning"], "returning")
    compare_rows(world, faults, await world.rest("GET", "blank/query"), "afterwards")


async def update(world: World, faults: Faults) -> None:
    """Set by GraphQL, each value over the column's other values; then by REST."""
    world.engine.execute("DELETE FROM blank; INSERT INTO blank (id) SELECT id FROM every", world.database)
    updates = [{"where": {"id": {"_eq": row}}, "_set": {typed.name: shown}} for typed, row, shown in world.cells]
    query = (
        "mutation($u: [blank_updates!]!)"
        f" {{ update_blank_many(updates: $u) {{ returning {{ {all_columns(world)} }} }} }}"
    )
    data = await world.graphql.data(query, {"u": updates})
    compare_rows(world, faults, [row for each in data["update_blank_many"] for row in each["returning"]], "returning")
    world.engine.execute("DELETE FROM blank; INSERT INTO blank (id) VALUES (0)", world.database)
    for typed in world.columns:
        for value, shown in typed.case.values:
            await world.rest("PUT", "blank", {"input": {typed.name: value}, "where": {"id": 0}})
            (row,) = await world.rest("GET", f"blank/query?select={typed.name}")
            check(faults, typed, f"PUT {value!r}", row[typed.name], shown)


async def increment(world: World, faults: Faults) -> None:
    """One up from the least, one down from the greatest value; numbers of binary digits by one and a half from 0."""
    world.engine.execute("DELETE FROM blank; INSERT INTO blank (id) VALUES (0)", world.database)
    for typed in world.columns:
        if not typed.type.summable:
            continue
        query = (
            "mutation($s: blank_set_input, $i: blank_inc_input) {"
            " update_blank_by_pk(pk_columns: {id: 0}, _set: $s) { id }"
            f" inc: update_blank_by_pk(pk_columns: {{id: 0}}, _inc: $i) {{ {typed.name} }} }}"
        )
        for start, step, expected in _steps(typed):
            data = await world.graphql.data(query, {"s": {typed.name: start}, "i": {typed.name: step}})
            check(faults, typed, f"{start} + {step}", data["inc"][typed.name], expected)


def _steps(typed: Typed) -> list[tuple[Any, Any, Any]]:
    if typed.type.scalar == "Float":
        return [(0, 1.5, 1.5)]
    shown = [typed.rows[row] for row in typed.by_rank]
    kind = type(shown[0])
    return [
        (value, step, kind(_text(Decimal(value) + step)))
        for value, step in ((shown[0], 1), (shown[-1], -1))
        if len(set(shown)) > 1
    ]


def _text(number: Decimal) -> str:
    return format(number, "f")


async def conditions(world: World, faults: Faults) -> None:
    """Every comparison of every value with every other one of its column, in GraphQL."""
    for typed in world.columns:
        if not typed.equal:
            continue
        operators = COMPARED if typed.ordered else ("_eq", "_in")
        given = {
            f"{operator}_{row}": {typed.name: {operator: [shown, shown] if operator in PAIRS else shown}}
            for row, shown in typed.rows.items()
            for operator in operators
        }
        declared = ", ".join(f"${name}: every_bool_exp" for name in given)
        asked = " ".join(f"{name}: every(where: ${name}) {{ id }}" for name in given)
        data = await world.graphql.data(f"query({declared}) {{ {asked} }}", given)
        for name, condition in given.items():
            operator, _, row = name.rpartition("_")
            check(faults, typed, condition, {each["id"] for each in data[name]}, typed.wanted(operator, int(row)))


async def conditions_on_text(world: World, faults: Faults) -> None:
    for typed in world.columns:
        if OperatorGroup.TEXT not in typed.type.operators:
            continue
        texts = {row: ",".join(value) if isinstance(value, list) else value for row, value in typed.rows.items()}
        for text in texts.values():
            if len(text) <= MOST_IN_REGEX:
                given = {name: {typed.name: {name: pattern(text)}} for name, (pattern, _) in TEXTUAL.items()}
                declared = ", ".join(f"${name}: every_bool_exp" for name in given)
                asked = " ".join(f"{name}: every(where: ${name}) {{ id }}" for name in given)
                data = await world.graphql.data(f"query({declared}) {{ {asked} }}", given)
                for name, (_, holds) in TEXTUAL.items():
                    wanted = {row for row, whole in texts.items() if holds(whole, text)}
                    check(faults, typed, given[name], {each["id"] for each in data[name]}, wanted)


async def conditions_in_rest(world: World, faults: Faults) -> None:
    """Equality in a body; equality, lists and order in an address."""
    for typed, row, shown in world.cells:
        if not typed.equal:
            continue
        wanted = typed.wanted("_eq", row)
        if not isinstance(shown, list):  # a list means IN
            found = await world.rest("POST", "every/query?select=id", {"input": {typed.name: shown}})
            check(faults, typed, f"body {shown!r}", {each["id"] for each in found}, wanted)
        text = _in_address(typed, shown)
        listed = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for operator, operand in (("eq", text), ("in", f"({listed})"), ("gte", text)):
            if operator == "gte" and not typed.ordered:
                continue
            found = await world.rest("GET", f"every/query?select=id&{typed.name}={operator}.{quote(operand, safe='')}")
            check(
                faults, typed, f"{operator} {text!r}", {each["id"] for each in found}, typed.wanted(f"_{operator}", row)
            )


def _in_address(typed: Typed, shown: Any) -> str:
    if typed.type.scalar == "json":
        return json.dumps(shown)
    if typed.type.is_list:
        return ",".join(shown)
    return shown if isinstance(shown, str) else json.dumps(shown)


async def order(world: World, faults: Faults) -> None:
    for typed in world.columns:
        if typed.ordered:
            where = f"where: {{{typed.name}: {{_is_null: false}}}}"
            query = (
                f"{{ up: every({where}, order_by: [{{{typed.name}: asc}}, {{id: asc}}]) {{ id }}"
                f" down: every({where}, order_by: [{{{typed.name}: desc}}, {{id: desc}}]) {{ id }} }}"
            )
            data = await world.graphql.data(query)
            found = await world.rest("GET", f"every/query?select=id&{typed.name}=is.not_null&order={typed.name},id")
            check(faults, typed, "asc", [each["id"] for each in data["up"]], typed.by_rank)
            check(faults, typed, "desc", [each["id"] for each in data["down"]], typed.by_rank[::-1])
            check(faults, typed, "REST", [each["id"] for each in found], typed.by_rank)


async def aggregates(world: World, faults: Faults) -> None:
    for typed in world.columns:
        functions = f"count(columns: [{typed.name}])"
        if typed.ordered:
            functions += f" distinct: count(columns: [{typed.name}], distinct: true)"
        if typed.type.ranked:
            functions += f" min {{ {typed.name} }} max {{ {typed.name} }}"
        if typed.type.summable:
            functions += f" sum {{ {typed.name} }} avg {{ {typed.name} }}"
        data = await world.graphql.data(f"{{ every_aggregate {{ aggregate {{ {functions} }} }} }}")
        _check_figures(faults, typed, data["every_aggregate"]["aggregate"])


def _check_figures(faults: Faults, typed: Typed, aggregates: dict[str, Any]) -> None:
    check(faults, typed, "count", aggregates["count"], len(typed.rows))
    if typed.ordered:
        check(faults, typed, "distinct", aggregates["distinct"], len(set(typed.ranks.values())))
    if typed.type.ranked:
        for function, row in (("min", typed.by_rank[0]), ("max", typed.by_rank[-1])):
            ends = [typed.rows[each] for each in typed.wanted("_eq", row)]
            check(faults, typed, function, aggregates[function][typed.name] in ends, True)
    if typed.type.summable:
        values = [Decimal(str(value)) for value in typed.rows.values()]
        greatest = float(max(map(abs, values)))
        total, mean = aggregates["sum"][typed.name], aggregates["avg"][typed.name]
        if typed.type.scalar == "Float":
            check(faults, typed, "sum", *_rounded(total, math.fsum(map(float, values)), greatest * 1e-6))
        else:
            check(faults, typed, "sum", total, _text(sum(values, Decimal(0))))
        noise = greatest * (1e-7 if typed.column.type.base == "float" else 1e-15)
        check(faults, typed, "avg", *_rounded(mean, float(sum(values)) / len(values), noise))


def _rounded(found: float, exact: float, noise: float) -> tuple[float, float]:
    """Both numbers, as one where the first is what computing with doubles may make of the second."""
    return (exact if math.isclose(found, exact, rel_tol=1e-6, abs_tol=noise) else found), exact


async def groups(world: World, faults: Faults) -> None:
    for typed in world.columns:
        if not typed.ordered:
            continue
        found = await world.graphql.data(
            f"{{ every_group(by: [{typed.name}], where: {{{typed.name}: {{_is_null: false}}}}) "
            f"{{ key {{ {typed.name} }} aggregate {{ count }} }} }}"
        )
        sizes: dict[int, int] = {}
        for each in found["every_group"]:
            rows = [row for row, shown in typed.rows.items() if same(shown, each["key"][typed.name])]
            check(faults, typed, f"key {each['key']}", bool(rows), True)
            if rows:
                sizes[typed.ranks[rows[0]]] = each["aggregate"]["count"]
        ranks = list(typed.ranks.values())
        check(faults, typed, "groups", sizes, {rank: ranks.count(rank) for rank in set(ranks)})


async def distinct_on(world: World, faults: Faults) -> None:
    for typed in world.columns:
        if typed.ordered:
            data = await world.graphql.data(
                f"{{ every(distinct_on: [{typed.name}], where: {{{typed.name}: {{_is_null: false}}}},"
                f" order_by: [{{{typed.name}: asc}}, {{id: asc}}]) {{ id }} }}"
            )
            first: dict[int, int] = {}
            for row in typed.by_rank:
                first.setdefault(typed.ranks[row], row)
            check(faults, typed, "first of each", [each["id"] for each in data["every"]], list(first.values()))


async def cursors(world: World, faults: Faults) -> None:
    """Pages of two, forwards in ascending order, backwards in descending order, rows without a value among them."""
    for typed in world.columns:
        if typed.ordered:
            nulls = [row for row in range(3) if row not in typed.rows][:2]
            rising = nulls + typed.by_rank
            where = {"id": {"_in": rising}}
            check(faults, typed, "forwards", await _walk(world, typed, where, "asc", "first", "after"), rising)
            back = await _walk(world, typed, where, "desc", "last", "before")
            check(faults, typed, "backwards", back, rising)


async def _walk(world: World, typed: Typed, where: object, way: str, size: str, start: str) -> list[int]:
    """The ids in the order in which the pages are come to; those of a page that is read backwards in reverse."""
    query = (
        f"query($w: every_bool_exp, $c: String) {{ every_connection(where: $w, {size}: 2, {start}: $c,"
        f" order_by: [{{{typed.name}: {way}}}, {{id: {way}}}]) {{ nodes {{ id }}"
        " pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }"
    )
    ids: list[int] = []
    cursor, more = None, True
    while more and len(ids) < 100:
        page = (await world.graphql.data(query, {"w": where, "c": cursor}))["every_connection"]
        found = [node["id"] for node in page["nodes"]]
        facts = page["pageInfo"]
        if size == "first":
            ids, cursor, more = ids + found, facts["endCursor"], facts["hasNextPage"]
        else:
            ids, cursor, more = ids + found[::-1], facts["startCursor"], facts["hasPreviousPage"]
    return ids


Place = Callable[[World, Faults], Awaitable[None]]
PLACES: tuple[Place, ...] = (
    read,
    insert,
    update,
    increment,
    conditions,
    conditions_on_text,
    conditions_in_rest,
    order,
    aggregates,
    groups,
    distinct_on,
    cursors,
)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
async def test_every_type_in(world: World, place: Place) -> None:
    faults: Faults = []
    with localcontext(prec=100):
        await place(world, faults)
    assert not faults, "\n".join(faults)
