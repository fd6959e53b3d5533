"""Requests that grow with one number: each part of each kind of request, many times over."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from tests.hostile.corpus import BOUNDARY, JSON, MULTIPART, Headers, Hostile

WIDE = 900
"""Columns of the table `wide`."""
SCHEMA = (
    "CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, parent_id INT, name VARCHAR(100), email VARCHAR(100),"
    " age INT, note JSON, UNIQUE KEY email (email), FOREIGN KEY (parent_id) REFERENCES users (id));"
    "CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, word VARCHAR(100),"
    " FOREIGN KEY (user_id) REFERENCES users (id));"
    f"CREATE TABLE wide (id INT PRIMARY KEY, {', '.join(f'c{number} INT' for number in range(WIDE))});"
    "INSERT INTO users (id, parent_id, name) VALUES (1, NULL, 'a'), (2, 1, 'b')"
)
"""What the requests ask of."""

Make = Callable[[int], Hostile]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request: `make` gives one with so many parts. It begins with `first` of them, and ends at `most`."""

    make: Make
    first: int = 512
    most: int = 1 << 24


def _dumped(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _rest(method: str, path: str, body: object) -> Hostile:
    return Hostile("", method, path.encode(), JSON, _dumped(body))


def _get(path: str, **headers: bytes) -> Hostile:
    return Hostile("", "GET", quote(path, safe="/?&=(),.!*:").encode(), headers)


def _graphql(query: str, **variables: object) -> Hostile:
    return Hostile("", "POST", b"/graphql", JSON, _dumped({"query": query, "variables": variables}))


def _unknown(count: int) -> dict[str, object]:
    return {f"k{number}": number for number in range(count)}


def _nested(count: int, inner: object, wrap: Callable[[object], object]) -> object:
    for _ in range(count):
        inner = wrap(inner)
    return inner


def _file(name: str, content: bytes, query: str = "") -> Hostile:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    body = head + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    return Hostile("", "POST", f"/api/batch/import{query}".encode(), MULTIPART, body)


def _with(headers: Headers) -> Hostile:
    return Hostile("", "POST", b"/graphql", JSON | headers, _dumped({"query": "{__typename}"}))


# --- REST -------------------------------------------------------------------

REST_BODIES: Mapping[str, Kind] = {
    "unknown keys of an insert": Kind(lambda n: _rest("POST", "/api/users", {"input": _unknown(n)})),
    "unknown keys of an update": Kind(
        lambda n: _rest("PUT", "/api/users", {"input": _unknown(n), "where": {"id": -1}})
    ),
    "unknown keys of a condition": Kind(
        lambda n: _rest("PUT", "/api/users", {"input": {"age": 1}, "where": _unknown(n)})
    ),
    "unknown keys of a delete": Kind(lambda n: _rest("DELETE", "/api/users", {"input": _unknown(n)})),
    "unknown keys of a query": Kind(lambda n: _rest("POST", "/api/users/query", {"input": _unknown(n)})),
    "unknown parts of a body": Kind(lambda n: _rest("POST", "/api/users", {"input": {}} | _unknown(n))),
    "unknown parts of an update": Kind(lambda n: _rest("PUT", "/api/users", {"input": {}} | _unknown(n))),
    "rows that are numbers": Kind(lambda n: _rest("POST", "/api/users", {"input": [1] * n})),
    "rows that are lists": Kind(lambda n: _rest("POST", "/api/users", {"input": [[]] * n})),
    "rows without columns": Kind(lambda n: _rest("POST", "/api/orders", {"input": [{}] * n})),
    "rows": Kind(lambda n: _rest("POST", "/api/orders", {"input": [{"word": f"w{i}"} for i in range(n)]})),
    "rows of different columns": Kind(
        lambda n: _rest("POST", "/api/wide", {"input": [{"id": -1, f"c{i % WIDE}": i} for i in range(n)]}), 64
    ),
    "rows of unknown columns": Kind(
        lambda n: _rest("POST", "/api/orders", {"input": [{f"k{i}": i} for i in range(n)]})
    ),
    "rows that are wrong at the end": Kind(
        lambda n: _rest("POST", "/api/orders", {"input": [{"word": "w"}] * n + [{"user_id": "x"}]})
    ),
    "members of a list": Kind(lambda n: _rest("POST", "/api/users/query", {"input": {"age": list(range(n))}})),
    "nulls of a list": Kind(lambda n: _rest("POST", "/api/users/query", {"input": {"age": [None] * n}})),
    "lists of a list": Kind(lambda n: _rest("POST", "/api/users/query", {"input": {"age": [[1]] * n}})),
    "a text": Kind(lambda n: _rest("POST", "/api/users/query", {"input": {"name": "é\\'" * n}})),
    "a number": Kind(lambda n: Hostile("", "POST", b"/api/users/query", JSON, b'{"input":{"age":%b}}' % (b"9" * n))),
    "fractions": Kind(
        lambda n: Hostile("", "POST", b"/api/users/query", JSON, b'{"input":{"age":[%b]}}' % b",".join([b"1.5"] * n))
    ),
    "an unknown table": Kind(lambda n: _rest("POST", "/api/nope/query", {"input": _unknown(n)})),
    "a document": Kind(lambda n: _rest("POST", "/api/users", {"input": {"age": "x", "note": _unknown(n)}})),
    "levels": Kind(
        lambda n: _rest("POST", "/api/users", {"input": {"age": "x", "note": _nested(n, 1, lambda i: [i])}}),
        16,
        most=256,
    ),
    "open brackets": Kind(lambda n: Hostile("", "POST", b"/api/users", JSON, b"[" * n)),
    "escapes": Kind(
        lambda n: Hostile("", "POST", b"/api/users/query", JSON, b'{"input":{"name":"%b"}}' % (b"\\ud83d\\ude00" * n))
    ),
    "blanks": Kind(lambda n: Hostile("", "POST", b"/api/users/query", JSON, b'{"input":{}}' + b" " * n)),
}
REST_ADDRESSES: Mapping[str, Kind] = {
    "columns": Kind(lambda n: _get("/api/wide/query?select=" + ",".join(f"c{i % WIDE}" for i in range(n))), 64),
    "aliases": Kind(lambda n: _get("/api/users/query?select=" + ",".join(f"a{i}:id" for i in range(n))), 64),
    "a column again": Kind(lambda n: _get("/api/users/query?select=" + "id," * n + "id"), 64),
    "every column again": Kind(lambda n: _get("/api/wide/query?select=" + "*," * n + "*"), 64),
    "every column of relations": Kind(
        lambda n: _get("/api/users/query?select=" + ",".join(f"a{i}:orders(*)" for i in range(n))), 64
    ),
    "levels of relations": Kind(lambda n: _get("/api/users/query?select=" + "parent(" * n + "id" + ")" * n), 4),
    "order terms": Kind(lambda n: _get("/api/users/query?order=" + "age.desc.nullslast," * n + "id"), 64),
    "order paths": Kind(lambda n: _get("/api/users/query?order=" + "parent(" * n + "id" + ")" * n), 4),
    "filters": Kind(lambda n: _get("/api/users/query?" + "age=gt.3&" * n), 64),
    "members of an address": Kind(lambda n: _get("/api/users/query?age=in.(" + "1," * n + "1)"), 64),
    "conditions of a group": Kind(lambda n: _get("/api/users/query?or=(" + "age.eq.1," * n + "id.eq.1)"), 64),
    "levels of groups": Kind(lambda n: _get("/api/users/query?or=(" + "or(" * n + "id.eq.1" + ")" * n + ")"), 4),
    "an unknown column": Kind(lambda n: _get("/api/users/query?" + "x" * n + "=eq.1"), 64),
    "an unknown parameter": Kind(lambda n: _get("/api/users/query?" + "&".join(f"x{i}=1" for i in range(n))), 64),
    "a quoted text": Kind(lambda n: _get("/api/users/query?name=in.(%22" + "a" * n), 64),
    "a pattern": Kind(lambda n: _get("/api/users/query?name=like." + "*a" * n), 64),
    "an unknown table of an address": Kind(lambda n: _get("/api/" + "t" * n + "/query"), 64),
    "ampersands": Kind(lambda n: _get("/api/users/query?" + "&" * n), 64),
    "steps of an address": Kind(lambda n: _get("/api" + "/x" * n), 64),
    "columns of an export": Kind(lambda n: _get("/api/users/export?select=" + "id," * n + "id"), 64),
}

# --- GraphQL ----------------------------------------------------------------

_WHERE = "query($w:users_bool_exp){users(where:$w limit:1){id}}"
_INSERT = "mutation($o:[users_insert_input!]!){insert_users(objects:$o){affected_rows}}"
_UPDATE = "mutation($p:[String!]){update_users(where:{id:{_eq:-1}} _delete_at_path:{note:$p}){affected_rows}}"
_MANY = "mutation($u:[users_updates!]!){update_users_many(updates:$u){affected_rows}}"
_EQ = {"age": {"_eq": 1}}


def _conflicts(count: int) -> list[object]:
    return [
        {"name": "x", "orders": {"data": [{"word": "y"}], "on_conflict": _on_conflict(number)}}
        for number in range(count)
    ]


def _on_conflict(number: int) -> dict[str, object]:
    return {"constraint": "PRIMARY", "update_columns": ["word"], "where": {"id": {"_eq": number}}}


VARIABLES: Mapping[str, Kind] = {
    "items of _or": Kind(lambda n: _graphql(_WHERE, w={"_or": [_EQ] * n})),
    "items of _and": Kind(lambda n: _graphql(_WHERE, w={"_and": [{"age": {"_gt": i}} for i in range(n)]})),
    "relations of _or": Kind(lambda n: _graphql(_WHERE, w={"_or": [{"orders": {"id": {"_eq": 1}}}] * n})),
    "counts of _or": Kind(
        lambda n: _graphql(_WHERE, w={"_or": [{"orders_aggregate": {"count": {"predicate": {"_gt": 1}}}}] * n})
    ),
    "levels of _and": Kind(lambda n: _graphql(_WHERE, w=_nested(n, _EQ, lambda i: {"_and": [i]})), 8, most=256),
    "levels of _not": Kind(lambda n: _graphql(_WHERE, w=_nested(n, _EQ, lambda i: {"_not": i})), 8, most=256),
    "levels of a relation": Kind(lambda n: _graphql(_WHERE, w=_nested(n, _EQ, lambda i: {"parent": i})), 8, most=256),
    "doubled levels": Kind(lambda n: _graphql(_WHERE, w=_nested(n, _EQ, lambda i: {"_or": [i, i]})), 2, most=16),
    "members of _in": Kind(lambda n: _graphql(_WHERE, w={"age": {"_in": list(range(n))}})),
    "lists of _in": Kind(lambda n: _graphql(_WHERE, w={"_or": [{"age": {"_in": [1]}}] * n})),
    "order terms of variables": Kind(
        lambda n: _graphql("query($o:[users_order_by!]){users(order_by:$o limit:1){id}}", o=[{"age": "asc"}] * n)
    ),
    "paths of an order": Kind(
        lambda n: _graphql(
            "query($o:[users_order_by!]){users(order_by:$o limit:1){id}}",
            o=_nested(n, {"age": "asc"}, lambda i: {"parent": i}),
        ),
        8,
        most=256,
    ),
    "objects": Kind(lambda n: _graphql(_INSERT, o=[{"age": "x", "name": f"w{i}"} for i in range(n)])),
    "objects that are inserted": Kind(lambda n: _graphql(_INSERT, o=[{"name": f"w{i}"} for i in range(n)])),
    "objects of different columns": Kind(
        lambda n: _graphql(_INSERT, o=[{("name", "age")[i % 2]: i, "email": i} for i in range(n)])
    ),
    "objects that are numbers": Kind(lambda n: _graphql(_INSERT, o=[1] * n)),
    "unknown fields of an object": Kind(lambda n: _graphql(_INSERT, o=[_unknown(n)])),
    "unknown fields of objects": Kind(lambda n: _graphql(_INSERT, o=[{f"k{i}": 1} for i in range(n)])),
    "nested rows": Kind(lambda n: _graphql(_INSERT, o=[{"name": "x", "orders": {"data": [{"word": "y"}] * n}}])),
    "nested rows of rows": Kind(
        lambda n: _graphql(_INSERT, o=[{"name": "x", "orders": {"data": [{"word": "y"}]}}] * n)
    ),
    "nested rows with conditions": Kind(lambda n: _graphql(_INSERT, o=_conflicts(n)), 128),
    "levels of nested rows": Kind(
        lambda n: _graphql(_INSERT, o=[_nested(n, {"name": "x"}, lambda i: {"parent": {"data": i}})]), 2, most=256
    ),
    "unknown fields of _set": Kind(
        lambda n: _graphql(
            "mutation($s:users_set_input){update_users(where:{id:{_eq:-1}} _set:$s){affected_rows}}", s=_unknown(n)
        )
    ),
    "updates": Kind(lambda n: _graphql(_MANY, u=[{"where": {"id": {"_eq": -1}}, "_set": {"age": 1}}] * n), 64),
    "updates of different columns": Kind(
        lambda n: _graphql(
            _MANY, u=[{"where": {"id": {"_eq": -1}}, "_set": {("age", "name")[i % 2]: None}} for i in range(n)]
        ),
        64,
    ),
    "steps of a path": Kind(lambda n: _graphql(_UPDATE, p=["a"] * n)),
    "steps of a path of long names": Kind(lambda n: _graphql(_UPDATE, p=["a" * n] * 20)),
    "places of a path": Kind(lambda n: _graphql(_UPDATE, p=["1"] * n), 2),
    "a long step": Kind(lambda n: _graphql(_UPDATE, p=["a" * n])),
    "members appended": Kind(
        lambda n: _graphql(
            "mutation($a:json){update_users(where:{id:{_eq:-1}} _append:{note:$a}){affected_rows}}", a=_unknown(n)
        ),
    ),
    "items appended": Kind(
        lambda n: _graphql(
            "mutation($a:json){update_users(where:{id:{_eq:-1}} _append:{note:$a}){affected_rows}}", a=[1.5] * n
        ),
    ),
    "a key deleted": Kind(
        lambda n: _graphql(
            "mutation($k:String){update_users(where:{id:{_eq:-1}} _delete_key:{note:$k}){affected_rows}}", k="a" * n
        ),
    ),
    "columns of a conflict": Kind(
        lambda n: _graphql(
            'mutation($c:[users_update_column!]!){insert_users(objects:[{id:1 name:"a"}]'
            " on_conflict:{constraint:PRIMARY update_columns:$c}){affected_rows}}",
            c=["name"] * n,
        )
    ),
    "distinct columns": Kind(
        lambda n: _graphql(
            "query($d:[users_select_column!]){users(distinct_on:$d limit:1){id}}", d=["name", "age"] * (n // 2)
        )
    ),
    "counted columns": Kind(
        lambda n: _graphql(
            "query($c:[users_select_column!]){users_aggregate{aggregate{count(columns:$c)}}}", c=["name"] * n
        )
    ),
    "grouped columns": Kind(
        lambda n: _graphql(
            "query($c:[users_select_column!]!){users_group(by:$c){key{name} aggregate{count}}}", c=["name"] * n
        )
    ),
    "undeclared variables": Kind(lambda n: _graphql("{users(limit:1){id}}", **_unknown(n))),
    "undeclared variables of introspection": Kind(lambda n: _graphql("{__typename}", **_unknown(n))),
    "a cursor": Kind(
        lambda n: _graphql("query($a:String){users_connection(first:1 after:$a){edges{cursor}}}", a="A" * n)
    ),
    "a text of variables": Kind(lambda n: _graphql(_WHERE, w={"name": {"_eq": "'\\" * n}})),
    "a pattern of variables": Kind(lambda n: _graphql(_WHERE, w={"name": {"_contains": "%_\\" * n}})),
    "an operation name": Kind(
        lambda n: Hostile("", "POST", b"/graphql", JSON, _dumped({"query": "{__typename}", "operationName": "a" * n}))
    ),
    "extensions": Kind(
        lambda n: Hostile("", "POST", b"/graphql", JSON, _dumped({"query": "{__typename}", "extensions": _unknown(n)}))
    ),
    "a batch": Kind(lambda n: Hostile("", "POST", b"/graphql", JSON, _dumped([{"query": "{__typename}"}] * n)), 4),
    "a batch that is none": Kind(lambda n: Hostile("", "POST", b"/graphql", JSON, _dumped([1] * n))),
}
DOCUMENTS: Mapping[str, Kind] = {
    "literals of _or": Kind(lambda n: _graphql("{users(limit:1 where:{_or:[" + "{id:{_eq:1}}" * n + "]}){id}}"), 16),
    "literals of _in": Kind(lambda n: _graphql("{users(limit:1 where:{id:{_in:[" + "1 " * n + "]}}){id}}"), 16),
    "fields": Kind(lambda n: _graphql("{users(limit:1){" + "id " * n + "}}"), 16),
    "aliases of fields": Kind(
        lambda n: _graphql("{users(limit:1){" + "".join(f"a{i}:id " for i in range(n)) + "}}"), 16
    ),
    "roots": Kind(lambda n: _graphql("{" + "".join(f"a{i}:users(limit:1){{id}}" for i in range(n)) + "}"), 16),
    "relations": Kind(
        lambda n: _graphql("{users(limit:1){" + "".join(f"a{i}:orders{{id}}" for i in range(n)) + "}}"), 16
    ),
    "levels of a document": Kind(lambda n: _graphql("{users(limit:1)" + "{parent" * n + "{id}" + "}" * n + "}"), 4),
    "an object of an insert": Kind(
        lambda n: _graphql("mutation{insert_orders(objects:[" + '{word:"x"}' * n + "]){affected_rows}}"), 16
    ),
    "mutations": Kind(
        lambda n: _graphql(
            "mutation{"
            + "".join(f"a{i}:delete_users(where:{{id:{{_eq:-1}}}}){{affected_rows}}" for i in range(n))
            + "}"
        ),
        16,
    ),
    "a long document": Kind(lambda n: _graphql("{users(limit:1){id}}" + "#" * n)),
    "unknown fields": Kind(lambda n: _graphql("{users(limit:1){" + "".join(f"k{i} " for i in range(n)) + "}}"), 16),
}

# --- headers, files ---------------------------------------------------------

HEADERS: Mapping[str, Kind] = {
    "cookies": Kind(lambda n: _with({"Cookie": b"; ".join([b"a=b"] * n)}), 64),
    "headers": Kind(lambda n: _with({f"X-{number}": b"x" for number in range(n)}), 16),
    "accepted types": Kind(lambda n: _with({"Accept": b",".join([b"a/b;q=0.1"] * n + [b"*/*"])}), 64),
    "accepted types of rows": Kind(
        lambda n: _get("/api/users/query", Accept=b",".join([b"a/b;q=0.1"] * n + [b"*/*"])), 64
    ),
    "preferences": Kind(lambda n: _get("/api/users/query", Prefer=b"count=x, " * n), 64),
    "encodings": Kind(lambda n: _with({"Accept-Encoding": b"x;q=0.1, " * n + b"gzip"}), 64),
    "an idempotency key": Kind(
        lambda n: Hostile(
            "", "DELETE", b"/api/users", JSON | {"Idempotency-Key": b"k" * n}, _dumped({"input": {"id": -1}})
        ),
        64,
    ),
    "a request id": Kind(lambda n: _with({"X-Request-Id": b"k" * n}), 64),
    "parameters of a type": Kind(
        lambda n: Hostile(
            "", "POST", b"/graphql", {"Content-Type": b"application/json" + b"; a=b" * n}, _dumped({"query": "{a}"})
        ),
        64,
    ),
}
FILES: Mapping[str, Kind] = {
    "columns of a file": Kind(lambda n: _file("users.csv", b",".join(b"k%d" % i for i in range(n)) + b"\n1\n")),
    "a column of a file again": Kind(lambda n: _file("users.csv", b"name," * n + b"name\n1\n")),
    "cells of a file": Kind(lambda n: _file("users.csv", b"name,age\n" + b"a," * n + b"1\n", "?dry_run=true")),
    "rows of a file": Kind(lambda n: _file("orders.csv", b"word\n" + b"abc\n" * n, "?dry_run=true")),
    "rows of a file that are wrong": Kind(lambda n: _file("users.csv", b"name,age\n" + b"a,x\n" * n, "?dry_run=true")),
    "quotes of a file": Kind(lambda n: _file("orders.csv", b'word\n"' + b'""' * n + b'"\n', "?dry_run=true")),
    "newlines of a cell": Kind(lambda n: _file("orders.csv", b'word\n"' + b"\n" * n, "?dry_run=true")),
    "a name of a file": Kind(lambda n: _file("x" * n + ".csv", b"name\nx\n")),
    "parts of an upload": Kind(
        lambda n: Hostile(
            "",
            "POST",
            b"/api/batch/import",
            MULTIPART,
            (b"--" + BOUNDARY.encode() + b'\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n') * n
            + b"--"
            + BOUNDARY.encode()
            + b"--\r\n",
        )
    ),
    "headers of a part": Kind(
        lambda n: Hostile(
            "",
            "POST",
            b"/api/batch/import",
            MULTIPART,
            b"--" + BOUNDARY.encode() + b"\r\n" + b"A: b\r\n" * n + b"\r\n--" + BOUNDARY.encode() + b"--\r\n",
        )
    ),
}

# --- over a WebSocket ---------------------------------------------------------

SOCKET = "WebSocket"
"""In place of a method: the body is the payload of an operation over a WebSocket."""
_DOUBLED = (
    "items of _or",
    "items of _and",
    "relations of _or",
    "members of _in",
    "order terms of variables",
    "a text of variables",
    "undeclared variables",
)
_WRITTEN = ("objects", "unknown fields of objects", "nested rows", "updates", "members appended")


def _over_socket(kind: Kind, word: bytes = b"query") -> Kind:
    def make(count: int) -> Hostile:
        return Hostile(
            "", SOCKET, b"/graphql", {}, kind.make(count).body.replace(b'"query":"query', b'"query":"' + word)
        )

    return Kind(make, kind.first, kind.most)


SOCKETS: Mapping[str, Kind] = {
    **{f"{name} over a WebSocket": _over_socket(VARIABLES[name]) for name in (*_DOUBLED, *_WRITTEN)},
    **{f"{name} of a subscription": _over_socket(VARIABLES[name], b"subscription") for name in _DOUBLED[:-1]},
    "fields over a WebSocket": _over_socket(DOCUMENTS["fields"]),
    "a message that is none": Kind(lambda n: Hostile("", SOCKET, b"/graphql", {}, _dumped([1] * n))),
    "extensions over a WebSocket": _over_socket(VARIABLES["extensions"]),
}
KINDS: Mapping[str, Kind] = {
    **REST_BODIES,
    **REST_ADDRESSES,
    **VARIABLES,
    **DOCUMENTS,
    **HEADERS,
    **FILES,
    **SOCKETS,
}
"""Every one."""
