"""Values with characters that a column's character set lacks: compared as what they are, by every operator."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import pytest

from graphql_app.engine.plan.cursor import MAC_BYTES, cursor_key, encode, order_key
from schema_gen.types.charsets import _CODECS, _LACKING, fits, surely_lacks
from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = [pytest.mark.anyio, pytest.mark.engines("mariadb", "mysql")]

COLUMNS = {"l": ("latin1", "ā"), "a": ("ascii", "é"), "u": ("utf8mb3", "😀"), "g": ("greek", "é"), "k": ("cp1251", "é")}
LACKED = [(name, letter) for name, (_, letter) in COLUMNS.items()]


@pytest.fixture(scope="module")
async def http(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[GraphQLClient]:
    """Three rows: a text, a question mark, NULL."""
    columns = ", ".join(f"{name} VARCHAR(20) CHARACTER SET {charset}" for name, (charset, _) in COLUMNS.items())
    keys = ";".join(
        f"CREATE TABLE k_{name} (k VARCHAR(9) CHARACTER SET {charset} PRIMARY KEY, v INT)"
        for name, (charset, _) in COLUMNS.items()
    )
    values = ", ".join(["'ba'"] * len(COLUMNS)), ", ".join(["'?'"] * len(COLUMNS))
    engine.execute(
        f"CREATE TABLE t (id INT PRIMARY KEY, {columns}); INSERT INTO t VALUES (1, {values[0]}), (2, {values[1]});"
        f"INSERT INTO t (id) VALUES (3); {keys}",
        module_database,
    )
    async with open_app(engine.environment(module_database)) as client:
        yield GraphQLClient(client)


@pytest.mark.parametrize(("column", "letter"), LACKED)
async def test_every_operator(http: GraphQLClient, column: str, letter: str) -> None:
    """None is equal, all are unequal; what is beside it in a list is compared as ever."""
    word = f"b{letter}"
    expected: dict[str, tuple[object, list[int]]] = {
        "_eq": (word, []),
        "_neq": (word, [1, 2]),
        "_in": ([word], []),
        "_nin": ([word], [1, 2]),
        "_like": (f"%{letter}", []),
        "_nlike": (f"%{letter}", [1, 2]),
        "_ilike": (f"%{letter}", []),
        "_nilike": (f"%{letter}", [1, 2]),
        "_regex": (letter, []),
        "_nregex": (letter, [1, 2]),
        "_iregex": (letter, []),
        "_niregex": (letter, [1, 2]),
        "_similar": (f"%{letter}", []),
        "_nsimilar": (f"%{letter}", [1, 2]),
        "_starts_with": (letter, []),
        "_ends_with": (letter, []),
        "_contains": (letter, []),
        "_gt": (f"?{letter}", [1]),
        "_gte": (f"?{letter}", [1]),
        "_lt": (f"?{letter}", [2]),
        "_lte": (f"?{letter}", [2]),
        "_between": (["?", f"?{letter}"], [2]),
    }
    fields = " ".join(
        f"f{place}: t(where: {{{column}: {{{operator}: $v{place}}}}}, order_by: {{id: asc}}) {{ id }}"
        for place, operator in enumerate(expected)
    )
    types = {"_in": "[String!]!", "_nin": "[String!]!", "_between": "[String!]!"}
    declared = ", ".join(f"$v{place}: {types.get(operator, 'String!')}" for place, operator in enumerate(expected))
    given = {f"v{place}": value for place, (value, _) in enumerate(expected.values())}
    data = await http.data(f"query ({declared}) {{ {fields} }}", given)
    found = {operator: [row["id"] for row in data[f"f{place}"]] for place, operator in enumerate(expected)}
    assert found == {operator: ids for operator, (_, ids) in expected.items()}
    mixed = await http.data(f'{{ t(where: {{{column}: {{_in: ["BA", "{letter}"]}}}}) {{ id }} }}')
    assert mixed == {"t": [{"id": 1}]}
    rest = await http.http.get(f"/api/t/query?{column}=neq.{word}&select=id&order=id")
    assert [row["id"] for row in rest.json()["data"]] == [1, 2]
    rest = await http.http.post("/api/t/query", json={"input": {column: word}})
    assert rest.json()["data"] == []


@pytest.mark.parametrize(("column", "letter"), LACKED)
async def test_figures_and_writes(http: GraphQLClient, column: str, letter: str) -> None:
    """Conditions of groups, updates and deletes."""
    query = f'{{ t_group(by: [id], having: {{max: {{{column}: {{_eq: "{letter}"}}}}}}) {{ key {{ id }} }} }}'
    assert await http.data(query) == {"t_group": []}
    where = f'where: {{{column}: {{_eq: "{letter}"}}}}'
    data = await http.data(
        f'mutation {{ update_t({where}, _set: {{{column}: "x"}}) {{ affected_rows }} delete_t({where})'
        " { affected_rows } }"
    )
    assert data == {"update_t": {"affected_rows": 0}, "delete_t": {"affected_rows": 0}}


@pytest.mark.parametrize(("column", "letter"), LACKED)
async def test_keys_and_conflicts(http: GraphQLClient, column: str, letter: str) -> None:
    """A key that cannot be is of no row; a row that cannot be is refused, whatever its conflicts."""
    table = f"k_{column}"
    data = await http.data(
        f'mutation {{ a: update_{table}_by_pk(pk_columns: {{k: "{letter}"}}, _set: {{v: 1}}) {{ v }}'
        f' b: delete_{table}_by_pk(k: "{letter}") {{ v }} }}'
    )
    assert data == {"a": None, "b": None}
    assert await http.data(f'{{ {table}_by_pk(k: "{letter}") {{ v }} }}') == {f"{table}_by_pk": None}
    conflict = "on_conflict: {constraint: PRIMARY, update_columns: [v]}"
    for objects in (f'{{k: "{letter}", v: 1}}', f'[{{k: "{letter}", v: 1}}, {{k: "z", v: 2}}]'):
        error = await http.error(f"mutation {{ insert_{table}(objects: {objects}, {conflict}) {{ affected_rows }} }}")
        assert error["extensions"]["reason"] == "INVALID_VALUE", error


UNSURE = {
    "cp1256": "\x80",
    "cp866": "\xa4",
    "greek": "\u2018",
    "hebrew": "\xaf",
    "koi8u": "\u2219",
    "big5": "\xaf",
    "sjis": "\xa5",
    "cp932": "\x80",
    "ujis": "\xa5",
    "eucjpms": "\xa5",
    "tis620": "\xa5",
}
"""Character sets of which Python and the servers have different notions, and a letter that the servers lack."""


@pytest.fixture(scope="module")
async def unsure(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[GraphQLClient]:
    """Texts as a primary key, as a unique key, and as a key that rows of another table refer to."""
    script = ";".join(
        f"CREATE TABLE s_{charset} (k VARCHAR(9) CHARACTER SET {charset} PRIMARY KEY, v INT,"
        f" w VARCHAR(9) CHARACTER SET {charset}, UNIQUE KEY uw (w));"
        f"CREATE TABLE c_{charset} (id INT PRIMARY KEY, r VARCHAR(9) CHARACTER SET {charset},"
        f" FOREIGN KEY (r) REFERENCES s_{charset} (k))"
        for charset in UNSURE
    )
    engine.execute(script, module_database)
    async with open_app(engine.environment(module_database)) as client:
        yield GraphQLClient(client)


def test_every_unsure_character_set_is_tried() -> None:
    assert set(UNSURE) == {*_LACKING, "tis620"}


@pytest.mark.parametrize("charset", UNSURE)
async def test_keys_of_unsure_character_sets(unsure: GraphQLClient, charset: str) -> None:
    """What only the server knows to lack is refused by it, as a value, and stands in the way of nothing else."""
    table, word = f"s_{charset}", f"b{UNSURE[charset]}"
    by_key, by_other = (f"on_conflict: {{constraint: {key}, update_columns: [v]}}" for key in ("PRIMARY", "uw"))
    for objects, conflict in (
        (f'{{k: "{word}"}}', ""),
        (f'{{k: "{word}"}}', by_key),
        (f'[{{k: "z"}}, {{k: "{word}"}}, {{k: "{word}"}}]', by_key),
        (f'{{k: "z", w: "{word}"}}', by_other),
    ):
        arguments = f"objects: {objects} {conflict}"
        error = await unsure.error(f"mutation {{ insert_{table}({arguments}) {{ affected_rows returning {{ k }} }} }}")
        assert error["extensions"]["reason"] == "INVALID_VALUE", error
    fields = await unsure.data(f'{{ __type(name: "c_{charset}_insert_input") {{ inputFields {{ name }} }} }}')
    (relation,) = {each["name"] for each in fields["__type"]["inputFields"]} - {"id", "r"}
    nested = f'{{id: 1, {relation}: {{data: {{k: "{word}"}}, {by_key}}}}}'
    error = await unsure.error(f"mutation {{ insert_c_{charset}_one(object: {nested}) {{ id }} }}")
    assert error["extensions"]["reason"] == "INVALID_VALUE", error
    data = await unsure.data(
        f'mutation {{ a: update_{table}_by_pk(pk_columns: {{k: "{word}"}}, _set: {{v: 1}}) {{ v }}'
        f' b: delete_{table}_by_pk(k: "{word}") {{ v }} }}'
    )
    assert data == {"a": None, "b": None}
    assert await unsure.data(f'{{ {table}_by_pk(k: "{word}") {{ v }} {table} {{ k }} }}') == {
        f"{table}_by_pk": None,
        table: [],
    }
    files = {"file": (f"{table}.csv", f"k,v\n{word},3\nz,4\n".encode())}
    report = (await unsure.http.post("/api/batch/import?mode=upsert", files=files)).json()["data"]
    assert [(each["line"], each["code"]) for each in report["errors"]] == [(2, "INVALID_VALUE")]
    assert await unsure.data(f'mutation {{ delete_{table}_by_pk(k: "z") {{ v }} }}') == {
        f"delete_{table}_by_pk": {"v": 4}
    }


@pytest.mark.parametrize("charset", UNSURE)
async def test_letters_that_only_the_server_has(unsure: GraphQLClient, engine: Engine, charset: str) -> None:
    """They make keys as all others do."""
    characters = [chr(number) for number in range(128, 0x3000)]
    sql = f"SELECT CONVERT(CONVERT(%s USING {charset}) USING utf8mb4)"
    ((back,),) = engine.execute(sql, values=("".join(characters),))
    held = [one for one, other in zip(characters, back, strict=True) if one == other and not fits(one, charset)]
    table, conflict = f"s_{charset}", "on_conflict: {constraint: PRIMARY, update_columns: [v]}"
    for letter in held[:1]:
        row = {"k": f"b{letter}", "v": 1}
        query = f'mutation {{ insert_{table}_one(object: {{k: "b{letter}", v: 1}}, {conflict}) {{ k v }} }}'
        for _ in range(2):
            assert await unsure.data(query) == {f"insert_{table}_one": row}
        assert await unsure.data(f'{{ {table}(where: {{k: {{_eq: "b{letter}"}}}}) {{ k v }} }}') == {table: [row]}
        deleted = await unsure.data(f'mutation {{ delete_{table}_by_pk(k: "b{letter}") {{ k v }} }}')
        assert deleted == {f"delete_{table}_by_pk": row}


@pytest.mark.parametrize(("column", "letter"), LACKED)
async def test_a_forged_cursor(http: GraphQLClient, column: str, letter: str) -> None:
    """Behind a value that no row has."""
    page = "pageInfo { endCursor } edges { node { id } }"
    order = f"order_by: [{{{column}: asc}}, {{id: asc}}]"
    first = await http.data(f"{{ t_connection(first: 2, {order}) {{ {page} }} }}")
    cursor = first["t_connection"]["pageInfo"]["endCursor"]
    forged = _forge(cursor, column, letter)
    assert forged != cursor
    data = await http.data(f'{{ t_connection(first: 2, after: "{forged}", {order}) {{ {page} }} }}')
    assert [edge["node"]["id"] for edge in data["t_connection"]["edges"]] == [1]


def _forge(cursor: str, column: str, letter: str) -> str:
    """The cursor with another text in it, as a row of that text would have had it: signed without a secret."""
    mark = order_key(cursor_key(b""), ["t", f".{column} False None", ".id False None"])
    values = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[MAC_BYTES:]
    assert encode(mark, values).decode() == cursor, "the order is described in other words"
    changed = values.replace(b"?".hex().upper().encode(), f"?{letter}".encode().hex().upper().encode())
    return encode(mark, changed).decode()


def test_character_sets_are_the_servers(engine: Engine) -> None:
    """What Python's codecs say is what the server says: never more, and where it counts the same."""
    characters = [chr(number) for number in range(128, 0x10000) if not 0xD800 <= number < 0xE000]
    text = "".join(characters)
    for charset in (*_CODECS, "utf8mb3", "ucs2"):
        sql = f"SELECT CONVERT(CONVERT(%s USING {charset}) USING utf8mb4)"
        ((back,),) = engine.execute(sql, values=(text,))
        held = {one for one, other in zip(text, back, strict=True) if one == other}
        assert {one for one in characters if fits(one, charset)} <= held, charset
        assert not {one for one in characters if surely_lacks(one, charset)} & held, charset


async def test_a_column_of_no_letters(open_app: OpenApp, engine: Engine, database: str) -> None:
    """MariaDB by itself takes it for the key column behind it, and finds nothing."""
    engine.execute(
        "CREATE TABLE t (c CHAR(0) NOT NULL, k CHAR(9) PRIMARY KEY, b BINARY(0)); INSERT INTO t VALUES ('', 'a', '')",
        database,
    )
    async with open_app(engine.environment(database)) as http:
        row = {"c": "", "k": "a", "b": ""}
        found = await GraphQLClient(http).data(
            """{ a: t(where: {c: {_eq: ""}}) { c k b } b: t(where: {c: {_in: [""]}, b: {_eq: ""}}) { c k b }
            none: t(where: {c: {_neq: ""}}) { k } }"""
        )
        assert found == {"a": [row], "b": [row], "none": []}
