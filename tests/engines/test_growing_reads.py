"""Reads that take other ways on large tables: the answers of a plain model, for an admin and under roles' rules."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine
from tests.harness.recorder import Recorder, recording
from tests.harness.roles import SECRET, Program, opened_with_roles

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE authors (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL, region INT NULL, KEY (name), KEY (region));
CREATE TABLE posts (id INT PRIMARY KEY, author_id INT NULL, cat INT NOT NULL, code VARCHAR(20) NULL,
  made DATETIME NOT NULL, hidden BOOLEAN NOT NULL, note VARCHAR(20) NULL,
  KEY (author_id), KEY (cat), KEY (code), KEY (made),
  CONSTRAINT fk_author FOREIGN KEY (author_id) REFERENCES authors (id));
"""
AUTHORS, POSTS, MOST = 20, 3_000, 7
Row = dict[str, Any]


def _author(number: int) -> Row:
    """Names are shared by two, and every third region is NULL."""
    region = None if number % 3 == 0 else number % 4
    return {"id": number, "name": f"name {number * 7 % 20 // 2:02}", "region": region}


def _post(number: int) -> Row:
    author, code = (
        None if number % 50 == 0 else number * 3 % 19 + 1,
        None if number % 10 == 0 else number * 7919 % 997,
    )
    return {
        "id": number,
        "author_id": author,
        "cat": number % 13,
        "code": None if code is None else f"c{code:04}",
        "made": f"2020-01-{number * 37 % 28 + 1:02}T00:00:00",
        "hidden": number % 3 == 0,
        "note": None if number % 11 == 0 else f"n{number * 31 % 400:03}",
    }


ALL_AUTHORS = [_author(number) for number in range(1, AUTHORS + 1)]
ALL_POSTS = [_post(number) for number in range(1, POSTS + 1)]


@dataclass(frozen=True, slots=True)
class Reader:
    """A caller: which posts and authors it sees, whether a post's note too, and how many rows a list may have."""

    role: str
    post: Callable[[Row], bool]
    author: Callable[[Row], bool]
    noted: Callable[[Row], bool]
    most: int | None

    def posts(self) -> list[Row]:
        """The posts as they are shown."""
        return [{**row, "note": row["note"] if self.noted(row) else None} for row in ALL_POSTS if self.post(row)]

    def authors(self) -> list[Row]:
        """The authors that are shown."""
        return [row for row in ALL_AUTHORS if self.author(row)]


def _shown(row: Row) -> bool:
    return not row["hidden"]


READERS = (
    Reader("admin", bool, bool, bool, None),
    Reader("reader", _shown, lambda row: row["id"] != 4, bool, MOST),
    Reader("both", lambda row: _shown(row) or row["cat"] < 6, bool, lambda row: row["cat"] < 6, None),
)


def _select(columns: Any, rule: Any, **more: Any) -> Row:
    return {"select": {"columns": columns, "filter": rule, "allow_aggregations": True, **more}}


ROLES: dict[str, Any] = {
    "reader": {
        "posts": _select("*", {"hidden": {"_eq": False}}, limit=MOST),
        "authors": _select("*", {"id": {"_neq": "X-Hasura-Not"}}),
    },
    "clerk": {
        "posts": _select(["id", "author_id", "cat", "code", "made", "hidden"], {"hidden": {"_eq": False}}),
        "authors": _select("*", {}),
    },
    "writer": {"posts": _select("*", {"cat": {"_lt": 6}}), "authors": _select("*", {})},
    "both": {"role_set": ["clerk", "writer"]},
}


@dataclass(frozen=True, slots=True)
class Stage:
    """The program, and what it sends."""

    program: Program
    recorder: Recorder

    async def ask(self, reader: Reader, query: str) -> Any:
        """The answer of the only root."""
        client = self.program.graphql(reader.role, **{"not": "4"})
        if reader.role == "admin":
            self.program.http.headers["x-hasura-admin-secret"] = SECRET
            client = GraphQLClient(self.program.http)
        return next(iter((await client.data(f"{{ {query} }}")).values()))


def _cells(row: Row) -> str:
    texts = (
        "NULL" if cell is None else str(int(cell)) if isinstance(cell, int) else f"'{cell}'" for cell in row.values()
    )
    return f"({','.join(texts)})"


@pytest.fixture(scope="module")
async def stage(engine: Engine, module_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    rows = {"authors": ALL_AUTHORS, "posts": ALL_POSTS}
    filled = "".join(f"INSERT INTO {table} VALUES {','.join(map(_cells, each))};" for table, each in rows.items())
    engine.execute(SCHEMA + filled + "ANALYZE TABLE authors, posts;", module_database)
    folder: Path = tmp_path_factory.mktemp("roles")
    async with recording(engine.socket, folder) as recorder:
        given = engine.environment(module_database) | {"DB_SOCKET": recorder.socket}
        async with opened_with_roles(given, folder, ROLES, SCHEMA_POLL_SECONDS="0") as program:
            yield Stage(program, recorder)


# --- the model --------------------------------------------------------------------------------------------------------


def by(*terms: str) -> Callable[[Iterable[Row]], list[Row]]:
    """Rows in the order of columns, `-` before those that go downwards; the key goes the way of the last one."""

    def ordered(rows: Iterable[Row]) -> list[Row]:
        found = list(rows)
        last = "-" if terms and terms[-1].startswith("-") else ""
        for term in reversed((*terms, last + "id")):
            found.sort(key=lambda row: _key(row[term.lstrip("-")]), reverse=term.startswith("-"))
        return found

    return ordered


def _key(cell: Any) -> tuple[bool, Any]:
    """NULL is the least."""
    return (False, 0) if cell is None else (True, cell)


def cut(rows: list[Row], limit: int | None, offset: int, most: int | None) -> list[Row]:
    """A page."""
    ends = [each for each in (limit, most) if each is not None]
    return rows[offset:][: min(ends)] if ends else rows[offset:]


def only(rows: Iterable[Row], *columns: str) -> list[Row]:
    """Some of the columns."""
    return [{column: row[column] for column in columns} for row in rows]


def firsts(rows: Iterable[Row], column: str) -> list[Row]:
    """The first row with each value of a column."""
    found: dict[object, Row] = {}
    for row in rows:
        found.setdefault(row[column], row)
    return list(found.values())


# --- deep pages -------------------------------------------------------------------------------------------------------

ORDERS = [
    ("{made: desc}", ("-made",)),
    ("{note: asc}", ("note",)),
    ("[{note: desc}, {made: asc}]", ("-note", "made")),
    ("{id: asc}", ("id",)),
]


@pytest.mark.parametrize("reader", READERS, ids=lambda each: each.role)
@pytest.mark.parametrize(("order", "terms"), ORDERS)
async def test_a_page_far_behind_the_first_row(stage: Stage, reader: Reader, order: str, terms: Sequence[str]) -> None:
    page = "id note author { name }"
    stage.recorder.take_all()
    found = await stage.ask(reader, f"posts(limit: 12, offset: 1500, order_by: {order}) {{ {page} }}")
    assert "JOIN `posts`" in "".join(stage.recorder.take_all())
    rows = cut(by(*terms)(reader.posts()), 12, 1500, reader.most)
    assert found == [
        {**each, "author": _author_of(reader, row)} for row, each in zip(rows, only(rows, "id", "note"), strict=True)
    ]
    found = await stage.ask(
        reader, f"posts_aggregate(limit: 12, offset: 1500, order_by: {order}) {{ aggregate {{ count max {{ id }} }} }}"
    )
    # A limit of the rules is one of lists.
    rows = cut(by(*terms)(reader.posts()), 12, 1500, None)
    assert found == {"aggregate": {"count": 12, "max": {"id": max(row["id"] for row in rows)}}}


def _author_of(reader: Reader, row: Row) -> Row | None:
    found = [each for each in reader.authors() if each["id"] == row["author_id"]]
    return {"name": found[0]["name"]} if found else None


# --- pages below each parent ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", READERS, ids=lambda each: each.role)
@pytest.mark.parametrize(("order", "terms"), ORDERS)
@pytest.mark.parametrize(("limit", "offset"), [(3, 0), (3, 2), (9, 0)])
async def test_a_page_below_each_parent(
    stage: Stage, reader: Reader, order: str, terms: Sequence[str], limit: int, offset: int
) -> None:
    page = f"limit: {limit}, offset: {offset}, order_by: {order}, where: {{cat: {{_neq: 5}}}}"
    stage.recorder.take_all()
    found = await stage.ask(
        reader,
        f"authors(limit: 15, order_by: {{id: asc}}) {{ id posts({page}) {{ id note }}"
        f" posts_aggregate({page}) {{ aggregate {{ count max {{ note }} }} nodes {{ id }} }} }}",
    )
    sent = "".join(stage.recorder.take_all())
    assert "UNION ALL" in sent or "LATERAL" in sent or terms[-1] != "id"
    expected = []
    for author in cut(reader.authors(), 15, 0, None):
        below = [row for row in reader.posts() if row["author_id"] == author["id"] and row["cat"] != 5]
        listed = cut(by(*terms)(below), limit, offset, reader.most)
        counted = cut(by(*terms)(below), limit, offset, None)
        largest = max((row["note"] for row in counted if row["note"] is not None), default=None)
        figures = {"count": len(counted), "max": {"note": largest}}
        aggregate = {"aggregate": figures, "nodes": only(listed, "id")}
        expected.append({"id": author["id"], "posts": only(listed, "id", "note"), "posts_aggregate": aggregate})
    assert found == expected


# --- distinct_on ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", READERS, ids=lambda each: each.role)
@pytest.mark.parametrize(
    ("column", "order", "terms"),
    [
        ("cat", "{cat: asc}", ("cat",)),
        ("cat", "[{cat: desc}, {id: asc}]", ("-cat", "id")),
        ("cat", "[{cat: asc}, {made: desc}]", ("cat", "-made")),
        ("code", "{code: asc}", ("code",)),
        ("code", "[{code: desc}, {note: asc}]", ("-code", "note")),
        ("note", "[{note: asc}, {made: desc}]", ("note", "-made")),
    ],
)
@pytest.mark.parametrize(("limit", "offset", "filtered"), [(5, 0, False), (5, 3, True), (None, 0, False)])
async def test_the_first_row_of_each_group(
    stage: Stage,
    reader: Reader,
    column: str,
    order: str,
    terms: Sequence[str],
    limit: int | None,
    offset: int,
    filtered: bool,
) -> None:
    page = "" if limit is None else f", limit: {limit}, offset: {offset}"
    where = ', where: {made: {_gt: "2020-01-09T00:00:00"}}' if filtered else ""
    asked = f"distinct_on: [{column}], order_by: {order}{page}{where}"
    found = await stage.ask(reader, f"posts({asked}) {{ id cat code note }}")
    rows = [row for row in reader.posts() if not filtered or row["made"] > "2020-01-09T00:00:00"]
    rows = firsts(by(*terms)(rows), column)
    assert found == only(cut(rows, limit, offset, reader.most), "id", "cat", "code", "note")
    found = await stage.ask(reader, f"posts_aggregate({asked}) {{ aggregate {{ count }} }}")
    assert found == {"aggregate": {"count": len(cut(rows, limit, offset, None))}}


# --- orders -----------------------------------------------------------------------------------------------------------


def _with_parent(reader: Reader, column: str) -> list[Row]:
    """The posts, with a column of the author that is shown, as `of`."""
    authors = {row["id"]: row[column] for row in reader.authors()}
    return [{**row, "of": authors.get(row["author_id"])} for row in reader.posts()]


def nulls_at(rows: list[Row], column: str, *, last: bool) -> list[Row]:
    """The rows with those without a value at one end."""
    some, none = ([row for row in rows if (row[column] is None) is missing] for missing in (False, True))
    return some + none if last else none + some


@pytest.mark.parametrize("reader", READERS, ids=lambda each: each.role)
@pytest.mark.parametrize("column", ["name", "region"])
@pytest.mark.parametrize("way", ["asc", "desc", "asc_nulls_last", "desc_nulls_first"])
@pytest.mark.parametrize(
    ("more", "terms", "limit", "offset"),
    [
        ("", (), 12, 0),
        (", {made: desc}", ("-made",), 12, 55),
        (", {id: asc}", ("id",), 200, 700),
        ("", (), 200, 900),
        (", {made: desc}", ("-made",), 40, 2_950),
    ],
)
async def test_in_the_order_of_a_column_of_the_parent(
    stage: Stage, reader: Reader, column: str, way: str, more: str, terms: Sequence[str], limit: int, offset: int
) -> None:
    stage.recorder.take_all()
    order = f"[{{author: {{{column}: {way}}}}}{more}]"
    found = await stage.ask(reader, f"posts(limit: {limit}, offset: {offset}, order_by: {order}) {{ id note }}")
    sent = "".join(stage.recorder.take_all())
    assert (") UNION ALL (" in sent) is (reader.role == "admin" and offset < 900)
    first = "-of" if way.startswith("desc") else "of"
    rows = nulls_at(by(first, *terms)(_with_parent(reader, column)), "of", last=way in ("desc", "asc_nulls_last"))
    assert found == only(cut(rows, limit, offset, reader.most), "id", "note")


@pytest.mark.parametrize("reader", READERS, ids=lambda each: each.role)
@pytest.mark.parametrize("way", ["asc_nulls_last", "desc_nulls_first"])
@pytest.mark.parametrize(
    ("more", "terms", "limit", "offset"),
    [("", (), 12, 0), (", {made: desc}", ("-made",), 12, 295), (", {made: desc}", ("-made",), 30, 2_690)],
)
async def test_nulls_at_the_other_end(
    stage: Stage, reader: Reader, way: str, more: str, terms: Sequence[str], limit: int, offset: int
) -> None:
    stage.recorder.take_all()
    asked = f"posts(limit: {limit}, offset: {offset}, order_by: [{{code: {way}}}{more}]) {{ id code }}"
    found = await stage.ask(reader, asked)
    assert (") UNION ALL (" in "".join(stage.recorder.take_all())) is (offset < 900)
    first = "-code" if way.startswith("desc") else "code"
    rows = nulls_at(by(first, *terms)(reader.posts()), "code", last=way == "asc_nulls_last")
    assert found == only(cut(rows, limit, offset, reader.most), "id", "code")


@pytest.mark.parametrize("reader", READERS, ids=lambda each: each.role)
@pytest.mark.parametrize("way", ["asc", "desc", "asc_nulls_last", "desc_nulls_first"])
@pytest.mark.parametrize("value", ["{max: {note: @}}", "{min: {made: @}}", "{sum: {cat: @}}", "{count: @}"])
@pytest.mark.parametrize("limit", [None, 6])
async def test_in_the_order_of_an_aggregate_of_the_children(
    stage: Stage, reader: Reader, way: str, value: str, limit: int | None
) -> None:
    stage.recorder.take_all()
    page = "" if limit is None else f"limit: {limit}, "
    # Without a page, equal rows come in any order.
    order = f"[{{posts_aggregate: {value.replace('@', way)}}}, {{id: asc}}]"
    found = await stage.ask(reader, f"authors({page}order_by: {order}) {{ id posts(limit: 1) {{ id }} }}")
    sent = "".join(stage.recorder.take_all())
    # A rule on the rows that are ordered, or an index that counts, leaves it to each row.
    assert ("GROUP BY" in sent) is (reader.role == "both" or (reader.role == "admin" and "count" not in value))
    function, column = _FUNCTIONS[value[1:4]], value[1:-1].partition("{")[2].partition(":")[0]
    below: dict[int, list[Any]] = {author["id"]: [] for author in reader.authors()}
    for post in reader.posts():
        if post["author_id"] in below:
            below[post["author_id"]].append(post.get(column, 1))
    rows = [
        {**each, "of": function([one for one in below[each["id"]] if one is not None])} for each in reader.authors()
    ]
    rows = nulls_at(by("-of" if "desc" in way else "of", "id")(rows), "of", last=way in ("desc", "asc_nulls_last"))
    assert [each["id"] for each in found] == [each["id"] for each in cut(rows, limit, 0, None)]


_FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "max": lambda values: max(values, default=None),
    "min": lambda values: min(values, default=None),
    "sum": lambda values: sum(values) if values else None,
    "cou": len,
}
