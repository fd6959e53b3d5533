"""The command line: serve, demo, check, schema, import, export. Thin: each command calls what does the work."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from graphql_app.cli.banner import demo_banner, own_command
from graphql_app.config.settings import Settings
from graphql_app.config.sources import SettingsError, load_settings, misspelt_settings, use_embedded
from graphql_app.embedded.errors import EmbeddedError
from graphql_app.errors import AppError
from graphql_app.server.errors import CannotRun

DEMO_DATABASE = "demo"

commands = typer.Typer(
    name="graphql-app",
    epilog="Settings come from the environment or a .env file; options win over both.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Host = Annotated[str | None, typer.Option(help="The address to listen on (HOST).")]
Port = Annotated[int | None, typer.Option(help="The port to listen on (PORT).")]
Workers = Annotated[int | None, typer.Option(help="Server processes (WORKERS).")]


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line. A wrong setting ends it with status 2, any other failure with 1, both with one line."""
    try:
        commands(arguments)
    except SettingsError as error:
        _give_up(error, 2)
    except (CannotRun, EmbeddedError) as error:
        _give_up(error, 1)


def _give_up(error: Exception, status: int) -> None:
    typer.echo(f"graphql-app: {error}", err=True)
    raise SystemExit(status) from None


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"graphql-app {version('graphql-app')}")
        raise typer.Exit


@commands.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version, and end.")
    ] = False,
) -> None:
    """GraphQL, REST and CSV over every table of a MySQL-compatible database."""


@commands.command()
def serve(host: Host = None, port: Port = None, workers: Workers = None) -> None:
    """Serve the database that the settings name, or the embedded one."""
    from graphql_app.server.serving import run_server

    run_server(_settings(host, port, workers))


@commands.command()
def demo(
    host: Host = None,
    port: Port = None,
    reset: Annotated[bool, typer.Option("--reset", help="Make the sample's tables as they were at first.")] = False,
) -> None:
    """Serve a sample database in the embedded engine, whatever database the settings name."""
    from graphql_app.server.serving import Sample, run_server

    use_embedded(DEMO_DATABASE)
    settings = _settings(host, port, 1)
    run_server(
        settings,
        sample=Sample.ANEW if reset else Sample.IF_EMPTY,
        announce=lambda at: typer.echo(demo_banner(at, settings, own_command())),
    )


@commands.command()
def check(
    query: Annotated[str | None, typer.Argument(help="With --role: a GraphQL request, whose SQL is printed.")] = None,
    suggest: Annotated[bool, typer.Option(help="Print relations that names and types suggest, as YAML.")] = False,
    role: Annotated[str | None, typer.Option(help="The role that asks QUERY; nothing is executed.")] = None,
    variables: Annotated[
        list[str] | None, typer.Option("--as", help="A session variable: x-hasura-user-id=5. As often as needed.")
    ] = None,
) -> None:
    """Connect, and tell what is found and what is not as it should be; exit status 1 on trouble."""
    from graphql_app.cli.check import run_check, run_suggest

    if role is not None or query is not None:
        from graphql_app.cli.role_sql import print_role_sql

        if role is None or query is None:
            raise CannotRun("--role and a request go together: graphql-app check --role user '{ orders { id } }'")
        print_role_sql(_settings(tell=True), role, _session(variables or []), query, typer.echo)
    elif suggest:
        run_suggest(_settings(tell=True), typer.echo)
    elif not run_check(_settings(tell=True), typer.echo):
        raise typer.Exit(1)


def _session(variables: list[str]) -> dict[str, str]:
    """Session variables by name, as `--as` gives them."""
    found = {}
    for each in variables:
        name, equals, value = each.partition("=")
        if not equals or not name.lower().startswith("x-hasura-"):
            raise CannotRun(
                f"--as takes a session variable and its value, such as x-hasura-user-id=5, and not '{each}'"
            )
        found[name.lower()] = value
    return found


@commands.command()
def schema(role: Annotated[str | None, typer.Option(help="As this role sees it.")] = None) -> None:
    """Print the GraphQL schema (SDL)."""
    from graphql_app.cli.sdl import print_schema

    print_schema(_settings(tell=True), typer.echo, role)


@commands.command("import")
def import_(
    files: Annotated[
        list[Path], typer.Argument(help="Files named like their tables: users.csv, users.tsv, users.ndjson.")
    ],
    mode: Annotated[str, typer.Option(help="insert, upsert, update or ignore.")] = "insert",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Try everything, and write nothing.")] = False,
    table: Annotated[str | None, typer.Option(help="The table, whatever the files are called.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="Between cells: comma, semicolon, tab, pipe or such.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Such as utf-8, utf-16, cp1252.")] = None,
    decimal: Annotated[str | None, typer.Option(help="The decimal mark: point or comma.")] = None,
    dates: Annotated[str | None, typer.Option(help="The order of dates: iso, dmy, mdy or ymd.")] = None,
    null: Annotated[str | None, typer.Option(help="The word for NULL.")] = None,
) -> None:
    """Import files of CSV or JSON lines, their form recognised if not said; exit status 1 if a row is refused."""
    from graphql_app.cli.import_ import import_files
    from graphql_app.csv_io.detect import given_form
    from graphql_app.csv_io.importing import Options
    from graphql_app.engine.request.bulk import BulkMode

    if mode not in [each.value for each in BulkMode]:
        raise CannotRun(f"--mode takes one of {', '.join(BulkMode)}")
    said = {"delimiter": delimiter, "encoding": encoding, "decimal": decimal, "dates": dates, "null": null}
    try:
        given = given_form({name: text for name, text in said.items() if text is not None})
    except AppError as error:
        raise CannotRun(error.message) from None
    failed = False
    for report, bad in import_files(_settings(tell=True), files, Options(BulkMode(mode), dry_run, given), table):
        typer.echo(f"{report.table}: {report.imported} of {report.total} rows imported, {report.failed} refused")
        for row in bad:
            typer.echo(f"  line {row.line}: {row.code}: {row.message}", err=True)
        failed = failed or report.failed > 0
    if failed:
        raise typer.Exit(1)


@commands.command()
def export(
    table: str,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file; standard output by default.")] = None,
    spreadsheet: Annotated[
        bool, typer.Option("--spreadsheet", help="Guard cells that a spreadsheet would run.")
    ] = False,
) -> None:
    """Export a table as CSV."""
    from graphql_app.cli.export import export_table
    from graphql_app.cli.progress import progress

    settings = _settings(tell=True)
    with progress(table, None) as advance:
        if output is None:
            export_table(settings, table, sys.stdout.buffer, advance, spreadsheet=spreadsheet)
            return
        # A file of this name is a whole one.
        part = output.with_name(f"{output.name}.part")
        with part.open("wb") as out:
            export_table(settings, table, out, advance, spreadsheet=spreadsheet)
        part.replace(output)


def _settings(
    host: str | None = None, port: int | None = None, workers: int | None = None, *, tell: bool = False
) -> Settings:
    """The settings, options first; server processes read the same from their environment.

    `tell` names what is nearly a setting, on standard error; a server's log does so by itself.
    """
    for name, option in (("HOST", host), ("PORT", port), ("WORKERS", workers)):
        if option is not None:
            os.environ[name] = str(option)
    settings = load_settings()
    if tell:
        for line in misspelt_settings():
            typer.echo(f"graphql-app: {line}", err=True)
    return settings
