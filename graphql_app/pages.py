"""The pages for people: start page, GraphiQL, REST documentation. All of it from our own files, none from elsewhere.

Every address in a page is relative, so that it is right behind any proxy prefix. The pages hang one level below
that prefix (`/graphiql`, `/docs`) or on it (`/`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from string import Template
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from graphql_app.static_files import FOLDER, asset_response

TableNames = Callable[[], Sequence[str]]

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

# Address (relative), title, what one finds there; the first is left out where GraphiQL is switched off.
PLACES = (
    ("graphiql", "GraphiQL", "Write and run GraphQL, read the schema."),
    ("docs", "REST API", "Every table's addresses, to read and to try."),
    ("openapi.json", "openapi.json", "The same for tools."),
)

COMMANDS = """\
curl {base}api/{table}/query
curl {base}api/{table}/export -o {table}.csv
curl {base}graphql -H 'Content-Type: application/json' -d '{{"query": "{{ __typename }}"}}'"""

JSON_TYPES = ("application/json", "application/graphql-response+json")


def page_routes(*, graphiql: bool = True, tables: TableNames | None = None) -> list[BaseRoute]:
    """The routes of all pages and of their files.

    `graphiql` false leaves GraphiQL out (404). `tables` is asked at each view of the start page for the names it lists,
    so that a reloaded schema shows at once.
    """

    def start(request: Request) -> Response:
        names = tables() if tables else ()
        base = str(request.url.replace(query=""))
        return HTMLResponse(start_page(base, names, graphiql=graphiql), headers=PAGE_HEADERS)

    def asset(request: Request) -> Response:
        return asset_response(request, request.path_params["name"])

    def icon(request: Request) -> Response:
        return asset_response(request, "favicon.svg")

    routes: list[BaseRoute] = [
        Route("/", start, name="start"),
        Route("/docs", docs_response, name="docs"),
        Route("/static/{name:path}", asset, name="static"),
        Route("/favicon.ico", icon, name="icon"),
    ]
    return [*routes, Route("/graphiql", graphiql_response, name="graphiql")] if graphiql else routes


def graphiql_response(_request: Request) -> Response:
    """The GraphiQL page. Also for a GET of the GraphQL address by a browser: see `prefers_page`."""
    return HTMLResponse(read_page("graphiql.html"), headers=GRAPHIQL_HEADERS)


def docs_response(_request: Request) -> Response:
    """The Swagger UI page over `openapi.json`."""
    return HTMLResponse(read_page("docs.html"), headers=PAGE_HEADERS)


def prefers_page(request: Request) -> bool:
    """Whether a GET comes from somebody who would rather read a page than JSON.

    That is a client that names `text/html` and ranks it above every JSON type it names. `*/*` asks for no page.
    """
    ranks = accepted(request.headers.get("accept", ""))
    return ranks.get("text/html", 0.0) > max(ranks.get(name, 0.0) for name in JSON_TYPES)


def accepted(header: str) -> dict[str, float]:
    """An Accept header as media type -> q, without other parameters. A malformed q counts as 0."""
    ranks: dict[str, float] = {}
    for item in header.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        q = next((value[2:] for value in parameters if value.startswith("q=")), "1")
        ranks[name] = float(q) if q.replace(".", "", 1).isdecimal() else 0.0
    return ranks


def start_page(base: str, tables: Sequence[str], *, graphiql: bool) -> str:
    """The start page's HTML. `base` is the address it was asked under, with a slash at the end."""
    commands = COMMANDS.format(base=base, table=quote(tables[0], safe="") if tables else "users")
    shown = PLACES if graphiql else PLACES[1:]
    return Template(read_page("start.html")).substitute(
        places="\n".join(place_item(*place) for place in shown),
        tables=table_section(tables, graphiql=graphiql),
        commands=escape(commands),
    )


def place_item(address: str, title: str, text: str) -> str:
    """One entry of the start page's list of pages."""
    return f'          <li><a href="{address}"><strong>{title}</strong> {text}</a></li>'


def table_section(tables: Sequence[str], *, graphiql: bool) -> str:
    """The start page's list of tables with links to their rows; empty where there are none."""
    if not tables:
        return ""
    items = "\n".join(table_item(name, graphiql=graphiql) for name in tables)
    heading = '<h2 id="tables">Tables</h2>'
    return f'<section aria-labelledby="tables">\n{heading}\n<ul class="tables">\n{items}\n</ul>\n</section>'


def table_item(name: str, *, graphiql: bool) -> str:
    """One table and the ways into it."""
    path = quote(name, safe="")
    links = [(f"graphiql?table={path}", "GraphQL")] if graphiql else []
    links += [(f"api/{path}/query?limit=20", "JSON"), (f"api/{path}/export", "CSV")]
    label = escape(name)
    anchors = " ".join(f'<a href="{href}" aria-label="{label} as {text}">{text}</a>' for href, text in links)
    return f"<li><code>{label}</code> <span>{anchors}</span></li>"


@cache
def read_page(name: str) -> str:
    """The text of one of our own HTML files."""
    return (FOLDER / name).read_text("utf-8")
