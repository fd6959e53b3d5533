"""The two envelopes, to the letter, and the completeness of the status table."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from graphql_app.errors import (
    Code,
    DatabaseError,
    GatewayTimeoutException,
    Outcome,
    RequestError,
    ServiceUnavailableException,
)
from graphql_app.rest_api.envelope import STATUS, failure, success, timestamp, utc_now

MOMENT = datetime(2025, 12, 29, 10, 30, 45, 123456, UTC)


def test_success_is_the_contract_to_the_letter() -> None:
    answer = success("Record inserted successfully", b'{"rows_affected":1,"id":7}', 0, MOMENT)
    assert answer.status == 200
    assert answer.body == (
        b'{"timestamp":"2025-12-29T10:30:45.123456Z","message":"Record inserted successfully",'
        b'"data":{"rows_affected":1,"id":7},"retry_count":0}'
    )
    assert dict(answer.headers) == {b"content-type": b"application/json"}


def test_failure_is_the_contract_to_the_letter() -> None:
    error = GatewayTimeoutException()
    error.retry_count = 4
    answer = failure(error, MOMENT)
    assert answer.status == 504
    assert list(orjson.loads(answer.body).items()) == [
        ("timestamp", "2025-12-29T10:30:45.123456Z"),
        ("error_code", "504"),
        ("message", "Operation timed out"),
        ("retry_count", 4),
        ("details", None),
    ]


def test_details_name_what_is_known_and_nothing_else() -> None:
    error = DatabaseError(
        Code.DUPLICATE_ENTRY, "Duplicate entry", constraint="email", row=3, outcome=Outcome.NOT_APPLIED
    )
    assert orjson.loads(failure(error, MOMENT).body)["details"] == {
        "code": "DUPLICATE_ENTRY",
        "constraint": "email",
        "outcome": "not_applied",
        "row": 3,
    }


def test_row_zero_is_known_too() -> None:
    details = orjson.loads(failure(RequestError(Code.INVALID_VALUE, "x", column="a", row=0), MOMENT).body)["details"]
    assert details == {"code": "INVALID_VALUE", "column": "a", "row": 0}


def test_an_unknown_outcome_of_a_timeout_is_told() -> None:
    body = orjson.loads(failure(GatewayTimeoutException(outcome=Outcome.UNKNOWN), MOMENT).body)
    assert body["details"] == {"code": "GATEWAY_TIMEOUT", "outcome": "unknown"}


def test_503_says_when_to_come_back() -> None:
    assert dict(failure(ServiceUnavailableException(), MOMENT).headers)[b"retry-after"] == b"2"
    bare = RequestError(Code.SERVICE_UNAVAILABLE, "x", retry_after=None)
    assert dict(failure(bare, MOMENT).headers)[b"retry-after"] == b"2"
    soon = RequestError(Code.SERVICE_UNAVAILABLE, "x", retry_after=0.2)
    assert dict(failure(soon, MOMENT).headers)[b"retry-after"] == b"1"
    assert b"retry-after" not in dict(failure(GatewayTimeoutException(), MOMENT).headers)


def test_every_code_has_a_status() -> None:
    assert set(STATUS) == set(Code)
    assert all(400 <= status <= 599 for status in STATUS.values())


@pytest.mark.parametrize(
    ("status", "codes"),
    [
        (400, {"UNKNOWN_COLUMN", "EMPTY_CONDITION", "MALFORMED_JSON", "INVALID_VALUE"}),
        (404, {"UNKNOWN_TABLE", "NOT_FOUND"}),
        (409, {"DUPLICATE_ENTRY", "FOREIGN_KEY_VIOLATION", "CHECK_VIOLATION"}),
        (413, {"PAYLOAD_TOO_LARGE"}),
        (414, {"URI_TOO_LONG"}),
        (431, {"HEADERS_TOO_LARGE"}),
        (408, {"REQUEST_TIMEOUT"}),
        (415, {"UNSUPPORTED_MEDIA_TYPE"}),
        (422, {"INVALID_BODY"}),
        (503, {"SERVICE_UNAVAILABLE"}),
        (504, {"GATEWAY_TIMEOUT"}),
    ],
)
def test_the_statuses_of_the_contract(status: int, codes: set[str]) -> None:
    assert {STATUS[Code(code)] for code in codes} == {status}


def test_a_timestamp_on_the_full_second_keeps_its_microseconds() -> None:
    assert timestamp(datetime(2025, 1, 2, 3, 4, 5, 0, UTC)) == "2025-01-02T03:04:05.000000Z"


def test_the_clock_is_utc() -> None:
    assert utc_now().tzinfo is UTC
