"""Compressed streams as curl gets them, and those that are cut: no part of one passes for the whole."""

from __future__ import annotations

import gzip
import random
import subprocess
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import zstandard

from tests.fix_app import end
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine

ROWS = 6_000
BROKEN = 8
"""Exports broken at random points, in each coding."""
PARTIAL = (18, 56, 61, 23)
"""What curl says of a transfer that was cut: a part of the file, a broken connection, a broken coding."""


@pytest.fixture(scope="module")
def database(engine: Engine) -> Iterator[str]:
    """A table of 36 MB that hardly compresses: more than all buffers on the way hold."""
    draw = random.Random(1)
    with engine.database("CREATE TABLE noise (id INT PRIMARY KEY, body TEXT NOT NULL)") as name:
        with engine.connect(name) as connection, connection.cursor() as cursor:
            for start in range(0, ROWS, 500):
                rows = [(number, f"{draw.getrandbits(24_000):06000x}") for number in range(start, start + 500)]
                cursor.executemany("INSERT INTO noise VALUES (%s,%s)", rows)
        yield name


@pytest.fixture(scope="module")
def served(engine: Engine, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The program as a process."""
    app = RunningApp(engine.environment(database), ("serve",), tmp_path_factory.mktemp("export"))
    try:
        app.wait_ready()
        yield app
    finally:
        end([(app, True)])


def cut(engine: Engine, database: str) -> None:
    """Ends the database's connections that an export reads from."""
    until = time.monotonic() + 10
    while True:
        rows = engine.execute("SHOW FULL PROCESSLIST", database)
        found = [row[0] for row in rows if row[3] == database and "noise" in str(row[7]) and "CONCAT" in str(row[7])]
        if found:
            break
        assert time.monotonic() < until
    for number in found:
        engine.execute(f"KILL {number}", database)


def is_whole(coding: str, body: bytes) -> bool:
    """Whether what came ends as its coding wants."""
    if coding == "zstd":
        reader = zstandard.ZstdDecompressor().decompressobj()
        reader.decompress(body)
        return bool(reader.eof)
    unpacking = zlib.decompressobj(31)
    unpacking.decompress(body)
    return unpacking.eof


@pytest.mark.engines("mariadb", "mysql")
@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize("path", ["/api/noise/export", "/api/noise/query"])
def test_no_cut_export_looks_complete(
    served: RunningApp, engine: Engine, database: str, coding: str, path: str
) -> None:
    draw = random.Random(2)
    for _ in range(BROKEN):
        with served.client.stream("GET", path, headers={"Accept-Encoding": coding}) as answer:
            assert answer.headers["content-encoding"] == coding
            chunks, body = answer.iter_raw(65536), b""
            wanted = draw.randint(1, 2_000_000)
            while len(body) < wanted:
                body += next(chunks)
            cut(engine, database)
            rest: list[bytes] = []
            with pytest.raises(httpx.RemoteProtocolError):
                rest.extend(chunks)
            assert not is_whole(coding, body + b"".join(rest))


def curl(*arguments: object) -> subprocess.Popen[bytes]:
    """curl at work."""
    command = ["curl", "-sS", "--max-time", "60", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_curl_unpacks_what_it_asks_for(served: RunningApp, tmp_path: Path) -> None:
    """`--compressed` gives the plain bytes; without it the client has not asked, and gets them plain."""
    for path in ("/api/noise/export?limit=300", "/api/noise/query?limit=300&order=id", "/api/noise/export"):
        plain, packed, head = tmp_path / "plain", tmp_path / "packed", tmp_path / "head"
        for more in (("-o", plain), ("--compressed", "-D", head, "-o", packed)):
            running = curl(*more, served.url + path)
            assert running.communicate()[1] == b""
            assert running.returncode == 0
        assert without_time(plain.read_bytes()) == without_time(packed.read_bytes())
        headers = head.read_text().lower()
        assert "content-encoding: " in headers
        assert "accept-encoding" in headers.partition("vary:")[2].partition("\n")[0]
    raw = tmp_path / "file.csv.gz"
    running = curl("-H", "Accept-Encoding: gzip", "-o", raw, served.url + "/api/noise/export?order=id&limit=100")
    running.communicate()
    assert gzip.decompress(raw.read_bytes()).count(b"\r\n") == 101


def without_time(text: bytes) -> bytes:
    """An answer, without when it was given."""
    return text.partition(b'"message"')[2] if text.startswith(b'{"timestamp"') else text


@pytest.mark.engines("mariadb", "mysql")
@pytest.mark.parametrize("accept", ["gzip", "zstd"])
def test_curl_tells_of_a_cut(served: RunningApp, engine: Engine, database: str, tmp_path: Path, accept: str) -> None:
    file = tmp_path / "noise.csv"
    asks = ("--compressed", "-H", f"Accept-Encoding: {accept}", "--limit-rate", "2M", "-o", file)
    running = curl(*asks, served.url + "/api/noise/export")
    until = time.monotonic() + 20
    while not file.exists() or file.stat().st_size < 200_000:
        assert time.monotonic() < until
        assert running.poll() is None
        time.sleep(0.02)
    cut(engine, database)
    told = running.communicate()[1]
    assert running.returncode in PARTIAL, told
    assert told
