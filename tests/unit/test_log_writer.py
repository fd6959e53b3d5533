"""The log's way to its stream: nothing waits for it, nothing is lost without a word, and storms are counted."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from graphql_app.observability import events
from graphql_app.observability.log_lines import json_line, text_line
from graphql_app.observability.log_writer import MOST_LINES, LogWriter
from graphql_app.observability.logs import buffered_log, configure_logging, log_events
from graphql_app.observability.repeats import Repeats
from tests.harness.own_logging import own_logging

SETTINGS = (
    "from graphql_app.observability.logs import *\n"
    "from graphql_app.observability import events\n"
    "configure_logging('info', 'json')\n"
)


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """Puts the loggers back as pytest wants them."""
    with own_logging(alone=True):
        yield


def lost(lines: int) -> bytes:
    """The line that tells how many were lost."""
    return b"lost %d\n" % lines


@contextmanager
def piped() -> Iterator[tuple[int, LogWriter]]:
    """A writer into a pipe, and the end to read."""
    read, write = os.pipe()
    with os.fdopen(write, "w") as stream:
        yield read, LogWriter(stream, lost)
    os.close(read)


def test_lines_of_several_threads_are_all_written_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("w") as stream:
        writer = LogWriter(stream, lost)
        writer.start()

        def log(thread: int) -> None:
            for number in range(2000):
                writer.write(b"%d %d\n" % (thread, number))

        threads = [threading.Thread(target=log, args=(each,)) for each in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        writer.stop()
        writer.write(b"9 0\n")
    lines = [tuple(map(int, line.split())) for line in file.read_text().splitlines()]
    assert [number for thread, number in lines if thread == 2] == list(range(2000))
    assert len(lines) == 8001
    assert lines[-1] == (9, 0), "without the thread a line is written at once"


def test_a_pipe_that_nobody_reads_costs_lines_and_no_time() -> None:
    with piped() as (read, writer):
        writer.start()
        before = time.thread_time()
        for number in range(3 * MOST_LINES):
            writer.write(b"line %d\n" % number)
        assert time.thread_time() - before < 5, "it did not wait; 30,000 lines take some 10 ms"
        assert len(writer._lines) <= MOST_LINES
        found = b""
        while b"lost" not in found:  # whoever reads again gets the oldest lines, and how many are missing
            found += os.read(read, 1 << 20)
        lines = found.splitlines()
        kept = [int(line.split()[1]) for line in lines if line.startswith(b"line")]
        missing = [int(line.split()[1]) for line in lines if line.startswith(b"lost")]
        writer.stop()
    assert kept == sorted(kept)
    assert kept[:1000] == list(range(1000))
    assert len(kept) + sum(missing) == 3 * MOST_LINES


def test_the_end_does_not_wait_for_a_pipe_that_nobody_reads() -> None:
    """Here the thread is caught in its write."""
    with piped() as (_read, writer):
        writer.start()
        for number in range(MOST_LINES):
            writer.write(b"line %d\n" % number)
        started = time.monotonic()
        writer.stop()
        for _ in range(10):
            writer.write(b"late\n")
        assert time.monotonic() - started < 10


def test_without_a_thread_a_pipe_that_nobody_reads_is_waited_for_once() -> None:
    """Such are the lines of the supervisor."""
    with piped() as (read, writer):
        started = time.monotonic()
        for _ in range(100):
            writer.write(b"x" * 2000 + b"\n")
        assert time.monotonic() - started < 10
        os.set_blocking(read, False)
        while True:
            try:
                os.read(read, 1 << 20)
            except BlockingIOError:
                break
        os.set_blocking(read, True)
        writer.write(b"again\n")
        found = os.read(read, 1 << 20)
    assert found.startswith(b"again\nlost ")


@pytest.mark.parametrize("buffered", [False, True])
def test_a_pipe_that_is_closed_and_a_full_disk_stop_nothing(buffered: bool) -> None:
    read, write = os.pipe()
    os.close(read)
    for stream in (os.fdopen(write, "w"), Path("/dev/full").open("w")):  # noqa: SIM115 - closed below
        writer = LogWriter(stream, lost)
        if buffered:
            writer.start()
        for _ in range(100):
            writer.write(b"line\n")
        writer.stop()
        assert writer._lost == 100
        stream.close()


def test_a_line_that_was_cut_ends_before_the_next_begins(tmp_path: Path) -> None:
    """As where a disk becomes full, and is made room on."""
    code = (
        "import resource, sys\n"
        "from graphql_app.observability.log_writer import LogWriter\n"
        "writer = LogWriter(sys.stderr, lambda lines: b'lost %d\\n' % lines)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (25, resource.RLIM_INFINITY))\n"
        "for number in range(6): writer.write(b'line %d....\\n' % number)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "writer.write(b'again\\n')\n"
    )
    with (tmp_path / "log").open("w") as log:
        subprocess.run([sys.executable, "-c", code], stderr=log, check=True)
    assert (tmp_path / "log").read_text().splitlines() == ["line 0....", "line 1....", "lin", "again", "lost 4"]


@pytest.mark.parametrize("end", ["1 / 0", "sys.exit(3)", "flush_log(); os._exit(1)", "os.kill(os.getpid(), 15)"])
def test_what_was_logged_last_is_written_however_the_program_ends(end: str) -> None:
    """The signal is one that Python turns into an exit, as the server does."""
    code = SETTINGS + (
        "import os, signal, sys\n"
        "signal.signal(15, lambda *_: sys.exit(0))\n"
        "block = buffered_log()\n"
        "block.__enter__()\n"
        "for number in range(500): log_events(events.Lifecycle(f'number {number}'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code + end], capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [line["what"] for line in lines] == [f"number {number}" for number in range(500)]


def test_a_forked_child_writes_its_own_lines_alone() -> None:
    code = SETTINGS + (
        "import os\n"
        "with buffered_log():\n"
        "    for number in range(500): log_events(events.Lifecycle('parent'))\n"
        "    pid = os.fork()\n"
        "    if not pid:\n"
        "        log_events(events.Lifecycle('child'))\n"
        "        os._exit(0)\n"
        "    os.waitpid(pid, 0)\n"
    )
    arguments = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    said = [json.loads(line)["what"] for line in done.stderr.splitlines()]
    assert sorted(said) == ["child", *["parent"] * 500]


def test_a_storm_is_one_line_at_once_and_a_number_each_second(capfd: pytest.CaptureFixture[str]) -> None:
    """Each attempt of the schedule has its own; whoever asks for everything gets everything."""
    configure_logging("warning", "json")
    with buffered_log():
        for _ in range(1000):
            for attempt in range(2):
                log_events(events.AttemptFailed("read", attempt, "not_sent", 1040, 0.2))
        log_events(events.PoolQueueFull("interactive"))
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    told = [(line["event"], line.get("attempt"), line.get("times", 1)) for line in lines]
    assert told[:3] == [("attempt_failed", 0, 1), ("attempt_failed", 1, 1), ("pool_queue_full", None, 1)]
    assert sum(times for _, attempt, times in told if attempt == 0) == 1000
    assert len(told) <= 13, "some more, where this took seconds"
    configure_logging("debug", "json")
    with buffered_log():
        for _ in range(100):
            log_events(events.PoolQueueFull("interactive"))
    assert capfd.readouterr().err.count("pool_queue_full") == 100


def test_the_thread_tells_what_was_counted(tmp_path: Path) -> None:
    """Also where nothing else is logged any more."""
    configure_logging("warning", "json")
    read, write = os.pipe()
    handler = logging.getLogger().handlers[0]
    with os.fdopen(write, "w") as stream:
        handler.writer = LogWriter(stream, lost, handler.repeats.tick)  # type: ignore[attr-defined]
        with buffered_log():
            for _ in range(10):
                log_events(events.PoolQueueFull("interactive"))
            found = b""
            while found.count(b"\n") < 2:
                found += os.read(read, 4096)
    os.close(read)
    assert [json.loads(line).get("times", 1) for line in found.splitlines()] == [1, 9]


def test_repeats_are_told_once_a_second() -> None:
    """The clock is an argument."""
    moment, told = 0.0, list[tuple[str, int]]()
    repeats = Repeats[str](lambda event, times: told.append((event, times)), 1.0, lambda: moment)
    assert [repeats.first("a", f"a{number}") for number in range(4)] == [True, False, False, False]
    assert repeats.first("b", "b0")
    assert repeats.tick() == 1.0
    moment = 0.75
    assert (repeats.tick(), told) == (0.25, [])
    moment = 1.0
    assert not repeats.first("a", "a4"), "what is counted is told first"
    assert (repeats.tick(), told) == (None, [("a4", 4)])
    assert not repeats.first("a", "a5"), "a second begins anew"
    assert repeats.first("b", "b1"), "nothing was counted"
    repeats.tell_all()
    assert told == [("a4", 4), ("a5", 1)]


def test_handlers_of_others_get_every_event(capfd: pytest.CaptureFixture[str]) -> None:
    """As a user attaches one; ours writes the same line as without it."""
    records: list[logging.LogRecord] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    done = events.RequestDone("rest", "GET /api/{table}", 200, 0.0123456, 0, None)
    configure_logging("info", "text")
    log_events(done)
    kept = Kept()
    for name in ("", "graphql_app"):
        logging.getLogger(name).addHandler(kept)
        log_events(done)
        logging.getLogger(name).removeHandler(kept)
    written = [line.split(" ", 1)[1] for line in capfd.readouterr().err.splitlines()]
    assert len(written) == 3
    assert len(set(written)) == 1
    assert [(each.getMessage(), each.levelname) for each in records] == [("request_done", "INFO")] * 2
    assert vars(records[0])["event_fields"]["ms"] == 12.35


@given(st.dictionaries(st.sampled_from("abc"), st.text(st.characters()) | st.integers() | st.floats() | st.booleans()))
def test_whatever_a_field_holds_a_line_is_one_line(found: dict[str, object]) -> None:
    """Control characters, quotes, halves of surrogate pairs, numbers of any size."""
    for line in (text_line(0.0, "info", "event", dict(found)), json_line(0.0, "info", "event", dict(found))):
        assert line.endswith(b"\n")
        assert not {*line[:-1]} & {*range(32), 127} or (b"\x7f" in line and line.startswith(b"{"))
        line.decode()
    text = text_line(0.0, "info", "event", dict(found)).decode()
    assert len(text[:-1].splitlines()) == 1
    assert "\x1b" not in text
    read = json.loads(json_line(0.0, "info", "event", dict(found)))
    assert read.keys() == {"time", "level", "event", *found}


def test_the_line_of_a_request_takes_few_steps() -> None:
    """No record, no look at what an event is made of, no pattern for a field that was seen before."""
    done = events.RequestDone("graphql", "ByKey", 200, 0.0123456, 0, None, "query")
    for form in ("text", "json"):
        configure_logging("info", form)
        with buffered_log():
            log_events(done)
            calls = _calls(lambda: log_events(done))
        assert len(calls) <= 45, calls
        assert not {"fullmatch", "makeRecord", "fields"} & {*calls}


def _calls(work: Callable[[], None]) -> list[str]:
    """The names of the functions that were called, those of C too."""
    found: list[str] = []

    def note(frame: object, kind: str, argument: object) -> None:
        if kind == "c_call":
            found.append(getattr(argument, "__name__", ""))
        elif kind == "call":
            found.append(frame.f_code.co_name)  # type: ignore[attr-defined]

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found
