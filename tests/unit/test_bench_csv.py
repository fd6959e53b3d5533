"""The CSV bench: its files are always the same, its clients count what they are told, its ratios are right."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bench import csv_data
from bench.csv_client import Failed, Reads, download, reading, upload
from bench.csv_speed import Figures, table


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Three lines, or nothing to be found."""
        self._answer(200 if self.path == "/lines" else 404, b"a\nb\nc\n")

    def do_POST(self) -> None:
        """Says how long the body was."""
        size = int(self.headers["Content-Length"])
        self._answer(207, b'{"size": %d, "body": %d}' % (size, len(self.rfile.read(size))))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """A server of a few answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_the_files_are_the_same_each_time(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    assert csv_data.write(good, 1_000, bad=False) == []
    lines = csv_data.write(bad, 1_000, bad=True)
    first = bad.read_bytes()
    assert csv_data.write(bad, 1_000, bad=True) == lines == list(range(101, 1_002, 100))
    assert bad.read_bytes() == first
    rows = list(csv.reader(good.read_text(encoding="utf-8").splitlines()))
    assert {len(row) for row in rows} == {8}
    assert [int(row[0]) for row in rows[1:]] == list(range(1, 1_001))


def test_the_large_file_is_the_small_one_again_and_again(tmp_path: Path) -> None:
    file = tmp_path / "good.csv"
    csv_data.write(file, 5_000, bad=False)
    large = csv_data.write_large(file, 1)
    lines = large.read_text().splitlines()
    assert large.stat().st_size >= 1 << 20
    assert (len(lines) - 1) % 5_000 == 0
    assert lines[:5_001] == file.read_text().splitlines()
    assert lines[5_001:10_001] == lines[1:5_001]


def test_the_clients_see_what_is_there(port: int, tmp_path: Path) -> None:
    file = tmp_path / "f.csv"
    file.write_bytes(b"x" * 100_000)
    seconds, status, body = upload(port, file, "visits")
    assert status == 207
    document = json.loads(body)
    assert document["size"] == document["body"] > 100_000
    assert seconds > 0
    first, whole, lines = download(port, "/lines")
    assert 0 < first <= whole
    assert lines == 3
    with pytest.raises(Failed, match="404"):
        download(port, "/nothing")


def test_failed_reads_are_counted(port: int) -> None:
    with reading(port, "/nothing", 1_000) as found:
        while not found.seconds:
            download(port, "/lines")
    assert found.failures == len(found.seconds) > 0


def test_the_quantiles_are_of_the_sorted_times() -> None:
    reads = Reads([float(number) for number in range(100, 0, -1)])
    assert (reads.quantile(0.5), reads.quantile(0.99)) == (51.0, 100.0)


def test_a_ratio_is_the_median_of_rounds_compared_within_themselves() -> None:
    figures = Figures()
    for name, seconds in {
        "load": (2.0, 4.0, 1.0),
        "import": (4.0, 4.0, 4.0),
        "import, bad rows": (8.0, 8.0, 8.0),
        "dump": (1.0, 1.0, 1.0),
        "export": (1.0, 2.0, 4.0),
        "first byte": (0.25, 0.5, 0.125),
    }.items():
        for second in seconds:
            figures.add(name, second)
    assert figures.ratio("load", "import") == 0.5
    shown = table(figures, 1_000)
    assert "| import | 4.00 | 250 | 0.50 |" in shown
    assert "| export | 2.00 | 500 | 0.50 |" in shown
    assert "| first byte of an export, ms | 250.0 |" in shown
