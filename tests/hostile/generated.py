"""Hostile requests without end, made from right ones and from the corpus by mutation; a seed makes the same ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from urllib.parse import quote

from tests.hostile import mutations, valid
from tests.hostile.corpus import BOUNDARY, JSON, MULTIPART, VALUES, Headers, Hostile, corpus
from tests.hostile.wire import Sent

_NO_TARGET = bytes(range(33)) + b"\x7f"
"""What ends an address or a header: a request with one of these is another one, made by `_torn`."""


def _dumped(value: object) -> bytes:
    return json.dumps(value).encode()


def _target(given: bytes) -> bytes:
    kept = bytes(byte for byte in given if byte not in _NO_TARGET)
    return kept if kept.startswith(b"/") else b"/" + kept


def _graphql(draw: Random) -> Hostile:
    document, variables = draw.choice(valid.OPERATIONS)
    return Hostile("", "POST", b"/graphql", JSON, _dumped({"query": document, "variables": variables}))


def _document(draw: Random) -> Hostile:
    """A document that is wrong, at times two in one."""
    document, variables = draw.choice(valid.OPERATIONS)
    if draw.random() < 0.2:
        document += draw.choice(valid.OPERATIONS)[0]
    return Hostile(
        "", "POST", b"/graphql", JSON, _dumped({"query": mutations.text(document, draw), "variables": variables})
    )


def _variables(draw: Random) -> Hostile:
    """Variables that do not fit, and what else stands in the body."""
    document, variables = draw.choice(valid.OPERATIONS)
    if draw.random() < 0.7:
        body: object = {"query": document, "variables": mutations.json_value(variables, draw)}
    else:
        body = mutations.json_value({"query": document, "variables": variables, "operationName": None}, draw)
    return Hostile("", "POST", b"/graphql", JSON, _dumped(body))


def _rest(draw: Random) -> Hostile:
    method, target, body = draw.choice(valid.BODIES)
    return Hostile("", method, target, JSON, _dumped(mutations.json_value(body, draw)))


def _address(draw: Random) -> Hostile:
    """A path or a query string that is wrong, in its words or in its bytes."""
    given = draw.choice(valid.ADDRESSES)
    if draw.random() < 0.3:
        return Hostile("", "GET", _target(mutations.raw(given, draw)), {})
    path, _, query = given.partition(b"?")
    made = quote(mutations.text(query.decode(), draw), safe="=&().,!*:", errors="surrogatepass")
    if draw.random() < 0.2:
        path = quote(mutations.text(path.decode(), draw), safe="/", errors="surrogatepass").encode()
    return Hostile("", "GET", _target(path + b"?" + made.encode()), {})


def _upload(draw: Random) -> Hostile:
    """A file that is wrong, or the multipart body around it."""
    upload = draw.choice(valid.UPLOADS)
    content = upload.content if draw.random() < 0.2 else mutations.raw(upload.content, draw)
    if draw.random() < 0.3:
        content = mutations.text(content.decode("utf-8", "replace"), draw).encode("utf-8", "surrogatepass")
    name = upload.name if draw.random() < 0.9 else mutations.text(upload.name, draw)
    boundary = BOUNDARY.encode()
    head = f'\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = b"--" + boundary + head.encode("utf-8", "surrogatepass") + content + b"\r\n--" + boundary + b"--\r\n"
    if draw.random() < 0.15:
        body = mutations.raw(body, draw)
    return Hostile("", "POST", b"/api/batch/import" + upload.query, MULTIPART, body)


def _headers(draw: Random) -> Hostile:
    """Any right request with headers that are strange, or are not for it."""
    base = draw.choice((_graphql, _plain))(draw)
    headers: Headers = dict(base.headers)
    for _ in range(draw.randint(1, 4)):
        name, value = draw.choice(valid.HEADERS)
        given = draw.choice((value, mutations.raw(value, draw), _bytes(draw.choice(VALUES))))
        headers[name] = bytes(byte for byte in given[:4000] if byte not in b"\r\n\0")
    return Hostile("", base.method, base.target, headers, base.body)


def _plain(draw: Random) -> Hostile:
    return Hostile("", "GET", draw.choice(valid.ADDRESSES), {})


def _body(draw: Random) -> Hostile:
    """A JSON body whose bytes are wrong."""
    if draw.random() < 0.5:
        base = _graphql(draw)
    else:
        method, target, body = draw.choice(valid.BODIES)
        base = Hostile("", method, target, JSON, _dumped(body))
    return Hostile("", base.method, base.target, base.headers, mutations.raw(base.body, draw))


def _bytes(value: object) -> bytes:
    return str(value).encode("utf-8", "surrogatepass")


_CORPUS = corpus()


def _known(draw: Random) -> Hostile:
    """One of the corpus, its address and body further mutated."""
    base = draw.choice(_CORPUS)
    target = _target(mutations.raw(base.target[:4000], draw)) if draw.random() < 0.5 else base.target
    body = mutations.raw(base.body, draw) if base.body else b""
    return Hostile("", base.method, target, base.headers, body)


MAKERS: dict[str, Callable[[Random], Hostile]] = {
    "document": _document,
    "variables": _variables,
    "REST body": _rest,
    "address": _address,
    "upload": _upload,
    "headers": _headers,
    "bytes of a body": _body,
    "corpus": _known,
}
TORN = "bytes of a request"
"""The kind whose requests need not be HTTP."""


def generated(count: int, seed: int, first: int = 0) -> Iterator[Sent]:
    """`count` requests from number `first` on; number N of a seed is the same in every run."""
    kinds = [*MAKERS, TORN]
    for number in range(first, first + count):
        kind = kinds[number % len(kinds)]
        draw = Random(f"{seed} {number}")
        name = f"{kind}, number {number} of seed {seed}"
        if kind == TORN:
            base = draw.choice([*MAKERS.values()])(draw)
            yield Sent(name, mutations.raw(base.wire, draw), torn=True)
        else:
            yield Sent(name, MAKERS[kind](draw).wire)
