"""Texts of many keys as SQL literals."""

from __future__ import annotations

import pytest

from schema_gen.types.key_literals import digits_key, many, text_key


@pytest.mark.parametrize(
    "keys", [[], [b"7"], [b"-7", b"12.50", b"0"], [b"%d" % number for number in range(5000)]], ids=len
)
def test_numbers_stand_as_they_are(keys: list[bytes]) -> None:
    assert many(digits_key, keys) == keys


@pytest.mark.parametrize("key", [b"", b"1,2", b"x", b"1 ", b"1.", b".5", b"1e5", b"9" * 66, b"\xd9\xa1", b"1\n", b"1)"])
@pytest.mark.parametrize("others", [([], []), ([b"1"], []), ([], [b"2"]), ([b"1"], [b"2"])])
def test_what_is_no_number_is_refused_wherever_it_stands(key: bytes, others: tuple[list[bytes], list[bytes]]) -> None:
    with pytest.raises(ValueError, match="not the text of a number"):
        many(digits_key, [*others[0], key, *others[1]])


def test_other_keys_are_made_one_by_one() -> None:
    assert many(text_key, [b"41", b"2C27"]) == [b"'A'", b"',\\''"]
