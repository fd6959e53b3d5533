"""JSON bodies are read without loss, and everything doubtful is refused by name."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from graphql_app.errors import Code, RequestError
from graphql_app.http.request_body import MAX_DEPTH, parse_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"123456789012345678901234567890", 123456789012345678901234567890),
        (b"18446744073709551616", 2**64),
        (b"1.10", Decimal("1.10")),
        (b"0.12345678901234567890123456789", Decimal("0.12345678901234567890123456789")),
        (b"1e5", Decimal("1E+5")),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b"\xef\xbb\xbf{}", {}),
        (b'{"a": null}', {"a": None}),
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, None),
    ],
)
def test_takes(text: bytes, value: object) -> None:
    found = parse_json(text)
    if value is None:
        assert isinstance(found, list)
    else:
        assert found == value
        assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "Expecting value"),
        (b"{'a': 1}", "column 2"),
        (b'{"a": 1} x', "Extra data"),
        (b'{"a": NaN}', "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"[-Infinity]", "Infinity"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'[{"a": {"b": 1, "b": 1}}]', "twice"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\uDFFF": 1.5}', "surrogate"),
        (b"\xff", "UTF-8"),
        (b'"\xed\xa0\x80"', "UTF-8"),
        (b'"\x01"', "control character"),
        ('{"a": 1}'.encode("utf-16"), "UTF-8"),
        ('{"a": 1}'.encode("utf-16-le"), "column 2"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "deeper"),
        (b"[" * 100_000, "deeper"),
        (b'{"a":' * 100_000, "deeper"),
        (b"[1, [" + b'{"a": [' * MAX_DEPTH + b"]}" * MAX_DEPTH + b"]]", "deeper"),
    ],
)
def test_refuses_what_is_not_json(text: bytes, says: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_json(text)
    assert caught.value.code is Code.MALFORMED_JSON
    assert says in caught.value.message


@pytest.mark.parametrize(
    "text",
    [b"1" * 5000, b"-" + b"1" * 5000, b"1e999999999", b"1E-401", b"1e" + b"9" * 5000, b"0." + b"1" * 500],
)
def test_refuses_numbers_out_of_all_bounds(text: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        parse_json(b'{"a": ' + text + b"}")
    assert caught.value.code is Code.VALUE_OUT_OF_RANGE


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert parse_json(b"[" + b",".join([b'{"a": [1]}'] * 1000) + b"]") == [{"a": [1]}] * 1000


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_reads_back_what_any_client_writes(value: Any, ascii_only: bool) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_a_refusal(text: bytes) -> None:
    try:
        parse_json(text)
    except RequestError as error:
        assert error.code in (Code.MALFORMED_JSON, Code.VALUE_OUT_OF_RANGE)  # noqa: PT017 - anything else would escape


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**40), max_value=10**40))
def test_decimals_keep_every_digit(number: Decimal) -> None:
    found = parse_json(f"{number:f}".encode())
    assert found == number


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b'{"a": "\n"}', "Malformed JSON: Invalid control character at line 1, column 8"),
        (b'{"a": "b', "Malformed JSON: Unterminated string starting at line 1, column 7"),
        (b'{"a" 1}', "Malformed JSON: Expecting ':' delimiter at line 1, column 6"),
    ],
)
def test_the_place_of_a_mistake_is_told_in_plain_words(text: bytes, told: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_json(text)
    assert caught.value.message == told
