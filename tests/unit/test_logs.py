"""The log: one bounded line for each event, in both forms, and nothing of a client's values in it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, get_args

import orjson
import pytest

from graphql_app.observability import events, logs
from graphql_app.observability.fingerprints import Seldom
from graphql_app.observability.log_kinds import LEVELS
from graphql_app.observability.log_lines import LINE_LIMIT
from graphql_app.observability.logs import configure_logging, log_events
from graphql_app.observability.request_context import CURRENT, RequestContext
from tests.harness.own_logging import own_logging

NASTY = 'a\nb\r\u2028\x1b[31m"x" =\ud800'


@pytest.fixture(autouse=True, params=["alone", "beside others"])
def loggers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Puts the loggers back as pytest wants them."""
    with own_logging(alone=request.param == "alone"):
        yield


def failure(text: str = "secret") -> Exception:
    """An error as it is caught, deep down."""

    def dive(depth: int) -> None:
        if depth:
            dive(depth - 1)
        raise ValueError(text)

    try:
        dive(60)
    except ValueError as error:
        return error
    raise AssertionError


def samples(text: str) -> list[events.Event]:
    """Each event once, with `text` wherever a text can be."""
    values: dict[str, Any] = {"str": text, "float": 0.00123, "int": 7, "bool": True}
    values |= {f"{kind} | None": value for kind, value in values.items()}
    made = []
    for kind in get_args(events.Event):
        fields = kind.__dataclass_fields__
        made.append(kind(*(failure(text) if name == "error" else values[fields[name].type] for name in fields)))
    return made


def test_every_event_has_a_level() -> None:
    """The list of events is closed."""
    assert set(LEVELS) == set(get_args(events.Event))


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("text", [NASTY, "é🐈" * 5000, "x" * 100_000, "\n" * 5000])
def test_an_event_is_one_bounded_line(form: str, text: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever it holds."""
    configure_logging("debug", form)
    for event in samples(text):
        log_events(event)
        written = capfd.readouterr().err
        assert written.endswith("\n")
        assert len(written.splitlines()) == 1 or form == "json"
        assert written.count("\n") == 1
        assert len(written.encode()) <= LINE_LIMIT
        if form == "json":
            assert orjson.loads(written)["level"] == logging.getLevelName(LEVELS[type(event)]).lower()


@pytest.mark.parametrize("form", ["text", "json"])
def test_words_of_a_client_are_bounded_and_escaped(form: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The name of its operation is as long as it likes; nothing in it begins a line or ends a field."""
    configure_logging("info", form)
    for word in ("n" * 100_000, 'a"\r\nb\x00\x1b[2J\u2028\x85'):
        for event in (events.SubscriptionOpened("sse", word), events.SubscriptionClosed("sse", word, 1.0, 2)):
            log_events(event)
            written = capfd.readouterr().err
            assert len(written.encode()) <= LINE_LIMIT
            assert written.endswith("\n")
            assert not set(written[:-1]) & set("\r\n\x00\x1b")
            assert "sent" in written or isinstance(event, events.SubscriptionOpened)


def test_the_fields_of_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    """Times are milliseconds; what is not there is left out."""
    done = events.RequestDone("rest", "GET /api/{table}", 200, 0.0123456, 0, None)
    configure_logging("info", "json")
    log_events(done)
    line = orjson.loads(capfd.readouterr().err)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info", "event": "request_done", "api": "rest", "name": "GET /api/{table}", "status": 200,
        "ms": 12.35, "retries": 0,
    }  # fmt: skip
    configure_logging("info", "text")
    log_events(done)
    text = capfd.readouterr().err
    assert 'INFO    request_done api=rest name="GET /api/{table}" status=200 ms=12.35 retries=0\n' in text


def test_the_level_decides(capfd: pytest.CaptureFixture[str]) -> None:
    """Stages only at debug, defects always."""
    configure_logging("error", "text")
    log_events(events.StageTimed("plan", 0.1))
    log_events(events.SchemaBuilt(1, 0, 0.1, "x"))
    assert capfd.readouterr().err == ""
    log_events(events.UnexpectedError("/api", failure()))
    assert "unexpected_error where=/api" in capfd.readouterr().err


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_defect_shows_where_and_not_what(form: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The end of the traceback, on one line; the error's own text may quote a row."""
    configure_logging("info", form)
    log_events(events.UnexpectedError("/api", failure()))
    line = capfd.readouterr().err
    assert "Traceback (most recent call last)" in line
    assert "test_logs.py" in line
    assert "raise ValueError(text) | ValueError" in line
    assert "secret" not in line


def test_uvicorn_takes_the_same_form_without_access_lines(capfd: pytest.CaptureFixture[str]) -> None:
    """Also where uvicorn has set its own handlers first."""
    for name in ("uvicorn", "uvicorn.access"):
        logging.getLogger(name).addHandler(logging.StreamHandler())
    configure_logging("info", "json")
    logging.getLogger("uvicorn.error").info("Started\nprocess [%d]", 7)
    logging.getLogger("uvicorn.access").info("GET /")
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    line = orjson.loads(lines[0])
    assert (line["event"], line["logger"], line["message"]) == ("log", "uvicorn.error", "Started\nprocess [7]")


def test_a_library_that_logs_an_error_gets_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    """As asyncio does with a task nobody asked."""
    configure_logging("info", "text")
    logging.getLogger("asyncio").error("Task exception was never retrieved", exc_info=failure())
    text = capfd.readouterr().err
    assert text.count("\n") == 1
    assert "asyncio: Task exception was never retrieved" in text


def test_a_defect_is_told_once_a_second_and_how_often_it_came(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line for a thousand failures in one place; another place has its own."""
    configure_logging("debug", "json")
    monkeypatch.setattr(logs, "_seldom", Seldom(1.0, lambda: 0.0))
    for number in range(1000):
        log_events(events.UnexpectedError("/api", failure(f"secret {number}")))
    log_events(events.UnexpectedError("/api", KeyError("secret")))
    written = capfd.readouterr().err
    lines = [orjson.loads(line) for line in written.splitlines()]
    assert [line["times"] for line in lines] == [1, 1]
    assert lines[0]["fingerprint"] != lines[1]["fingerprint"]
    assert "secret" not in written


def test_what_was_passed_over_is_counted() -> None:
    """The clock is an argument."""
    moment = 0.0
    seldom = Seldom(1.0, lambda: moment)
    assert [seldom.due("a") for _ in range(5)] == [1, 0, 0, 0, 0]
    assert seldom.due("b") == 1
    moment = 1.0
    assert [seldom.due("a"), seldom.due("a"), seldom.due("b")] == [5, 0, 1]


def test_libraries_quote_nothing(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments of their templates, errors as messages, further lines, addresses with their query strings."""
    configure_logging("debug", "json")
    monkeypatch.setattr(logs, "_seldom", Seldom(1.0, lambda: 0.0))
    error = failure()
    logging.getLogger("strawberry.execution").error(error, exc_info=error)
    logging.getLogger("asyncio").error(f"Task exception\nfuture: <Task {error!r}>", exc_info=error)
    logging.getLogger("somebody").warning("Bad value %r", "secret")
    logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" [accepted]', "127.0.0.1", "/graphql?query=secret")
    written = capfd.readouterr().err
    assert "secret" not in written
    # The second of them is the same failure.
    assert [orjson.loads(line)["message"] for line in written.splitlines()] == ["ValueError", "Bad value %r"]


def test_configuring_twice_writes_once(capfd: pytest.CaptureFixture[str]) -> None:
    """Server and app both do it."""
    configure_logging("info", "text")
    configure_logging("info", "text")
    log_events(events.Lifecycle("here"))
    assert capfd.readouterr().err.count("lifecycle") == 1


def test_further_fields_of_a_request(capfd: pytest.CaptureFixture[str]) -> None:
    """Only where the settings ask for them: they tell of a person, and of what the person looked at."""
    token = CURRENT.set(RequestContext("r1", None, ("192.0.2.7", 4711), "/api/users/query"))
    try:
        for wanted in ((), ("client", "table")):
            configure_logging("info", "json", wanted)
            log_events(events.RequestDone("rest", "GET /api/{table}/query", 200, 0.001, 0, None))
            log_events(events.RequestDone("graphql", "Mine", 200, 0.001, 0, None, "query"))
        configure_logging("info", "json")
    finally:
        CURRENT.reset(token)
    lines = [orjson.loads(line) for line in capfd.readouterr().err.splitlines()]
    told = [("client" in line, "table" in line) for line in lines]
    assert told == [(False, False), (False, False), (True, True), (True, False)]
    assert (lines[2]["client"], lines[2]["table"]) == ("192.0.2.7", "users")
