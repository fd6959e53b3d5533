"""What a server may be used for, as it says itself: the questions of each flavour, and how their answers are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from graphql_app.engine.mysql.packets import Result
from graphql_app.engine.sql.dialects import Features, Flavour


class HostRole(StrEnum):
    """What a server may be used for."""

    WRITER = "writer"
    READER = "reader"
    """It may be read, and takes no writes."""
    UNFIT = "unfit"
    """It answers, and is no sound member of its group: cut off, joining, offline."""
    AWAY = "away"
    """It does not answer, or lets nobody in."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One server's role. `group` names the cluster of which several members may be written to at a time."""

    role: HostRole
    group: bytes = b""


_READ_ONLY: Final = b"SELECT @@GLOBAL.read_only, @@GLOBAL.innodb_read_only"
_MYSQL_READ_ONLY: Final = _READ_ONLY + b", @@GLOBAL.super_read_only"
_GALERA: Final = (
    b"SHOW GLOBAL STATUS WHERE Variable_name IN"
    b" ('wsrep_ready', 'wsrep_local_state', 'wsrep_cluster_status', 'wsrep_cluster_state_uuid')"
)
_GROUP: Final = (
    b"SELECT MEMBER_ID = @@GLOBAL.server_uuid, MEMBER_STATE, MEMBER_ROLE,"
    b" (SELECT VARIABLE_VALUE FROM performance_schema.global_variables"
    b" WHERE VARIABLE_NAME = 'group_replication_group_name')"
    b" FROM performance_schema.replication_group_members"
)
_SYNCED, _DONOR = b"4", b"2"
_OFF: Final = (None, b"", b"0", b"OFF")


def role_sql(features: Features) -> tuple[bytes, ...]:
    """The questions for a server's role."""
    if features.flavour is Flavour.MARIADB:
        return _READ_ONLY, _GALERA
    if features.flavour is Flavour.MYSQL and features.version >= (8, 0):
        galera = (_GALERA,) if features.one_by_one else ()
        return (_MYSQL_READ_ONLY, *((_GROUP,) if features.sees_groups else ()), *galera)
    return (b"SELECT @@GLOBAL.read_only",)


def standing_of(features: Features, results: Sequence[Result]) -> Standing:
    """What a server is good for, by its answers to `role_sql`."""
    first, *others = results
    cells = first.rows[0] if first.rows else ()
    read_only = any(cell not in _OFF for cell in (cells if isinstance(cells, tuple) else (cells,)))
    alone = HostRole.READER if read_only else HostRole.WRITER
    if features.flavour is Flavour.TIDB:
        return Standing(alone, b"tidb")
    for told in others:
        found = _in_galera(told.rows, alone) if features.one_by_one and len(told.columns) == 2 else None
        if found is None and len(told.columns) == 4:
            found = _in_group(told.rows, alone)
        if found is not None:
            return found
    return Standing(alone)


def _in_galera(rows: Sequence[Any], alone: HostRole) -> Standing:
    told = {name.lower(): value for name, value in rows}
    group: bytes = told.get(b"wsrep_cluster_state_uuid") or b""
    sound = told.get(b"wsrep_ready") == b"ON" and told.get(b"wsrep_cluster_status") == b"Primary"
    if not sound or told.get(b"wsrep_local_state") not in (_SYNCED, _DONOR):
        return Standing(HostRole.UNFIT, group)
    # A donor may stand still while it copies its data to another.
    return Standing(alone if told[b"wsrep_local_state"] == _SYNCED else HostRole.READER, group)


def _in_group(rows: Sequence[Any], alone: HostRole) -> Standing | None:
    """By the view that a member has of its group; None for a server that belongs to none."""
    names = [name for *_, name in rows if name]
    if not names:
        return None
    own = next(_own(rows), None)
    unreachable = sum(state == b"UNREACHABLE" for _, state, *_ in rows)
    if own is None or own[0] != b"ONLINE" or 2 * unreachable >= len(rows):
        # The members of a minority go on calling themselves primary, and no COMMIT ever ends there.
        return Standing(HostRole.UNFIT, names[0])
    return Standing(alone if own[1] == b"PRIMARY" else HostRole.READER, names[0])


def _own(rows: Sequence[Any]) -> Iterator[tuple[bytes, bytes]]:
    for mine, state, role, _ in rows:
        if mine == b"1":
            yield state, role


CATCH_UP: Final = (
    b"SET SESSION wsrep_sync_wait = 1",
    b"START TRANSACTION",
    b"COMMIT",
    b"SET SESSION wsrep_sync_wait = 0",
)
"""Waits until a node of Galera has applied what was committed on the others before."""
