"""What `graphql-app check` tells of several servers: their roles, how far behind, and settings that cost time."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator

from graphql_app.cli.database import fetch
from graphql_app.cli.findings import Finding
from graphql_app.config.settings import Settings
from graphql_app.engine.mysql.dial import Connection, ConnectionLost, ServerError, Target
from graphql_app.engine.mysql.host_roles import HostRole
from graphql_app.engine.mysql.hosts import Host
from graphql_app.engine.sql.dialects import Flavour
from graphql_app.observability.events import ignore

_LIMIT = 5.0
_SUSPECT = re.compile(r"evs\.suspect_timeout = PT([\d.]+)S")
_LONG_SUSPICION = 2.0
_BEHIND = (b"seconds_behind_source", b"seconds_behind_master")


async def host_findings(settings: Settings) -> list[Finding]:
    """A line for each server, and what should be known of the set of them."""
    hosts = [Host(Target.of(address), ignore) for address in settings.addresses()]
    found: list[Finding] = []
    for number, host in enumerate(hosts):
        text = await _line(host)
        unfit = host.role in (HostRole.AWAY, HostRole.UNFIT)
        found.append(Finding("" if number else "hosts", text[0], trouble=unfit))
        found += [Finding("", f"  {remark}") for remark in text[1:]]
    return [*found, *_together(hosts)]


async def _line(host: Host) -> list[str]:
    try:
        connection = await host.ask(_LIMIT, 2)
    except (ConnectionLost, ServerError):
        return [f"{host.place}: away: {host.words()}"]
    try:
        behind = await _behind(connection) if host.role is HostRole.READER else ""
        return [f"{host.place}: {host.role}{behind}", *[remark async for remark in _remarks(host, connection)]]
    except (ConnectionLost, ServerError) as error:
        return [f"{host.place}: {host.role}", f"it stopped answering (error {error.code})"]
    finally:
        connection.close()


async def _behind(connection: Connection) -> str:
    """How far a replica is behind, as it says itself. Not every account may ask."""
    words = b"SLAVE" if connection.features.flavour is Flavour.MARIADB else b"REPLICA"
    try:
        (told,) = await connection.query(b"SHOW %s STATUS" % words)
    except ServerError:
        return ", how far behind is not told to this account (REPLICATION CLIENT)"
    for row in told.rows:
        cells = dict(zip((name.lower().encode() for name in told.columns), row, strict=True))
        seconds = next((cells[name] for name in _BEHIND if name in cells), None)
        return ", its replication stands still" if seconds is None else f", {seconds.decode()} s behind"
    return ""


async def _remarks(host: Host, connection: Connection) -> AsyncIterator[str]:
    """What costs time, or writes, when this server fails."""
    told = await fetch(
        connection,
        "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('wsrep_provider_options', 'super_read_only', 'read_only',"
        " 'group_replication_member_expel_timeout', 'group_replication_unreachable_majority_timeout',"
        " 'group_replication_consistency', 'rpl_semi_sync_source_enabled', 'rpl_semi_sync_master_enabled')",
    )
    values = {(name or b"").decode(): (value or b"").decode() for name, value in told}
    if connection.features.one_by_one:
        suspect = _SUSPECT.search(values.get("wsrep_provider_options", ""))
        if suspect and float(suspect[1]) > _LONG_SUSPICION:
            yield f"evs.suspect_timeout is {suspect[1]} s: so long, and more, all writes wait when a node dies"
        return
    if host.group:
        for remark in _of_group(values):
            yield remark
        return
    if host.role is HostRole.WRITER and "ON" not in (
        values.get("rpl_semi_sync_source_enabled"),
        values.get("rpl_semi_sync_master_enabled"),
    ):
        yield "replication is asynchronous: what it acknowledged last may be lost with it (semi-synchronous is not on)"
    if host.role is HostRole.READER and values.get("super_read_only") == "OFF":
        yield "super_read_only is off: an account with the right may write here, beside the writer"


def _of_group(values: dict[str, str]) -> Iterator[str]:
    expel = values.get("group_replication_member_expel_timeout", "0")
    if expel != "0":
        yield f"group_replication_member_expel_timeout is {expel} s: so much longer a dead primary is waited for"
    if values.get("group_replication_unreachable_majority_timeout") == "0":
        yield "group_replication_unreachable_majority_timeout is 0: cut off from the majority, its COMMITs never end"
    if values.get("group_replication_consistency") == "EVENTUAL":
        yield "group_replication_consistency is EVENTUAL: a new primary may be read before it has applied everything"


def _together(hosts: list[Host]) -> Iterator[Finding]:
    writers = [host for host in hosts if host.role is HostRole.WRITER]
    if not writers:
        yield Finding("", "none of them takes writes", trouble=True)
    rivals = [other for other in writers if any(host.rivals(other) for host in writers)]
    if rivals:
        places = " and ".join(host.place for host in rivals)
        yield Finding("", f"{places} both take writes and are no cluster: set read_only where it must be", trouble=True)
