"""`graphql-app check`: what the program finds at the database, and what is not as it should be."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from graphql_app.auth.configuration import Configuration
from graphql_app.cli.database import fetch, opened, read_structure, where
from graphql_app.cli.findings import Finding
from graphql_app.cli.hosts import host_findings
from graphql_app.cli.roles import Cascade, role_findings
from graphql_app.config.address import DatabaseAddress
from graphql_app.config.overrides_file import written
from graphql_app.config.settings import Settings
from graphql_app.engine.execute.ledger import TABLE
from graphql_app.engine.mysql.dial import Connection, ServerError
from graphql_app.server.errors import CannotRun
from schema_gen.catalog.model import Catalog, Table, TableKind
from schema_gen.catalog.suggest import suggestions

CLOCK_LIMIT = 5.0
"""Seconds by which the server's clock may differ from ours."""
MINIMUM = {"mysql": (8, 0), "mariadb": (10, 6)}
"""The oldest versions that are supported."""

WANTED = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE")
"""The privileges that the program uses; CREATE is for its ledger."""
UNVERIFIED = ", and any certificate is trusted (DB_SSL_CA takes the authority's; DB_SSL=verify checks the name too)"
_LIKE = {"%": ".*", "_": "."}
_GRANT = re.compile(r"^GRANT (.+?) (?:ON (.+?) )?TO ", re.DOTALL)


def run_check(settings: Settings, write: Callable[[str], None]) -> bool:
    """Writes the report; gives whether all is well. Raises `CannotRun` and `EmbeddedError`."""
    findings = asyncio.run(_findings(settings))
    for finding in findings:
        write(f"{finding.subject:<10} {'TROUBLE: ' if finding.trouble else ''}{finding.text}")
    troubles = sum(finding.trouble for finding in findings)
    write(f"{'result':<10} {f'{troubles} to be seen to' if troubles else 'all is well'}")
    return not troubles


def run_suggest(settings: Settings, write: Callable[[str], None]) -> None:
    """Writes the relations that names and types suggest, as `graphql_app.yaml` has them. Raises as `run_check`."""
    found = list(suggestions(asyncio.run(_catalog(settings))))
    write(written(found).rstrip() if found else "# Names and types suggest no relation that is not there already.")


async def _catalog(settings: Settings) -> Catalog:
    async with opened(settings) as (connection, address):
        try:
            return (await read_structure(connection, settings, address.name))[0]
        except ServerError as error:
            raise CannotRun(f"the structure cannot be read ({error.message})") from None


async def _findings(settings: Settings) -> list[Finding]:
    hosts = await host_findings(settings) if len(settings.addresses()) > 1 else []
    async with opened(settings) as (connection, address):
        found = [*hosts, *_place(settings, address, connection)]
        found += [await _server(connection), await _clock(connection), await _charset(connection)]
        found += await _privileges(connection, address.name)
        try:
            catalog, configuration = await read_structure(connection, settings, address.name)
        except ServerError as error:
            return [*found, Finding("tables", f"the structure cannot be read ({error.message})", trouble=True)]
        found += [
            *_tables(catalog),
            *await _roles(connection, catalog, configuration),
            await _ledger(connection, settings),
        ]
        return found


def _place(settings: Settings, address: DatabaseAddress, connection: Connection) -> Iterator[Finding]:
    kind = "the embedded engine" if settings.embedded else "a server"
    yield Finding(
        "database", f"{kind} at {where(address)}; encryption {address.ssl}{UNVERIFIED if address.unverified else ''}"
    )
    features = connection.features
    version = ".".join(str(part) for part in features.version)
    old = features.version < MINIMUM.get(features.flavour, ())
    yield Finding("engine", f"{features.flavour} {version}{', too old to be supported' if old else ''}", trouble=old)


async def _server(connection: Connection) -> Finding:
    version, comment = await _row(connection, "SELECT VERSION(), @@version_comment")
    return Finding("server", f"{version} ({comment})")


async def _clock(connection: Connection) -> Finding:
    asked = datetime.now(UTC)
    (text, zone) = await _row(connection, "SELECT UTC_TIMESTAMP(6), @@session.time_zone")
    ours = asked + (datetime.now(UTC) - asked) / 2
    behind = (ours - datetime.fromisoformat(text).replace(tzinfo=UTC)).total_seconds()
    differs = abs(behind) > CLOCK_LIMIT
    return Finding("clock", f"differs by {-behind:+.1f} s from ours; the session is at {zone}", trouble=differs)


async def _charset(connection: Connection) -> Finding:
    row = await _row(
        connection,
        "SELECT @@character_set_connection, @@character_set_database, @@collation_database, @@session.sql_mode",
    )
    session, database, collation, mode = row
    strict = "STRICT" in mode
    text = f"session {session}, database {database} ({collation}); {'strict' if strict else 'not strict'}"
    return Finding("charset", text, trouble=session != "utf8mb4" or not strict)


async def _privileges(connection: Connection, database: str) -> list[Finding]:
    (user,) = await _row(connection, "SELECT CURRENT_USER()")
    lines = [(cell or b"").decode("utf-8", "replace") for (cell,) in await fetch(connection, "SHOW GRANTS")]
    granted = [text for line in lines if (text := relevant_grant(line, database))]
    if not granted:
        return [Finding("user", f"{user} may do nothing in {database}", trouble=True)]
    return [Finding("user", user), *(Finding("", f"may {text}") for text in granted)]


def relevant_grant(line: str, database: str) -> str | None:
    """What a line of SHOW GRANTS says of `database`. The rest of the line may hold a password's hash."""
    grant = _GRANT.match(line)
    if grant is None:
        return None
    if grant[2] is None:
        return f"act in the role {grant[1]}"
    schema = grant[2].partition(".")[0].strip("`")
    pattern = re.sub(r"\\?[%_]|.", lambda found: _LIKE.get(found[0], re.escape(found[0][-1])), schema)
    # A privilege on some columns only is written SELECT (`a`, `b`).
    granted = {part.partition("(")[0].strip() for part in re.split(r",(?![^(]*\))", grant[1])}
    words = [word for word in WANTED if granted & {word, "ALL", "ALL PRIVILEGES"}]
    if not words or (schema != "*" and not re.fullmatch(pattern, database, re.IGNORECASE)):
        return None
    return f"{', '.join(words)} on {grant[2]}"


def _tables(catalog: Catalog) -> Iterator[Finding]:
    views = sum(table.kind is TableKind.VIEW for table in catalog)
    yield Finding(
        "tables", f"{len(catalog.tables) - views} tables and {views} views, {len(catalog.foreign_keys)} foreign keys"
    )
    for table in catalog:
        yield Finding("", f"{table.name}: {len(table.columns)} columns{_remarks(table)}")
    for skipped in catalog.skipped:
        yield Finding("skipped", f"{skipped.name}: {skipped.reason}")
    for note in catalog.notes:
        yield Finding("note", note)


async def _roles(connection: Connection, catalog: Catalog, configuration: Configuration) -> list[Finding]:
    if configuration.roles is None:
        return []
    rows = await fetch(
        connection,
        "SELECT TABLE_NAME, REFERENCED_TABLE_NAME, DELETE_RULE FROM information_schema.REFERENTIAL_CONSTRAINTS"
        " WHERE CONSTRAINT_SCHEMA = DATABASE() AND DELETE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT')"
        " ORDER BY REFERENCED_TABLE_NAME, TABLE_NAME",
    )
    cascades = [Cascade(*((cell or b"").decode("utf-8", "replace") for cell in row)) for row in rows]
    return list(role_findings(catalog, configuration, cascades))


def _remarks(table: Table) -> str:
    remarks = [
        text
        for wanted, text in (
            (table.kind is TableKind.VIEW, "a view"),
            (table.kind is TableKind.TABLE and not table.keys, "no key, so single rows cannot be addressed"),
            (not table.transactional, "its storage engine knows no transactions"),
            (not table.writable, "read only"),
        )
        if wanted
    ]
    return "".join(f"; {remark}" for remark in remarks)


async def _ledger(connection: Connection, settings: Settings) -> Finding:
    if settings.ledger == "off":
        return Finding("ledger", "off: a write whose answer is lost may be done twice")
    statement = (
        f"SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{TABLE}'"
    )
    (count,) = await _row(connection, statement)
    return Finding(
        "ledger", f"auto: {TABLE} {'is there' if count != '0' else 'is not there yet; it is made when needed'}"
    )


async def _row(connection: Connection, statement: str) -> tuple[str, ...]:
    (row,) = await fetch(connection, statement)
    return tuple((cell or b"").decode("utf-8", "replace") for cell in row)
