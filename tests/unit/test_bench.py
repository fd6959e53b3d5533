"""The bench: its data are always the same, its load counts every answer and takes no failure, its ratios are right."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bench import data, load, markdown, report
from bench.contenders import CONTENDERS, get, post
from bench.limit import trees, wire
from bench.measure import Cell, Plan, Results
from bench.memory import Memory
from bench.tables import TABLES
from bench.workloads import WORKLOADS

SIZES = {"artists": 275, "genres": 25, "albums": 347, "tracks": 3_503, "events": 200_000, "comments": 0}


@pytest.mark.parametrize("table", [table for table in TABLES if table.name != "events"], ids=lambda table: table.name)
def test_the_rows_are_the_same_each_time_and_as_many_as_promised(table: object) -> None:
    """The seed is fixed; keys count from 1; a row has a value for each column."""
    assert isinstance(table, type(TABLES[0]))
    rows = list(data.rows(table.name))
    assert rows == list(data.rows(table.name))
    assert [row[0] for row in rows] == list(range(1, SIZES[table.name] + 1))
    assert {len(row) for row in rows} <= {len(table.names)}


def test_every_foreign_key_of_the_data_has_its_parent() -> None:
    """The databases would refuse other rows."""
    albums = list(data.rows("albums"))
    tracks = list(data.rows("tracks"))
    assert {row[2] for row in albums} <= set(range(1, data.ARTISTS + 1))
    assert {row[2] for row in tracks} == set(range(1, data.ALBUMS + 1))
    assert {row[3] for row in tracks} <= set(range(1, data.GENRES + 1))


def test_the_prepared_requests_are_the_same_each_time() -> None:
    """Every contender and every run is asked the same."""
    for workload in WORKLOADS:
        if workload.name != "insert_10000":
            assert workload.variables() == workload.variables()
            assert len(workload.variables()) == workload.prepared


# --- the load ---------------------------------------------------------------------------------------------------------


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """`/whole` and `/chunks` answer so; anything else is not found."""
        if self.path not in ("/whole", "/chunks"):
            self.send_error(404)
            return
        self.send_response(200)
        body = b"x" * 300_000
        if self.path == "/whole":
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in (body, b"20", b"y"):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def do_POST(self) -> None:
        """Counts in the server; answers with a GraphQL error when the body says so."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = b'{"errors":[]}' if b"fail" in body else b'{"data":1}'
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Nothing: the load leaves while it is being answered."""


@contextmanager
def _server() -> Iterator[int]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def _outcome(folder: Path, *requests: bytes) -> load.Outcome:
    file = folder / "requests"
    load.write_requests(requests, file)
    assert load.read_requests(file) == list(requests)
    with _server() as port:
        return load.run(load.Task(port, str(file), connections=3, warm_up=0.0, window=0.05, watched={}))


@pytest.mark.parametrize("request_", [get("/whole"), get("/chunks"), post("/", {"a": "ü" * 9})], ids=lambda r: r[:12])
def test_the_load_counts_answers_of_every_form(request_: bytes, tmp_path: Path) -> None:
    """A window holds at least an answer for each connection; long bodies and chunks are read to their end."""
    outcome = _outcome(tmp_path, request_)
    assert outcome.answers >= 3
    assert outcome.seconds >= 0.05
    assert 0 < outcome.p50 <= outcome.p99
    assert outcome.cpu["load"] >= 0
    size = 300_000 if b"GET" in request_[:3] else 10
    assert outcome.received >= size * (outcome.answers - 3)


@pytest.mark.parametrize("request_", [get("/missing"), post("/", "fail")], ids=["404", "errors"])
def test_the_load_takes_no_failure_for_an_answer(request_: bytes, tmp_path: Path) -> None:
    """A server that fails fast must not look fast."""
    with pytest.raises(load.Unanswered):
        _outcome(tmp_path, post("/", "good"), request_)


# --- the figures ------------------------------------------------------------------------------------------------------


def _cell(requests: float, server: float, database: float = 1.0) -> Cell:
    return Cell(requests, p50=1, p99=2, server=server, database=database, memory=10, foreign=0)


def test_ratios_are_taken_within_each_round() -> None:
    """A round in which one of the two failed says nothing; the middle of the others counts."""
    ours: list[Cell | str] = [_cell(80, 2), "failed: it fell", _cell(10, 2), _cell(300, 2)]
    limit = [_cell(100, 1), _cell(1, 1), _cell(20, 1), _cell(100, 1)]
    found = report.ratio(ours, limit)
    assert found == report.Ratio(requests=0.8, cpu=2 / 3, server=0.5)
    assert report.ratio(["failed"], limit) is None


def test_the_ledger_costs_what_ours_loses_beside_itself_without() -> None:
    """Only where both took part; printed below the goals."""
    results = Results()
    for contender, cell in (("limit", _cell(100, 1)), ("ours", _cell(60, 3)), ("no-ledger", _cell(80, 2))):
        results.add("insert_one", contender, cell)
    results.add("by_key", "ours", _cell(50, 1))
    assert report.ledger_costs(results) == [("insert_one", report.Ratio(requests=0.75, cpu=3 / 4, server=2 / 3))]
    (line,) = [line for line in report.table(results).splitlines() if "with the ledger" in line]
    assert line.split()[4:6] == ["0.75", "0.75"]


@pytest.mark.parametrize(
    ("found", "goal", "said"),
    [
        (report.Ratio(0.8, 0.8, 0.1), report.Goal("w", "limit", 0.8), "reached"),
        (report.Ratio(9.0, 0.79, 9.0), report.Goal("w", "limit", 0.8), "unresolved"),
        (report.Ratio(0.63, 0.9, 0.9), report.Goal("w", "limit", 0.8), "missed"),
        (report.Ratio(11.0, 5.0, 12.0), report.Goal("w", "by-hand", 11, server_only=True), "reached"),
        (report.Ratio(11.0, 99.0, 8.0), report.Goal("w", "by-hand", 11, server_only=True), "missed"),
        (report.Ratio(1.3, 1.25, 0.1), report.Goal("w", "postgraphile", 1, ahead=True), "reached"),
        (report.Ratio(1.3, 1.2, 9.0), report.Goal("w", "postgraphile", 1, ahead=True), "unresolved"),
        (report.Ratio(0.7, 9.0, 9.0), report.Goal("w", "postgraphile", 1, ahead=True), "missed"),
    ],
)
def test_a_goal_is_judged_by_the_less_favourable_ratio(found: report.Ratio, goal: report.Goal, said: str) -> None:
    """A gap that is not resolved is neither a goal missed nor a server beaten."""
    assert report.verdict(found, goal) == said


def test_the_tables_tell_every_server_goal_and_memory() -> None:
    """As text and as Markdown; a server that failed is told, too."""
    results = Results(large={"ours": Memory(100, 108, 4), "limit": Memory(40, 50, 4)})
    for contender, cell in (("ours", _cell(80, 2)), ("limit", _cell(100, 1)), ("by-hand", "failed: it fell")):
        results.add("by_key", contender, cell)
    assert results.large["ours"].times == 2
    text = report.table(results)
    page = markdown.page(Plan(5, 8.0, 1.0, 16), results, {"cores": 2, "python": "3.11"})
    for part in ("failed: it fell", "0.85 x limit", "at most 3 x rows_10000", "at most 250 MB"):
        assert part in text
        assert part in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert "| ours | 80.0 | 1.00 | 2.00 | 2.000 | 1.000 | 0.80 | 0.67 | 10 |" in rows
    assert {line.count("|") for line in rows[:6]} == {10}
    assert "| memory | at most 3 x rows_10000 | 2.0 |  |  | reached |" in rows


def test_who_reaches_the_database_by_tcp_is_measured_beside_its_like() -> None:
    """What TCP costs is neither ours nor the limit's; each of the two is asked what is short alone."""
    cells = {"limit": [_cell(100, 1)], "limit-tcp": [_cell(50, 1)], "ours-tcp": [_cell(40, 1)], "ours": [_cell(80, 1)]}
    found = {name: report.beside_its_own(name, cells) for name in cells}
    assert {name: each.requests for name, each in found.items() if each is not None} == {
        "limit": 1, "limit-tcp": 0.5, "ours-tcp": 0.8, "ours": 0.8
    }  # fmt: skip
    asked = {
        name: {each.name for each in WORKLOADS if CONTENDERS[name].request(each, each.variables()[0]) is not None}
        for name in ("limit-tcp", "ours-tcp")
    }
    assert asked["limit-tcp"] == asked["ours-tcp"] >= {"by_key", "rest_insert"}
    assert "rows_10000" not in asked["ours-tcp"]


def test_the_settings_as_they_come_have_a_goal_of_their_own() -> None:
    """They are judged beside ours, whose log is quiet."""
    results = Results()
    for contender, cell in (("ours", _cell(100, 1)), ("defaults", _cell(95, 1.02))):
        results.add("by_key", contender, cell)
    ((goal, found, said),) = report.judged(results)
    assert (goal.wanted, found.requests, said) == ("defaults: 0.9 x ours", 0.95, "reached")


# --- the limit --------------------------------------------------------------------------------------------------------


def _packet(body: bytes, number: int = 1) -> bytes:
    return len(body).to_bytes(3, "little") + bytes([number]) + body


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (_packet(b"\xff\x7a\x04#42S02no such table"), True),
        (_packet(b"row\x02") + _packet(b"\xff\x7a\x04#42S02no such table", 255), True),
        (_packet(b"row\x02", 255), False),
        (_packet(b"\xff\x7a\x04#42S02no such table")[:-3], False),
        (_packet(b"\0\xff\x7a#"), False),
    ],
    ids=["error", "after-rows", "number-255", "half", "ok"],
)
def test_the_limit_knows_an_error_by_its_packet(answer: bytes, refused: bool) -> None:
    """A large answer is not walked through for it: packets are numbered up to the byte that begins an error."""
    assert wire._ends_refused(answer) is refused


def test_the_limit_takes_rows_of_one_parent_at_once() -> None:
    """Also where they come in several runs."""
    keys, rows = [b"1", b"1", b"2", b"1"], [b"a", b"b", b"c", b"d"]
    assert trees._runs(keys, rows) == {b"1": [b"a", b"b", b"d"], b"2": [b"c"]}
