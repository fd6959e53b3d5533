"""Sets of MySQL servers on this machine: a Group Replication group, and a primary with replicas."""

from __future__ import annotations

import gc
import shutil
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

import pymysql

from tests.harness.engine import Engine, engine_at
from tests.harness.engines import EngineName, MySQL
from tests.harness.ports import free_port
from tests.harness.servers import Address

GROUP_LIMIT = 60.0
"""Seconds in which a member must be ONLINE."""
_LOGGED = ("--log-bin=b", "--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--innodb-buffer-pool-size=64M")


class ReplicatedMySQL(MySQL):
    """One server of a set, whose number is `server_id`."""

    def __init__(self, folder: Path, server_id: int, flags: tuple[str, ...]) -> None:
        super().__init__(folder, (f"--server-id={server_id}", *_LOGGED, *flags))


Members = list[tuple[ReplicatedMySQL, Engine]]


def start(server: ReplicatedMySQL) -> Address:
    """Starts a server, at first or again. The plain driver leaves sockets behind on which nobody answered yet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        address = server.start()
        gc.collect()
    return address


@contextmanager
def _servers(flags: Sequence[tuple[str, ...]]) -> Iterator[Members]:
    folder = Path(mkdtemp(prefix="replicated-"))
    servers: list[ReplicatedMySQL] = []
    members: Members = []
    try:
        for number, each in enumerate(flags, 1):
            home = folder / f"m{number}"
            home.mkdir()
            server = ReplicatedMySQL(home, number, each)
            servers.append(server)
            server.prepare()
            engine = engine_at(EngineName.MYSQL, start(server))
            # What making the system tables wrote is no part of what is replicated.
            engine.execute("RESET BINARY LOGS AND GTIDS")
            members.append((server, engine))
        yield members
    finally:
        for server in servers:
            server.remove()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def group(size: int = 3) -> Iterator[Members]:
    """A group with one primary, the first at the start. Raises `NotInstalled` and `StartFailed`."""
    MySQL.installed()
    places = [f"127.0.0.1:{free_port()}" for _ in range(size)]
    name = str(uuid4())
    flags = [
        (
            "--plugin-load-add=group_replication.so",
            f"--loose-group-replication-group-name={name}",
            "--loose-group-replication-start-on-boot=OFF",
            f"--loose-group-replication-local-address={place}",
            f"--loose-group-replication-group-seeds={','.join(places)}",
            "--loose-group-replication-member-expel-timeout=0",
            "--loose-group-replication-exit-state-action=READ_ONLY",
            "--loose-group-replication-recovery-get-public-key=ON",
            "--report-host=127.0.0.1",
        )
        for place in places
    ]
    with _servers(flags) as members:
        for number, (_, engine) in enumerate(members):
            join(engine, first=number == 0)
        yield members


def join(engine: Engine, *, first: bool = False) -> None:
    """Has a server join its group, or found it. Returns when it is ONLINE."""
    source = "CHANGE REPLICATION SOURCE TO SOURCE_USER = 'root' FOR CHANNEL 'group_replication_recovery'"
    engine.execute(source)
    if first:
        engine.execute("SET GLOBAL group_replication_bootstrap_group = ON")
    engine.execute("START GROUP_REPLICATION")
    if first:
        engine.execute("SET GLOBAL group_replication_bootstrap_group = OFF")
    until = time.monotonic() + GROUP_LIMIT
    while member_state(engine)[0] != "ONLINE":
        assert time.monotonic() < until, "the member does not come online"
        time.sleep(0.1)


def member_state(engine: Engine) -> tuple[str, str]:
    """A member's state and role in its own eyes."""
    rows = engine.execute(
        "SELECT MEMBER_STATE, MEMBER_ROLE FROM performance_schema.replication_group_members"
        " WHERE MEMBER_ID = @@server_uuid"
    )
    return (rows[0][0], rows[0][1]) if rows else ("OFFLINE", "")


def primary_of(members: Members) -> tuple[ReplicatedMySQL, Engine]:
    """The member that is the primary."""
    until = time.monotonic() + GROUP_LIMIT
    while True:
        for member in members:
            with suppress(pymysql.MySQLError, OSError):
                if member_state(member[1]) == ("ONLINE", "PRIMARY"):
                    return member
        assert time.monotonic() < until, "there is no primary"
        time.sleep(0.1)


@contextmanager
def primary_and_replicas(size: int = 3, *, semi_sync: bool = False, delay: int = 0) -> Iterator[Members]:
    """A primary, the first, and replicas of it; each applies its log `delay` seconds late."""
    MySQL.installed()
    plugins = ("--plugin-load-add=semisync_source.so", "--plugin-load-add=semisync_replica.so") if semi_sync else ()
    enabled = (
        ("--loose-rpl-semi-sync-source-enabled=ON", "--loose-rpl-semi-sync-replica-enabled=ON") if semi_sync else ()
    )
    with _servers([(*plugins, *enabled)] * size) as members:
        (_, primary), *replicas = members
        for _, engine in replicas:
            follow(engine, primary, delay)
        yield members


def follow(engine: Engine, primary: Engine, delay: int = 0) -> None:
    """Makes a server a replica that takes no writes."""
    engine.execute(
        f"CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {primary.port}, SOURCE_USER = 'root',"
        f" SOURCE_AUTO_POSITION = 1, SOURCE_DELAY = {delay}, GET_SOURCE_PUBLIC_KEY = 1; START REPLICA;"
        " SET GLOBAL super_read_only = ON"
    )


def promote(engine: Engine) -> None:
    """Makes a replica a server of its own that takes writes, when it has applied what it has."""
    engine.execute("STOP REPLICA IO_THREAD")
    while _applying(engine):
        time.sleep(0.02)
    engine.execute("STOP REPLICA; RESET REPLICA ALL; SET GLOBAL super_read_only = OFF; SET GLOBAL read_only = OFF")


def _applying(engine: Engine) -> bool:
    """Whether something it received is not applied yet."""
    rows = engine.execute(
        "SELECT GTID_SUBSET(RECEIVED_TRANSACTION_SET, @@GLOBAL.gtid_executed)"
        " FROM performance_schema.replication_connection_status"
    )
    return not all(row[0] for row in rows)
