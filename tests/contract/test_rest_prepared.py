"""REST calls that are prepared answer as those that are read in full: random ones, wrong ones, and as roles."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from random import Random
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from graphql_app.engine.plan.shapes import SHAPES
from graphql_app.http.request_body import LONG_BYTES
from graphql_app.rest_api.prepared_bodies import PreparedBodies
from graphql_app.rest_api.prepared_reads import LONGEST, PreparedReads
from graphql_app.rest_api.query_language.filters import SPELLINGS
from graphql_app.rest_api.requests.operations import TABLE_OPERATIONS
from graphql_app.rest_api.requests.records import RestRequest
from tests.fix_app import OpenApp
from tests.harness.engine import Engine
from tests.role_rig import role_rig
from tests.roles_shop import ROWS, SCHEMA as SHOP, configuration, roles_app

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE owners (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50));
CREATE TABLE things (
  id INT AUTO_INCREMENT PRIMARY KEY, tag INT NOT NULL, owner_id INT, title VARCHAR(40), size DOUBLE, price DECIMAL(8,2),
  good TINYINT(1), born DATE, doc JSON, kind ENUM('a','b'), `limit` INT,
  FOREIGN KEY (owner_id) REFERENCES owners (id))
"""
OWNERS = "INSERT INTO owners VALUES (1,'Ann'),(2,'Bob')"
THINGS = """
INSERT INTO things (tag,owner_id,title,size,price,good,born,doc,kind,`limit`) VALUES
 (1,1,'one',0.5,1.25,1,'2001-02-03','{"a":1}','a',1),(1,2,'two*',2,2.00,0,NULL,'null','b',NULL),
 (2,NULL,'thr%ee',NULL,NULL,NULL,'1999-12-31',NULL,NULL,3)
"""
COLUMNS = (
    "id",
    "tag",
    "title",
    "size",
    "price",
    "good",
    "born",
    "doc",
    "kind",
    "limit",
    '"title"',
    "nothing",
    "owner_id",
)
VALUES = ("1", "2", "-7", "0.5", "1.25", "one", "t*o", "true", "false", "null", "2001-02-03", "a", "", "(1,2)", "[]")
MORE = ("99999999999999999999", "'", '"', "a.b,c)", '{"a":1}', "é😀", "\x00", "NaN", "1e400", "[" * 200)
SELECTS = ("*", "id", "id,title", "id,owner(name)", "id,owner!inner(id)", "x:id,y:id", "nope", "id,", "")
ORDERS = ("id", "id.desc", "title.asc.nullslast,id", "owner(name).desc", "nope", "id.")
NUMBERS = ("0", "1", "2", "5000", "5001", "-1", "x", "", "99999999999999999999")
MOMENT = re.compile(r'"timestamp":"[^"]*"')


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[httpx.AsyncClient]:
    """The program on a database of the module's own."""
    engine.execute(SCHEMA, module_database)
    engine.execute(OWNERS, module_database)
    async with open_app(engine.environment(module_database)) as found:
        yield found


@pytest.fixture
def things(engine: Engine, module_database: str) -> None:
    """Three rows, ids from 1."""
    engine.execute("DELETE FROM things", module_database)
    engine.execute(THINGS, module_database)


def random_query(draw: Random) -> str:
    """A query string: mostly of a plain form, now and then with something wrong in it."""
    pairs: list[tuple[str, str]] = []
    for _ in range(draw.choice((0, 1, 1, 2, 3))):
        operator = draw.choice((*SPELLINGS, "eq", "eq", "gt", "nope"))
        negated = "not." if draw.random() < 0.2 else ""
        value = draw.choice(VALUES) if draw.random() < 0.85 else draw.choice(MORE)
        pairs.append((draw.choice(COLUMNS), f"{negated}{operator}.{value}"))
    for name, texts in (("select", SELECTS), ("order", ORDERS), ("limit", NUMBERS), ("offset", NUMBERS)):
        if draw.random() < 0.3:
            pairs.append((name, draw.choice(texts[:4]) if draw.random() < 0.8 else draw.choice(texts)))
    if draw.random() < 0.1:
        pairs.append(
            draw.choice((("or", "(id.eq.1,title.eq.two)"), ("limit", "1"), ("owner.name", "eq.Ann"), ("x", "1")))
        )
    draw.shuffle(pairs)
    return "&".join(f"{quote(name)}={quote(text)}" for name, text in pairs)


def told(answer: httpx.Response) -> tuple[object, ...]:
    """All of an answer but its moment and its number."""
    headers = sorted((name, value) for name, value in answer.headers.items() if name != "x-request-id")
    return answer.status_code, headers, MOMENT.sub("", answer.text)


@pytest.mark.usefixtures("things")
@pytest.mark.parametrize("seed", range(4))
async def test_query_strings_answer_as_when_they_are_read_in_full(client: httpx.AsyncClient, seed: int) -> None:
    """A client that prefers something is always answered the long way."""
    draw = Random(seed)
    statuses = set()
    for _ in range(150):
        path = f"/api/things/query?{random_query(draw)}"
        ways: list[dict[str, str]] = [{}, {"prefer": "nothing"}]
        draw.shuffle(ways)
        one, other = [told(await client.get(path, headers=way)) for way in ways]
        assert one == other, path
        assert told(await client.get(path)) == one, path
        statuses.add(one[0])
    assert statuses == {200, 400}


def random_row(draw: Random, most: int) -> dict[str, Any]:
    """Values for columns: of every kind, now and then wrong."""
    good: dict[str, tuple[object, ...]] = {
        "title": ("x", "'", "é", None, 7, "y" * 50),
        "size": (1, 2.5, None, "z"),
        "price": (1.25, 3, "4.50", 12345678901),
        "good": (True, False, None, 1),
        "born": ("2020-02-02", None, "2020-02-30"),
        "doc": ({"a": [1, None]}, [], "text", True, None, 1.5),
        "kind": ("a", "b", None, "c"),
        "owner_id": (1, None, 2, 77),
        "limit": (5, None, 2**40),
    }
    names = draw.sample(sorted(good), draw.randint(0, most))
    row = {name: good[name][0] if draw.random() < 0.6 else draw.choice(good[name]) for name in names}
    if draw.random() < 0.05:
        row["nothing"] = 1
    return row


async def ask(client: httpx.AsyncClient, method: str, body: object, *, full: bool) -> tuple[object, ...]:
    """What is told of a write; one with a long body is read in full."""
    text = json.dumps(body) + (" " * LONG_BYTES if full else "")
    answer = await client.request(method, "/api/things", content=text, headers={"content-type": "application/json"})
    # The row that an UPDATE names is where the server was, which passes over rows of the other tag.
    return answer.status_code, re.sub(r'"(id|row)":\d+', "", MOMENT.sub("", answer.text))


def state(engine: Engine, database: str, tag: int) -> object:
    """The rows with this tag but for their keys."""
    columns = "owner_id,title,size,price,good,born,doc,kind,`limit`"
    return sorted(map(repr, engine.execute(f"SELECT {columns} FROM things WHERE tag={tag}", database)))


@pytest.mark.parametrize("seed", range(3))
async def test_bodies_write_as_when_they_are_read_in_full(
    client: httpx.AsyncClient, engine: Engine, module_database: str, seed: int
) -> None:
    """The same is done to rows of one tag by short bodies, and to rows of another by long ones."""
    engine.execute("DELETE FROM things", module_database)
    draw = Random(seed)
    done = set()
    for number in range(80):
        method = draw.choice(("POST", "POST", "PUT", "PUT", "DELETE"))
        row = random_row(draw, 9 if method == "POST" else 3)
        where = {} if draw.random() < 0.05 else random_row(draw, 1)
        told_by = []
        for tag in (1, 2):
            if method == "POST":
                body: dict[str, object] = {"input": {"tag": tag, **row}}
            elif method == "PUT":
                body = {"input": row, "where": {"tag": tag, **where}}
            else:
                body = {"input": {"tag": tag, **where}}
            told_by.append(await ask(client, method, body, full=tag == 2))
        assert told_by[0] == told_by[1], (number, method, body)
        done.add((method, told_by[0][0] == 200))
        assert state(engine, module_database, 1) == state(engine, module_database, 2), (number, method, body)
    assert {(method, True) for method in ("POST", "PUT", "DELETE")} <= done
    assert ("POST", False) in done


async def test_roles_are_answered_by_rules_of_their_own(
    engine: Engine, database: str, open_app: OpenApp, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What was prepared for one role or one caller is not another's."""
    engine.execute(SHOP, database)
    engine.execute(ROWS, database)
    settings = configuration(tmp_path_factory.mktemp("roles"))
    async with roles_app(open_app, engine.environment(database) | settings) as app:
        for path in ("/api/orders/query?order=id", "/api/orders/query?amount=gt.0&order=id&limit=5"):
            for _ in range(2):
                for role, who in (("user", 1), ("buyer", 1), ("user", 2), ("nobody", 1), ("admin", 1)):
                    one, other = [
                        told(await app.rest(role, "GET", path, who, headers=headers))
                        for headers in ({}, {"prefer": "nothing"})
                    ]
                    assert one == other
        seen = {(await app.rest("user", "GET", "/api/orders/query?order=id", who)).text[50:] for who in (1, 2)}
        assert len(seen) == 2


async def test_what_is_kept_is_bounded(engine: Engine, database: str) -> None:
    """Values make no new form, hostile texts none that stays, and long query strings none at all."""
    engine.execute(SCHEMA, database)
    async with role_rig(engine, database) as rig:
        found = rig.acting("admin")
        reads = PreparedReads(lambda: found.max_page)
        for number in range(50):
            assert reads.find(found, "things", b"title=eq.%d&limit=%d" % (number, number)) is not None
        assert len(reads.forms) == 1
        for text in (b"or=(id.eq.1)", b"id=in.(1)", b"x=1", b"limit=7000", b"title=eq." + b"x" * LONGEST):
            assert reads.find(found, "things", text) is None
        assert len(reads.forms) == 1
        for number in range(SHAPES + 50):
            assert reads.find(found, "things", b"select=a%d:id" % number) is not None
        assert len(reads.forms) == SHAPES

        bodies, catalog = PreparedBodies(), found.catalog
        for number in range(20):
            asked = RestRequest(catalog, catalog.tables["things"], {"input": {"tag": number}}, ())
            assert bodies.find(found, "POST", asked, TABLE_OPERATIONS["POST"].prepare) is not None
        assert len(bodies.forms) == 1
