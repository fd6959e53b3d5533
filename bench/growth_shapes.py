"""The read shapes of the growth bench, each beside the SQL that an expert writes for it. Adding one is adding a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ROW: Final = "id parent_id cat code created_at amount done note"
CELLS: Final = ", ".join(f"t.{column}" for column in ROW.split())
_NEAR: Final = "SELECT id, created_at FROM @table WHERE created_at >= '2021-07-01' ORDER BY created_at, id LIMIT 1"


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of read.

    In all texts `@table` is the table, `@middle` half its number of rows, and `@0`, `@1` … are the cells of the first
    row of `given`. `asked` is the one root field of a GraphQL operation, or the address of a REST call if it begins
    with `/`. `@after` in it is the end cursor of the connection `start`. `sql` gives the rows of the same answer:
    the leaves of an object are the cells of a row, and an object that has a list is a row for each item of it.
    Where order is not promised, `ordered` is false; where both show different rows on purpose, `compared` is.
    """

    name: str
    asked: str
    sql: str
    given: str = ""
    start: str = ""
    ordered: bool = True
    compared: bool = True


def rows(arguments: str, columns: str = ROW) -> str:
    """A list of the table."""
    return f"@table({arguments}) {{ {columns} }}"


def page(arguments: str) -> str:
    """A keyset page of the table."""
    return f'@table_connection(first: 100, after: "@after", {arguments}) {{ nodes {{ {ROW} }} }}'


def cursor(order: str) -> str:
    """The connection whose end cursor is that of the row `@0`."""
    return f"@table_connection(first: 1, {order}, where: {{id: {{_eq: @0}}}}) {{ pageInfo {{ endCursor }} }}"


def select(rest: str) -> str:
    """The same list by hand."""
    return f"SELECT {CELLS} FROM @table t {rest}"


def below(order: str, by_hand: str) -> tuple[str, str]:
    """Five rows below each of 100 parents, and the same by hand: a bounded list for each parent."""
    asked = f"parents(limit: 100, order_by: {{id: asc}}) {{ id @table(limit: 5, order_by: {order}) {{ {ROW} }} }}"
    each = (
        f"(SELECT {parent} AS parent, {CELLS} FROM @table t WHERE parent_id = {parent} ORDER BY {by_hand} LIMIT 5)"
        for parent in range(1, 101)
    )
    return asked, " UNION ALL ".join(each)


def parents_by(order: str, value: str, by_hand: str, hint: str = "USE INDEX FOR GROUP BY ()") -> tuple[str, str]:
    """Twenty parents in the order of what their rows make, and the same by hand: each parent's value is made once."""
    asked = f"parents(limit: 20, order_by: {{@table_aggregate: {order}}}) {{ id name }}"
    # Along the index, MySQL would read each row in another place of the table.
    made = f"(SELECT parent_id, {value} AS made FROM @table {hint} GROUP BY parent_id)"
    return asked, (
        f"SELECT p.id, p.name FROM parents p LEFT JOIN {made} k ON k.parent_id = p.id ORDER BY {by_hand} LIMIT 20"
    )


SHAPES: Final = (
    Shape("by key", f"@table_by_pk(id: @middle) {{ {ROW} }}", select("WHERE id = @middle")),
    Shape("list 100", rows("limit: 100, order_by: {id: asc}"), select("ORDER BY id LIMIT 100")),
    Shape("REST list 100", "/api/@table/query?limit=100&order=id", select("ORDER BY id LIMIT 100")),
    Shape(
        "offset N/2",
        rows("limit: 100, offset: @middle, order_by: {id: asc}"),
        select("JOIN (SELECT id FROM @table ORDER BY id LIMIT 100 OFFSET @middle) k ON k.id = t.id ORDER BY t.id"),
    ),
    Shape(
        "offset N/2, oldest first",
        rows("limit: 100, offset: @middle, order_by: {created_at: asc}"),
        select(
            "JOIN (SELECT id FROM @table ORDER BY created_at, id LIMIT 100 OFFSET @middle) k ON k.id = t.id"
            " ORDER BY t.created_at, t.id"
        ),
    ),
    Shape(
        "newest 100",
        rows("limit: 100, order_by: {created_at: desc}"),
        select("ORDER BY created_at DESC, id DESC LIMIT 100"),
    ),
    Shape(
        "REST newest 100",
        "/api/@table/query?limit=100&order=created_at.desc",
        select("ORDER BY created_at DESC, id DESC LIMIT 100"),
    ),
    Shape(
        "oldest 100",
        rows("limit: 100, order_by: {created_at: asc}"),
        select("ORDER BY created_at, id LIMIT 100"),
    ),
    Shape(
        "100 by a nullable column, NULLs last",
        rows("limit: 100, order_by: {code: asc_nulls_last}"),
        select("WHERE code IS NOT NULL ORDER BY code, id LIMIT 100"),
    ),
    Shape(
        "keyset page by key",
        page("order_by: {id: asc}"),
        select("WHERE id > @0 ORDER BY id LIMIT 100"),
        given=_NEAR,
        start=cursor("order_by: {id: asc}"),
    ),
    Shape(
        "keyset page, newest first",
        page("order_by: {created_at: desc}"),
        select(
            "WHERE created_at <= '@1' AND (created_at < '@1' OR id < @0) ORDER BY created_at DESC, id DESC LIMIT 100"
        ),
        given=_NEAR,
        start=cursor("order_by: {created_at: desc}"),
    ),
    Shape(
        "keyset page by a nullable column",
        page("order_by: {code: asc}"),
        select("WHERE code >= '@1' AND (code > '@1' OR id > @0) ORDER BY code, id LIMIT 100"),
        given="SELECT id, code FROM @table WHERE code >= 'C5' ORDER BY code, id LIMIT 1",
        start=cursor("order_by: {code: asc}"),
    ),
    Shape(
        "filtered by an int",
        rows("limit: 100, where: {parent_id: {_eq: 7}}, order_by: {id: asc}"),
        select("WHERE parent_id = 7 ORDER BY id LIMIT 100"),
    ),
    Shape(
        "filtered by a date range",
        rows(
            'limit: 100, where: {created_at: {_gte: "2021-03-01T00:00:00", _lt: "2021-03-02T00:00:00"}},'
            " order_by: {created_at: asc}"
        ),
        select(
            "WHERE created_at >= '2021-03-01' AND created_at < '2021-03-02' ORDER BY created_at, id LIMIT 100",
        ),
    ),
    Shape(
        "_like prefix",
        rows('limit: 100, where: {code: {_like: "C1234%"}}, order_by: {code: asc}'),
        select("WHERE code LIKE 'C1234%' ORDER BY code, id LIMIT 100"),
    ),
    Shape(
        "_ilike prefix",
        rows('limit: 100, where: {code: {_ilike: "c1234%"}}, order_by: {code: asc}'),
        select("WHERE code LIKE 'c1234%' ORDER BY code, id LIMIT 100"),
    ),
    Shape(
        "to-one relation of 100 rows",
        rows("limit: 100, order_by: {id: asc}", f"{ROW} parent {{ id name region }}"),
        # An inner join is begun at the parents, and sorted.
        f"SELECT {CELLS}, p.id, p.name, p.region FROM @table t LEFT JOIN parents p ON p.id = t.parent_id"
        " ORDER BY t.id LIMIT 100",
    ),
    Shape(
        "ordered by a parent's column",
        rows("limit: 20, order_by: {parent: {name: asc}}"),
        # Read along the index of the names as far as is needed, and sorted as a whole only there.
        f"SELECT {CELLS} FROM parents p JOIN @table t ON t.parent_id = p.id WHERE p.name <= (SELECT MAX(name) FROM"
        " (SELECT p.name FROM parents p STRAIGHT_JOIN @table t ON t.parent_id = p.id ORDER BY p.name LIMIT 20) x)"
        " ORDER BY p.name, t.id LIMIT 20",
    ),
    Shape(
        "ordered by a parent's column, backwards",
        rows("limit: 20, order_by: {parent: {name: desc}}"),
        f"SELECT {CELLS} FROM parents p JOIN @table t ON t.parent_id = p.id WHERE p.name >= (SELECT MIN(name) FROM"
        " (SELECT p.name FROM parents p STRAIGHT_JOIN @table t ON t.parent_id = p.id ORDER BY p.name DESC LIMIT 20) x)"
        " ORDER BY p.name DESC, t.id DESC LIMIT 20",
    ),
    Shape("5 rows below each of 100 parents", *below("{id: asc}", "t.id"), ordered=False),
    Shape(
        "5 newest rows below each of 100 parents",
        *below("{created_at: desc}", "t.created_at DESC, t.id DESC"),
        ordered=False,
    ),
    Shape(
        "count below each of 100 parents",
        "parents(limit: 100, order_by: {id: asc}) { id @table_aggregate { aggregate { count } } }",
        "SELECT p.id, (SELECT COUNT(*) FROM @table t WHERE t.parent_id = p.id) FROM parents p ORDER BY p.id LIMIT 100",
    ),
    Shape(
        "distinct_on, first by key",
        rows("limit: 100, distinct_on: [cat], order_by: [{cat: asc}]"),
        f"SELECT {CELLS} FROM (SELECT MIN(id) AS id FROM @table GROUP BY cat ORDER BY cat LIMIT 100) k"
        " JOIN @table t ON t.id = k.id ORDER BY t.cat",
    ),
    Shape(
        "distinct_on, newest of each",
        rows("limit: 100, distinct_on: [cat], order_by: [{cat: asc}, {created_at: desc}]"),
        f"SELECT {CELLS} FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY cat ORDER BY created_at DESC, id DESC) AS n"
        " FROM @table) k STRAIGHT_JOIN @table t ON t.id = k.id WHERE k.n = 1 ORDER BY t.cat LIMIT 100",
    ),
    Shape(
        "parents ordered by their newest row",
        *parents_by("{max: {created_at: desc}}", "MAX(created_at)", "k.made DESC, p.id DESC"),
    ),
    Shape(
        "parents ordered by their sum",
        *parents_by("{sum: {amount: asc}}", "SUM(amount)", "k.made, p.id"),
    ),
    Shape(
        "parents ordered by their count",
        *parents_by("{count: desc}", "COUNT(*)", "IFNULL(k.made, 0) DESC, p.id DESC", hint=""),
    ),
    Shape(
        "parents that have a row of a category",
        "parents(limit: 100, where: {@table: {cat: {_eq: 7}}}, order_by: {id: asc}) { id name }",
        "SELECT p.id, p.name FROM parents p WHERE EXISTS"
        " (SELECT 1 FROM @table t WHERE t.parent_id = p.id AND t.cat = 7) ORDER BY p.id LIMIT 100",
    ),
    Shape("count", "@table_aggregate { aggregate { count } }", "SELECT COUNT(*) FROM @table"),
    Shape(
        "sum of a category",
        "@table_aggregate(where: {cat: {_eq: 7}}) { aggregate { sum { amount } } }",
        "SELECT SUM(amount) FROM @table WHERE cat = 7",
    ),
)
