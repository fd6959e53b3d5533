"""The corpus of hostile HTTP requests: nasty values in every place that takes one, and requests that are wrong by form.

All of it is for the sample database; nothing in it may change `users`: keys of the rows written are unused or wrong.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

Headers = dict[str, bytes]
BOUNDARY = "b0undary"
MULTIPART: Headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}".encode()}
JSON: Headers = {"Content-Type": b"application/json"}


@dataclass(frozen=True, slots=True)
class Hostile:
    """One request, as its bytes are to be written."""

    name: str
    method: str
    target: bytes
    headers: Headers
    body: bytes = b""

    @property
    def wire(self) -> bytes:
        """The bytes."""
        lines = [f"{self.method} ".encode() + self.target + b" HTTP/1.1", b"Host: localhost"]
        lines += [name.encode() + b": " + value for name, value in self.headers.items()]
        if self.body or self.method in ("POST", "PUT", "DELETE", "PATCH"):
            lines.append(b"Content-Length: %d" % len(self.body))
        return b"\r\n".join([*lines, b"", self.body])


VALUES: tuple[object, ...] = (
    "' OR '1'='1",
    "'; DROP TABLE users; -- ",
    "\\'; DROP TABLE users; -- ",
    "1; DROP TABLE users",
    "x' UNION SELECT 1 -- ",
    "`users`",
    "users`; DROP TABLE users; -- ",
    '"',
    "'",
    "\\",
    "\\\\'",
    "%",
    "%' AND SLEEP(9) -- ",
    "_",
    "/*",
    "*/",
    "-- ",
    "#",
    "\0",
    "a\0b",
    "\x1a",
    "\x08\x7f",
    "\r\n",
    "\ud800",
    "\udfff\ud800",
    "\ufeff",
    "\u202e",
    "\U0001f600" * 9,
    "é" * 300,
    "x" * 70_000,
    "(" * 400,
    ")" * 400,
    "{" * 400,
    "[[[[[",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "file:///etc/passwd",
    "NULL",
    "null",
    "true",
    "NaN",
    "Infinity",
    "-0",
    "1e999",
    "1e-999",
    "9" * 5000,
    "0x1F",
    "1_000",
    " 1",
    "١٢٣",
    "2024-02-30",
    "0000-00-00",
    "@@version",
    "users.id",
    "INFORMATION_SCHEMA.TABLES",
    "__proto__",
    "constructor",
    "__typename",
    "=cmd|' /C calc'!A0",
    "\t=1+1",
    "",
)
"""Texts that have broken something somewhere."""


def _json(value: object) -> bytes:
    # Surrogates as escapes, as clients would send them.
    return json.dumps(value).encode()


def _url(value: object) -> bytes:
    return quote(str(value).encode("utf-8", "surrogatepass"), safe="").encode()


def _graphql(query: str, **variables: object) -> tuple[str, bytes, Headers, bytes]:
    return "POST", b"/graphql", JSON, _json({"query": query, "variables": variables})


def _get(target: bytes) -> tuple[str, bytes, Headers, bytes]:
    return "GET", target, {}, b""


def _rest(method: str, target: bytes, body: object) -> tuple[str, bytes, Headers, bytes]:
    return method, target, JSON, _json(body)


def _file(name: bytes, content: bytes) -> tuple[str, bytes, Headers, bytes]:
    head = b'--%b\r\nContent-Disposition: form-data; name="file"; filename="%b"\r\n\r\n' % (BOUNDARY.encode(), name)
    return "POST", b"/api/batch/import?dry_run=true", MULTIPART, head + content + b"\r\n--%b--\r\n" % BOUNDARY.encode()


def _bytes(value: object) -> bytes:
    return str(value).encode("utf-8", "surrogatepass")


def _header(value: object) -> bytes:
    # What no client can put into a header without ending it is another request.
    return bytes(byte for byte in _bytes(value)[:8000] if byte not in b"\r\n\0")


Place = Callable[[object], tuple[str, bytes, Headers, bytes]]
PLACES: dict[str, Place] = {
    "graphql value": lambda v: _graphql("query($v:String){users(where:{name:{_eq:$v}}){id}}", v=v),
    "graphql literal": lambda v: _graphql(f"{{users(where:{{name:{{_in:[{json.dumps(v)}]}}}}){{id}}}}"),
    "graphql pattern": lambda v: _graphql("query($v:String){users(where:{name:{_ilike:$v}}){id}}", v=v),
    "graphql key": lambda v: _graphql("query($v:Int!){users_by_pk(id:$v){id}}", v=v),
    "graphql name": lambda v: _graphql(f"{{users{{{v}}}}}"),
    "graphql operation name": lambda v: (
        "POST",
        b"/graphql",
        JSON,
        _json({"query": "query A{users{id}} query B{users{id}}", "operationName": v}),
    ),
    "graphql order": lambda v: _graphql("query($v:[users_order_by!]){users(order_by:$v){id}}", v=[{str(v): v}]),
    "cursor": lambda v: _graphql("query($v:String){users_connection(first:1,after:$v){edges{cursor}}}", v=v),
    "limit": lambda v: _graphql("query($v:Int){users(limit:$v){id}}", v=v),
    "json path": lambda v: _graphql("query($v:String){users(where:{name:{_regex:$v}}){id}}", v=v),
    "graphql by url": lambda v: _get(b"/graphql?query=" + _url(v)),
    "rest value": lambda v: _rest("POST", b"/api/users/query", {"input": {"name": v, "age": v}}),
    "rest column": lambda v: _rest("POST", b"/api/users/query", {"input": {str(v): 1}}),
    "rest write": lambda v: _rest("PUT", b"/api/users", {"input": {"age": v}, "where": {"id": -1}}),
    "table": lambda v: _get(b"/api/" + _url(v) + b"/query"),
    "filter": lambda v: _get(b"/api/users/query?name=eq." + _url(v)),
    "filter list": lambda v: _get(b"/api/users/query?name=in.(" + _url(v) + b")"),
    "filter operator": lambda v: _get(b"/api/users/query?name=" + _url(v)),
    "filter column": lambda v: _get(b"/api/users/query?" + _url(v) + b"=eq.1"),
    "filter tree": lambda v: _get(b"/api/users/query?or=" + _url(v)),
    "order": lambda v: _get(b"/api/users/query?order=" + _url(v)),
    "select": lambda v: _get(b"/api/users/query?select=" + _url(v)),
    "page": lambda v: _get(b"/api/users/query?limit=" + _url(v) + b"&offset=" + _url(v)),
    "export": lambda v: _get(b"/api/users/export?format=" + _url(v)),
    "csv header": lambda v: _file(b"users.csv", _bytes(v) + b",name\n1,2\n"),
    "csv cell": lambda v: _file(b"users.csv", b"name,email,age\nx," + _bytes(v) + b",1\n"),
    "file name": lambda v: _file(_bytes(v), b"name\nx\n"),
    "header": lambda v: (
        "POST",
        b"/graphql",
        {"Content-Type": b"application/json", "Accept": _header(v), "Prefer": _header(v), "X-Request-Id": _header(v)},
        b'{"query":"{__typename}"}',
    ),
    "content type": lambda v: ("POST", b"/graphql", {"Content-Type": _header(v)}, b'{"query":"{__typename}"}'),
    "idempotency key": lambda v: (
        "DELETE",
        b"/api/users",
        {**JSON, "Idempotency-Key": _header(v)},
        b'{"input":{"id":-1}}',
    ),
    "origin": lambda v: ("GET", b"/graphql?query={__typename}", {"Origin": _header(v)}, b""),
}
"""Every place that takes something from a client."""

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "a number": b"1",
    "a text": b'"x"',
    "null": b"null",
    "true": b"true",
    "a list": b"[]",
    "lists": b"[[[]]]",
    "an empty object": b"{}",
    "half an object": b'{"query":',
    "deep lists": b"[" * 100_000,
    "deep, closed": b"[" * 5000 + b"]" * 5000,
    "deep objects": b'{"a":' * 50_000,
    "not UTF-8": b'{"query":"\xff\xfe"}',
    "UTF-16": '{"query":"{__typename}"}'.encode("utf-16"),
    "a long integer": b'{"query":' + b"9" * 5000 + b"}",
    "a long integer below": b'{"query":"{__typename}","variables":{"a":' + b"9" * 5000 + b"}}",
    "NaN": b'{"query":"{__typename}","variables":{"a":NaN}}',
    "infinity": b'{"input":{"age":1e999999}}',
    "minus infinity": b'{"input":{"age":-Infinity}}',
    "half a surrogate": b'{"input":{"name":"\\ud800"}}',
    "the other half": b'{"query":"\\udc00"}',
    "NUL": b'{"input":{"name":"\\u0000"}}',
    "a raw NUL": b'{"input":{"name":"\0"}}',
    "a key twice": b'{"input":{"id":1},"input":{}}',
    "comments": b'{"input":{/* */"id":1}}',
    "a BOM": b'\xef\xbb\xbf{"input":{}}',
    "trailing": b'{"input":{"id":-1}} x',
    "gzip": b"\x1f\x8b\x08\x00",
    "XML": b"<a/>",
    "a form": b"query={__typename}",
    "a batch": b'[{"query":"{__typename}"},1,null,"x",[],{"query":1}]',
    "a large batch": b"[" + b'{"query":"{a}"},' * 200 + b"{}]",
    "variables that are a list": b'{"query":"{__typename}","variables":[1]}',
    "extensions": b'{"query":"{a}","extensions":1}',
    "persisted": b'{"extensions":{"persistedQuery":{"sha256Hash":1,"version":"x"}}}',
    "query is a list": b'{"query":["{a}"]}',
    "input is a text": b'{"input":"x"}',
    "input is null": b'{"input":null}',
    "input is a list of lists": b'{"input":[[1]]}',
    "where alone": b'{"where":{"id":1}}',
    "empty conditions": b'{"input":{},"where":{}}',
    "unknown parts": b'{"inputs":{"id":1}}',
    "an object as value": b'{"input":{"id":{"$ne":1}}}',
    "a list of objects": b'{"input":{"id":[{"a":1},null,[1]]}}',
}
"""Bodies that are wrong by form."""


def _by_place() -> Iterator[Hostile]:
    for place, make in PLACES.items():
        for number, value in enumerate(VALUES):
            yield Hostile(f"{place} {number}", *make(value))


def _by_body() -> Iterator[Hostile]:
    for name, body in BODIES.items():
        for method, target in (
            ("POST", b"/graphql"),
            ("POST", b"/api/users/query"),
            ("PUT", b"/api/users"),
            ("DELETE", b"/api/users"),
        ):
            yield Hostile(f"{name} to {target.decode()}", method, target, JSON, body)


# What a form of another site can send without asking, and kinds that are nearly JSON.
_FORM_TYPES = (
    b"application/x-www-form-urlencoded",
    b"text/plain",
    b"multipart/form-data; boundary=x",
    b"",
    b"text/html",
    b"application/json; charset=utf-16",
    b"application/jsonp",
    b"application/graphql",
    b"application/json, text/plain",
)

# Addresses that climb, repeat, stop short or cannot be decoded.
_ADDRESSES = (
    b"/..",
    b"/../../etc/passwd",
    b"//",
    b"/%2e%2e/%2e%2e/etc/passwd",
    b"/static/../app.py",
    b"/api",
    b"/api/",
    b"/api//query",
    b"/api/users/query?" + b"&" * 2000,
    b"/api/users/query?a=1" * 50,
    b"/api/%00/query",
    b"/api/%ff/query",
    b"/api/users%00/query",
    b"/api/users/query?%ff=%ff",
    b"/api/users/query?=",
    b"/api/users/query?select",
    b"/graphql?query=%ff",
    b"/graphql?query",
    b"/graphql?variables={",
    b"/graphql?query={a}&variables=[]",
    b"/graphql?query={a}&query={b}",
    b"/graphql?" + b"a=1&" * 500,
    b"/api/" + b"x" * 8000,
    b"/static/%2e%2e/settings.py",
    b"/docs/..%5c..",
    b"/openapi.json?x=%00",
    b"/admin/reload",
    b"/api/batch/users/export?select=" + b"a," * 1000,
    b"/api/users/query?or=(" + b"or(" * 300,
    b"/graphiql?query=%00",
)


def _by_form() -> Iterator[Hostile]:
    """Cross-site forms, methods, encodings, addresses: each for both APIs."""
    mutation = b"mutation{delete_users(where:{}){affected_rows}}"
    for kind in _FORM_TYPES:
        body = b'{"query":"' + mutation + b'"}'
        yield Hostile(f"form {kind!r}", "POST", b"/graphql", {"Content-Type": kind, "Origin": b"http://evil"}, body)
        yield Hostile(f"form {kind!r} to REST", "DELETE", b"/api/users", {"Content-Type": kind}, b'{"input":{"id":1}}')
    yield Hostile("mutation by GET", "GET", b"/graphql?query=" + _url(mutation.decode()), {})
    for method in ("PATCH", "OPTIONS", "TRACE", "HEAD", "PROPFIND", "DELETE", "PUT"):
        for target in (b"/graphql", b"/api/users/query", b"/metrics", b"/", b"/nope"):
            yield Hostile(f"{method} {target.decode()}", method, target, {})
    for encoding in (b"gzip", b"br", b"deflate", b"identity, gzip", b"x" * 500):
        yield Hostile(f"encoded {encoding[:9]!r}", "POST", b"/graphql", {**JSON, "Content-Encoding": encoding}, b"x")
    for target in _ADDRESSES:
        yield Hostile(f"GET {target[:40]!r}", "GET", target, {})
    for name, value in (
        ("Range", b"bytes=0-,1-,2-"),
        ("Accept", b"q" * 5000),
        ("Accept-Encoding", b"*;q=x"),
        ("If-None-Match", b'"'),
    ):
        for target in (b"/", b"/graphiql", b"/openapi.json", b"/api/users/export"):
            yield Hostile(f"{name} for {target.decode()}", "GET", target, {name: value})


def corpus() -> list[Hostile]:
    """All of it."""
    return [*_by_place(), *_by_body(), *_by_form()]
