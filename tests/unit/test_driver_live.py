"""Connections to the real engines: session, results, streams, limits, TLS and passwords."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import certifi
import pytest
import uvloop

from graphql_app.engine.mysql.connect_failures import describe_failure
from graphql_app.engine.mysql.dial import Connection, ConnectionLost, ServerError, Target, TlsMode, connect
from graphql_app.engine.sql.dialects import Flavour, detect
from tests.faults.rig import eventually, target_of
from tests.fix_private import PrivateServers
from tests.harness.engine import Engine
from tests.harness.engines import EngineName

FLAVOURS = {
    EngineName.EMBEDDED: Flavour.OCEANBASE,
    EngineName.MARIADB: Flavour.MARIADB,
    EngineName.MYSQL: Flavour.MYSQL,
}
FOUR = b"(SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4)"
MANY = b"SELECT REPEAT('x', 500) FROM " + b" CROSS JOIN ".join(FOUR + b" t%d" % number for number in range(7))
"""Rows of 8 MB together."""


@contextlib.asynccontextmanager
async def connected(target: Target) -> AsyncIterator[Connection]:
    connection = await connect(target, 10)
    try:
        yield connection
    finally:
        connection.close()
        await connection.wait_closed()


async def test_the_session(engine: Engine) -> None:
    async with connected(target_of(engine)) as connection:
        assert connection.features.flavour is FLAVOURS[engine.name]
        assert connection.features.version
        (result,) = await connection.query(
            b"SELECT @@session.time_zone, @@session.sql_mode, @@character_set_client, @@character_set_results,"
            b" @@session.autocommit, @@session.group_concat_max_len, CONNECTION_ID(), @@max_allowed_packet"
        )
        zone, mode, client, results, autocommit, concat, number, packet = result.rows[0]
        assert (zone, client, results, autocommit) == (b"+00:00", b"utf8mb4", b"utf8mb4", b"1")
        assert {b"STRICT_TRANS_TABLES", b"ERROR_FOR_DIVISION_BY_ZERO"} <= set(mode.split(b","))
        assert not {b"ANSI_QUOTES", b"NO_BACKSLASH_ESCAPES", b"ONLY_FULL_GROUP_BY"} & set(mode.split(b","))
        assert int(concat) >= 1 << 30
        assert int(number) == connection.connection_id
        assert int(packet) == connection.max_packet
        isolation = b"@@tx_isolation" if engine.name is EngineName.MARIADB else b"@@transaction_isolation"
        (result,) = await connection.query(b"SELECT " + isolation)
        assert result.rows == [b"REPEATABLE-READ"]


async def test_a_known_server_is_set_up_the_same(engine: Engine) -> None:
    async with connected(target_of(engine)) as first:
        second = await connect(target_of(engine), 10, features=first.features)
        assert second.features == first.features
        assert second.node == first.node
        assert second.connection_id != first.connection_id
        second.close()


async def test_a_wrong_guess_is_put_right(engine: Engine) -> None:
    for guess in (detect("10.11.4-MariaDB", ""), detect("8.4.0", ""), detect("5.7.25-OceanBase", "OceanBase 4.3.5.3")):
        connection = await connect(target_of(engine), 10, features=guess)
        assert connection.features.flavour is FLAVOURS[engine.name]
        (result,) = await connection.query(b"SELECT @@session.time_zone, @@session.group_concat_max_len >= 1073741824")
        assert result.rows == [(b"+00:00", b"1")]
        connection.close()


async def test_cells_are_the_servers_bytes(engine: Engine) -> None:
    async with connected(target_of(engine)) as connection:
        (row,) = (await connection.query("SELECT NULL, '', 1.50, 'ä✓😀', X'00FF27', REPEAT('x', 70000)".encode()))[
            0
        ].rows
        assert row == (None, b"", b"1.50", "ä✓😀".encode(), b"\0\xff'", b"x" * 70000)
        (result,) = await connection.query(b"SELECT 'a' AS `n\xc3\xa4me` UNION ALL SELECT NULL")
        assert (result.columns, result.rows) == (("näme",), [b"a", None])


async def test_several_statements_and_an_error_among_them(engine: Engine, database: str) -> None:
    async with connected(target_of(engine, database)) as connection:
        results = await connection.query(
            b"CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT); INSERT INTO t (v) VALUES (1), (1), (2);"
            b" SELECT v FROM t ORDER BY id; UPDATE t SET v = 1 WHERE v = 1"
        )
        assert [result.rows for result in results] == [[], [], [b"1", b"1", b"2"], []]
        assert (results[1].affected, results[1].insert_id) == (3, 1)
        assert results[3].affected == 2, "rows found, though their values did not change"
        with pytest.raises(ServerError) as caught:
            await connection.query(b"SELECT 1; INSERT INTO t (v) VALUES (9); SELECT nope FROM t; DELETE FROM t")
        assert (caught.value.code, caught.value.statement) == (1054, 2)
        assert (await connection.query(b"SELECT COUNT(*) FROM t"))[0].rows == [b"4"]


async def test_statements_that_are_too_large_are_not_sent(engine: Engine) -> None:
    async with connected(target_of(engine)) as connection:
        with pytest.raises(ServerError) as caught:
            await connection.query(b"SELECT '" + b"x" * connection.max_packet + b"'")
        assert caught.value.code == 1153
        assert (await connection.query(b"SELECT 1"))[0].rows == [b"1"]


@pytest.mark.parametrize("size", [(1 << 24) - 4, (1 << 24) - 2])
async def test_statements_and_cells_beyond_one_packet(mysql: Engine, size: int) -> None:
    async with connected(target_of(mysql)) as connection:
        for length in (size, size + 1):
            before, after = b"SELECT LENGTH('", b"')"
            filled = b"x" * (length - len(before) - len(after))
            assert (await connection.query(before + filled + after))[0].rows == [b"%d" % len(filled)]
        (result,) = await connection.query(b"SELECT REPEAT('y', %d)" % size)
        assert result.rows == [b"y" * size]


@pytest.mark.engines("mariadb", "mysql")
async def test_a_stream_needs_little_memory(engine: Engine) -> None:
    async with connected(target_of(engine)) as connection:
        tracemalloc.start()
        try:
            count = 0
            async for batch in connection.query_stream(MANY):
                if count < 1000:
                    # A slow reader: all of it would arrive meanwhile, were the server not held back.
                    await asyncio.sleep(0.05)
                count += len(batch)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert count == 4**7
        assert peak < 4 * 1024 * 1024, f"{peak} bytes for a result of 8 MB"
        assert (await connection.query(b"SELECT 1"))[0].rows == [b"1"]


async def test_a_stream_left_early_closes_the_connection(engine: Engine) -> None:
    async with connected(target_of(engine)) as connection:
        stream = connection.query_stream(MANY)
        assert await anext(stream)
        await stream.aclose()
        assert not connection.usable


async def test_a_stream_that_fails(engine: Engine) -> None:
    async with connected(target_of(engine)) as connection:
        with pytest.raises(ServerError):
            async for _ in connection.query_stream(b"SELECT 1; SELECT nope FROM nope"):
                pass
        assert connection.usable


async def test_a_caller_that_leaves_and_the_answer_it_left_behind(engine: Engine) -> None:
    async with connected(target_of(engine)) as connection:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await connection.query(b"SELECT SLEEP(1)")
        assert connection.busy
        assert not connection.usable
        with pytest.raises(ConnectionLost) as caught:
            await connection.query(b"SELECT 1")
        assert not caught.value.sent
        assert (await connection.settle())[0].rows == [b"0"]
        assert (await connection.query(b"SELECT 2"))[0].rows == [b"2"]


async def test_an_idle_connection_knows_that_it_was_ended(engine: Engine) -> None:
    async with connected(target_of(engine)) as connection:
        engine.execute(f"KILL {connection.connection_id}")
        await eventually(lambda: not connection.usable)
        with pytest.raises(ConnectionLost) as caught:
            await connection.query(b"SELECT 1")
        assert not caught.value.sent


@pytest.mark.parametrize("password", ["", "plain", "pä✓😀'\"\\"])
async def test_passwords(engine: Engine, database: str, password: str) -> None:
    user = f"p_{database}"
    literal = password.replace("\\", "\\\\").replace("'", "\\'")
    engine.execute(f"CREATE USER {user} IDENTIFIED BY '{literal}'")
    try:
        target = replace(target_of(engine), user=user, password=password)
        places = [target]
        if engine.port is not None:
            # The second time over TCP: the server then remembers the password and takes a shorter way.
            tcp = replace(target, socket=None, host=engine.host, port=engine.port)
            places += [tcp, tcp]
        for place in places:
            async with connected(place) as connection:
                assert (await connection.query(b"SELECT 1"))[0].rows == [b"1"]
        with pytest.raises(ServerError) as caught:
            await connect(replace(target, password="wrong"), 10)
        assert caught.value.code == 1045
        assert "wrong" not in repr(target)
    finally:
        engine.execute(f"DROP USER {user}")


def test_no_password_in_a_representation() -> None:
    assert "s3cret" not in repr(Target(password="s3cret"))


async def test_tls_required(mysql: Engine) -> None:
    assert mysql.port is not None
    target = Target(host=mysql.host, port=mysql.port, tls=TlsMode.REQUIRED)
    async with connected(target) as connection:
        (result,) = await connection.query(b"SHOW SESSION STATUS LIKE 'Ssl_cipher'")
        assert result.rows[0][1]
    with pytest.raises(ConnectionLost) as caught:
        await connect(replace(target, tls=TlsMode.VERIFY), 10)
    assert caught.value.code == 2026


async def test_a_public_key_by_the_servers_word_alone(mysql: Engine) -> None:
    """`caching_sha2_password` without TLS: the first login of an account needs the key, later ones do not."""
    user = f"key_{uuid4().hex[:8]}"
    mysql.execute(f"CREATE USER {user}@'%' IDENTIFIED BY 'p'; GRANT SELECT ON *.* TO {user}@'%'")
    try:
        target = Target(host=mysql.host, port=mysql.port or 0, user=user, password="p")
        with pytest.raises(ConnectionLost) as caught:
            await connect(target, 10)
        assert "DB_PUBLIC_KEY=allow" in caught.value.reason
        assert "DB_PUBLIC_KEY=allow" in describe_failure(caught.value, target)
        for allowed in (True, False):
            async with connected(replace(target, key_retrieval=allowed)) as connection:
                assert (await connection.query(b"SELECT 1"))[0].rows == [b"1"]
    finally:
        mysql.execute(f"DROP USER {user}@'%'")


def test_tls_and_results_on_uvloop(mysql: Engine) -> None:
    assert mysql.port is not None
    target = Target(host=mysql.host, port=mysql.port, tls=TlsMode.REQUIRED)

    async def work() -> None:
        async with connected(target) as connection:
            (result,) = await connection.query(b"SELECT REPEAT('x', 1000000)")
            assert result.rows == [b"x" * 1000000]
            assert [row async for batch in connection.query_stream(b"SELECT 1") for row in batch] == [b"1"]

    uvloop.run(work())


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for `localhost` that vouches for itself, and its key."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    request = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run([*request.split(), "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


@pytest.mark.faults
async def test_tls_verified(private_server: PrivateServers, certificate: tuple[Path, Path]) -> None:
    file, key = certificate
    server = private_server(EngineName.MARIADB, f"--ssl-cert={file}", f"--ssl-key={key}", f"--ssl-ca={file}").engine
    assert server.port is not None
    target = Target(host="localhost", port=server.port, tls=TlsMode.VERIFY, ca_file=str(file))
    async with connected(target) as connection:
        assert (await connection.query(b"SHOW SESSION STATUS LIKE 'Ssl_version'"))[0].rows[0][1].startswith(b"TLS")
    # `required` with a known authority checks the certificate, and not the name.
    async with connected(replace(target, tls=TlsMode.REQUIRED, host="127.0.0.1")):
        pass
    other = certifi.where()
    for wrong in (
        replace(target, host="127.0.0.1"),
        replace(target, ca_file=None),
        replace(target, tls=TlsMode.REQUIRED, ca_file=other),
    ):
        with pytest.raises(ConnectionLost) as caught:
            await connect(wrong, 10)
        assert caught.value.code == 2026
