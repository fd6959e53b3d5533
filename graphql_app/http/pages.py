"""The pages for people: start page, rows, GraphiQL, REST documentation. All of it is from our own files.

Every address in a page is relative, so that it is right behind any proxy prefix. The pages hang one level below
that prefix (`/data`, `/graphiql`, `/docs`) or on it (`/`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from graphql_app.auth.identity import Identity, identity_of
from graphql_app.http.cached_content import CompressedContent, compressed_response
from graphql_app.http.negotiation import taken
from graphql_app.http.static_files import FOLDER, asset_response

Structure = Callable[[Identity], CompressedContent]
"""What the start page shows to a caller."""

# Scripts, styles and calls: our own address only, and nothing inline. No framing: a framed page could be made to run a
# mutation with a stolen click.
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
# GraphiQL's dialogs stop the page behind them from scrolling, by a style element of their own.
GRAPHIQL_HEADERS = {
    **PAGE_HEADERS,
    "Content-Security-Policy": f"{POLICY}; style-src 'self' 'unsafe-inline'",
    "Vary": "Accept",
}

JSON_TYPES = ("application/json", "application/graphql-response+json")


def page_routes(structure: Structure, *, graphiql: bool = True) -> list[BaseRoute]:
    """The routes of all pages and of their files.

    `structure` is asked at each view of the start page for what it shows, so that a reloaded
    schema shows at once; it may raise `AppError`. `graphiql` false leaves GraphiQL out (404).
    """

    def tables(request: Request) -> Response:
        return compressed_response(request, structure(identity_of(request.scope)))

    def asset(request: Request) -> Response:
        return asset_response(request, request.path_params["name"])

    def icon(request: Request) -> Response:
        return asset_response(request, "favicon.svg")

    routes: list[BaseRoute] = [
        Route("/", start_response, name="start"),
        Route("/structure.json", tables, name="structure"),
        Route("/data", data_response, name="data"),
        Route("/docs", docs_response, name="docs"),
        Route("/static/{name:path}", asset, name="static"),
        Route("/favicon.ico", icon, name="icon"),
    ]
    return [*routes, Route("/graphiql", graphiql_response, name="graphiql")] if graphiql else routes


def start_response(_request: Request) -> Response:
    """The start page over `structure.json`."""
    return HTMLResponse(read_page("start.html"), headers=PAGE_HEADERS)


def data_response(_request: Request) -> Response:
    """The page of a table's rows; which table, and how they are filtered, stands behind the `#` of its address."""
    return HTMLResponse(read_page("data.html"), headers=PAGE_HEADERS)


def graphiql_response(_request: Request) -> Response:
    """The GraphiQL page. Also for a GET of the GraphQL address by a browser: see `prefers_page`."""
    return HTMLResponse(read_page("graphiql.html"), headers=GRAPHIQL_HEADERS)


def graphiql_if_preferred(request: Request) -> Response | None:
    """GraphiQL for a browser that comes to a GraphQL address; None for a client that wants data.

    The page's links are right one level below the prefix; from `/v1/graphql` it is led there, on this very host.
    """
    if not prefers_page(request):
        return None
    if not request.url.path.endswith("/v1/graphql"):
        return graphiql_response(request)
    query = request.url.query
    return Response(status_code=307, headers={"Location": f"../graphql{'?' if query else ''}{query}", "Vary": "Accept"})


def docs_response(_request: Request) -> Response:
    """The Swagger UI page over `openapi.json`."""
    return HTMLResponse(read_page("docs.html"), headers=PAGE_HEADERS)


def prefers_page(request: Request) -> bool:
    """Whether a GET comes from somebody who would rather read a page than JSON.

    That is a client that names `text/html` and ranks it above every JSON type it names. `*/*` asks for no page.
    """
    found = taken(request.headers.get("accept", "").encode("latin-1"))
    return found.weight_of("text/html") > max(found.weight_of(name) for name in JSON_TYPES)


@cache
def read_page(name: str) -> str:
    """The text of one of our own HTML files."""
    return (FOLDER / name).read_text("utf-8")
