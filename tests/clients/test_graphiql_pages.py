"""The routes of the pages: what they answer, with which headers, and what they refuse. No browser, no database."""

from __future__ import annotations

import gzip
import json

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from graphql_app.auth.identity import Identity
from graphql_app.http.cached_content import CompressedContent, compress
from graphql_app.http.pages import graphiql_response, page_routes, prefers_page
from graphql_app.http.static_files import FOLDER, names

pytestmark = pytest.mark.anyio

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
PAGES = ("/", "/data", "/graphiql", "/docs")


def graphql(request: Request) -> Response:
    """How the GraphQL address chooses between page and data."""
    return graphiql_response(request) if prefers_page(request) else PlainTextResponse("data")


SHOWN = ["before"]


def structure(_identity: Identity) -> CompressedContent:
    """What the start page is given."""
    return compress(json.dumps(SHOWN).encode(), "application/json")


def client(*, graphiql: bool = True, prefix: str = "") -> httpx.AsyncClient:
    routes = [*page_routes(structure, graphiql=graphiql), Route("/graphql", graphql)]
    app = Starlette(routes=[Mount(prefix, routes=routes)] if prefix else routes)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server.test")


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_html_under_a_strict_policy(path: str) -> None:
    async with client() as http:
        answer = await http.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert "script-src" not in policy  # then `default-src` governs scripts: own files, nothing inline, no eval
    assert ("'unsafe-inline'" in policy.get("style-src", "")) == (path == "/graphiql")
    assert "http" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


async def test_every_shipped_file_has_its_media_type() -> None:
    wanted = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    async with client() as http:
        for name in sorted(names()):
            answer = await http.get(f"/static/{name}")
            assert answer.content == (FOLDER / name).read_bytes()
            assert answer.headers["x-content-type-options"] == "nosniff"
            media_type = answer.headers["content-type"].partition(";")[0]
            assert media_type == wanted.get(name[name.rindex(".") :], media_type), name
    assert {
        "graphiql.js",
        "vendor/graphiql.js",
        "vendor/swagger-ui-bundle.js",
        "vendor/graphiql.LICENSES.txt",
    } <= names()


@pytest.mark.parametrize(
    "path",
    [
        "nothing.js",
        "",
        "graphiql.html",
        "../pages.py",
        "%2e%2e/pages.py",
        "..%2fpages.py",
        "vendor",
        "%00",
        "/etc/passwd",
    ],
)
async def test_nothing_else_is_served(path: str) -> None:
    async with client() as http:
        answer = await http.get(httpx.URL("http://server.test").copy_with(raw_path=f"/static/{path}".encode()))
    assert answer.status_code == 404


async def test_a_file_is_compressed_where_the_client_can_read_that() -> None:
    name = "/static/vendor/graphiql.js"
    async with client() as http:
        async with http.stream("GET", name, headers={"Accept-Encoding": "gzip"}) as packed:
            body = b"".join([part async for part in packed.aiter_raw()])
        plain = await http.get(name, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(body) == plain.content
    assert len(body) < len(plain.content) / 2


@pytest.mark.parametrize(
    ("sent", "status"),
    [("{tag}", 304), ('"other", {tag}', 304), ("*", 304), ("{strong}", 304), ('"other"', 200), ("", 200)],
)
async def test_a_file_the_client_has_is_not_sent_again(sent: str, status: int) -> None:
    async with client() as http:
        first = await http.get("/static/graphiql.js")
        tag = first.headers["etag"]
        header = sent.format(tag=tag, strong=tag.removeprefix("W/"))
        again = await http.get("/static/graphiql.js", headers={"If-None-Match": header})
    assert (again.status_code, again.headers["etag"]) == (status, tag)
    assert again.content == (b"" if status == 304 else first.content)
    assert first.headers["cache-control"] == "no-cache"


async def test_graphiql_can_be_switched_off() -> None:
    async with client(graphiql=False) as http:
        assert (await http.get("/graphiql")).status_code == 404
        assert 'id="graphiql" hidden' in (await http.get("/")).text


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (CHROME, True),
        ("text/html", True),
        ("TEXT/HTML; charset=utf-8", True),
        ("text/html;q=0.9, application/json;q=0.1", True),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/graphql-response+json, text/html;q=0.5", False),
        ("application/json, text/html", False),
        ("text/html;q=0", False),
        ("text/html;q=nonsense", False),
    ],
)
async def test_the_graphql_address_shows_the_page_to_browsers_only(accept: str, page: bool) -> None:
    async with client() as http:
        answer = await http.get("/graphql", headers={"Accept": accept})
    assert (answer.text != "data") == page
    assert not page or ('id="graphiql"' in answer.text and "Accept" in answer.headers["vary"])


async def test_the_structure_is_asked_for_at_each_view() -> None:
    async with client() as http:
        first = await http.get("/structure.json")
        assert first.json() == ["before"]
        again = await http.get("/structure.json", headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304
        SHOWN[0] = "after"
        try:
            assert (await http.get("/structure.json")).json() == ["after"]
        finally:
            SHOWN[0] = "before"


async def test_the_pages_hold_nothing_of_a_request() -> None:
    async with client() as http:
        plain = await http.get("/")
        hostile = await http.get("/?<script>alert(1)</script>", headers={"Host": 'x"><script>alert(1)</script>'})
    assert hostile.text == plain.text


async def test_below_a_prefix_every_address_still_leads_to_its_place() -> None:
    async with client(prefix="/db") as http:
        for page in PAGES:
            base = httpx.URL(f"http://server.test/db{page}")
            html = (await http.get(base)).text
            for address in {part.split('"')[0] for part in html.split('href="')[1:] + html.split('src="')[1:]}:
                target = base.join(address)
                assert target.path.startswith("/db/"), (page, address)
                if target.path.startswith("/db/static/"):
                    assert (await http.get(target)).status_code == 200, (page, address)


async def test_a_head_request_gets_the_headers_of_the_page() -> None:
    async with client() as http:
        for path in (*PAGES, "/static/graphiql.js", "/favicon.ico"):
            assert (await http.head(path)).status_code == 200
