"""The parser of results: every answer is read the same however its bytes are cut, and nonsense is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from graphql_app.engine.compile.statements import NULL_KEY
from graphql_app.engine.mysql.packets import MAX_ANSWER, ProtocolError, Result, ResultParser, ResultTooLarge
from graphql_app.engine.mysql.row_text import name_of_column
from tests.faults.fake_server import Reply, lenenc, packet

FULL = 0xFFFFFF


def parse(data: bytes, *pieces: int, stream: bool = False) -> ResultParser:
    """Feeds `data` cut at `pieces`; the answer must be complete exactly at its end."""
    answer = ResultParser(stream=stream)
    bounds = [0, *sorted(pieces), len(data)]
    parts = [data[a:b] for a, b in pairwise(bounds) if b > a]
    for part in parts[:-1]:
        assert not answer.feed(part)
    assert answer.feed(parts[-1])
    return answer


def big_packets(payload: bytes, number: int) -> Iterator[bytes]:
    """A payload of any size as packets."""
    for start in range(0, len(payload) + 1, FULL):
        part = payload[start : start + FULL]
        yield len(part).to_bytes(3, "little") + bytes([number & 0xFF]) + part
        number += 1


def long_cell_answer(size: int) -> tuple[bytes, bytes]:
    """An answer whose one cell has `size` bytes, and the cell."""
    head = Reply().rows((b"",)).bytes()
    cell = bytes(range(256)) * (size // 256 + 1)
    cell = cell[:size]
    prefix = b"\xfd" + size.to_bytes(3, "little") if size < 1 << 24 else b"\xfe" + size.to_bytes(8, "little")
    before = head[: -len(packet(b"\0", 0)) - len(packet(b"\xfe\0\0\0\0", 0))]
    row = list(big_packets(prefix + cell, 4))
    return before + b"".join(row) + packet(b"\xfe\0\0\0\0", 4 + len(row)), cell


CELLS = st.one_of(
    st.none(),
    st.binary(max_size=300),
    st.sampled_from([0, 1, 250, 251, 252, 255, 256, 65535, 65536, 70000]).map(lambda size: b"x" * size),
)
ROWS = st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[CELLS] * width), min_size=1, max_size=8))


@settings(deadline=None, max_examples=150)
@given(sets=st.lists(ROWS, min_size=1, max_size=3), cuts=st.lists(st.floats(0, 1), max_size=12))
def test_answers_are_read_the_same_however_they_are_cut(
    sets: list[list[tuple[bytes | None, ...]]], cuts: list[float]
) -> None:
    reply = Reply()
    for place, rows in enumerate(sets):
        reply.ok(affected=place, more=True).rows(*rows, more=place < len(sets) - 1)
    data = reply.bytes()
    answer = parse(data, *(int(cut * len(data)) for cut in cuts))
    assert answer.error is None
    assert [result.affected for result in answer.results[::2]] == list(range(len(sets)))
    for result, rows in zip(answer.results[1::2], sets, strict=True):
        width = len(rows[0])
        assert result.columns == tuple(f"c{place}" for place in range(width))
        assert result.rows == ([row[0] for row in rows] if width == 1 else rows)


TEXTS = st.one_of(
    st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]), min_size=0, max_size=300).map(str.encode),
    st.sampled_from(
        [1, 2, 3, 4, 6, 7, 249, 250, 251, 252, 253, 254, 255, 256, 509, 765, 65533, 65534, 65535, 65536, 70000]
    ).map(lambda size: b"y" * size),
)
KEYS = st.one_of(st.just(b""), st.just(NULL_KEY.encode()), st.integers(0, 999).map(lambda key: b"%d" % key))
TextRow = tuple[bytes, list[bytes] | None]
"""The group of a row, and its texts and keys by turns; None for a row that is NULL."""


@st.composite
def text_results(draw: st.DrawFn) -> tuple[bool, int, list[TextRow]]:
    """Whether rows are grouped, how many keys each has, and the rows."""
    keys = draw(st.integers(0, 3))
    texts = st.tuples(*[KEYS if place % 2 else TEXTS for place in range(2 * keys + 1)]).map(list)
    row = st.tuples(KEYS, st.one_of(st.none(), texts, texts))
    rows = draw(st.lists(row, min_size=1, max_size=12))
    # Many rows only of small ones: what is long is long enough once.
    small = sum(len(text) for _, texts in rows for text in texts or ()) < 1000
    return draw(st.booleans()), keys, rows * (draw(st.integers(1, 300)) if small else 1)


def text_rows(reply: Reply, rows: Sequence[TextRow], *, grouped: bool, keys: int = 0, more: bool = False) -> None:
    """Adds a result in a form of ours, its rows led by their groups where it is `grouped`."""
    cells = [
        None if texts is None else b"\x1f".join([group, *texts] if grouped else texts) + b"\x02"
        for group, texts in rows
    ]
    reply.rows(*[(cell,) for cell in cells], more=more, name=name_of_column(grouped, keys).encode())


@settings(deadline=None, max_examples=200)
@given(sets=st.lists(text_results(), min_size=1, max_size=3), cuts=st.lists(st.floats(0, 1), max_size=12))
def test_rows_of_text_are_read_the_same_however_they_are_cut(
    sets: list[tuple[bool, int, list[TextRow]]], cuts: list[float]
) -> None:
    reply = Reply().ok(more=True)
    for place, (grouped, keys, rows) in enumerate(sets):
        text_rows(reply, rows, grouped=grouped, keys=keys, more=place < len(sets) - 1)
    data = reply.bytes()
    answer = parse(data, *(int(cut * len(data)) for cut in cuts))
    assert answer.error is None
    for result, (grouped, keys, rows) in zip(answer.results[1:], sets, strict=True):
        assert result.has_null == any(texts is None for _, texts in rows)
        assert result.groups == ([group for group, texts in rows if texts is not None] if grouped else [])
        expected: list[bytes | None] = []
        for _, texts in rows:
            expected += [None] if texts is None else [*texts, b","] if keys else texts
        assert result.rows == expected


def test_rows_of_text_end_with_a_failure() -> None:
    rows = [(b"", [b'{"a":%d}' % number]) for number in range(700)]
    good, bad = Reply(), Reply()
    text_rows(good, rows, grouped=False)
    text_rows(bad, rows, grouped=False)
    bad._payloads.pop()
    data = bad.error(1969, b"too long").bytes()
    for cut in (0.3, 0.5, 0.999):
        assert parse(good.bytes(), int(cut * len(data))).results[0].rows == [text for _, (text,) in rows]
        answer = parse(data, int(cut * len(data)))
        assert answer.error is not None
        assert (answer.error.code, answer.results) == (1969, [])


@pytest.mark.parametrize("size", [FULL - 5, FULL - 4, FULL - 3, FULL, 2 * FULL - 4, 0x2000000])
def test_a_text_around_the_largest_packet_among_others(size: int) -> None:
    head = Reply().rows((b"",), name=b"row").bytes()[: -len(packet(b"\0", 0)) - len(packet(b"\xfe\0\0\0\0", 0))]
    small, big = b'{"a":1}\x02', b"x" * size + b"\x02"
    length = (
        b"\xfd" + len(big).to_bytes(3, "little") if len(big) < 1 << 24 else b"\xfe" + len(big).to_bytes(8, "little")
    )
    row = list(big_packets(length + big, 5))
    data = head + packet(lenenc(small), 4) + b"".join(row) + packet(lenenc(small), 5 + len(row))
    data += packet(b"\xfe\0\0\0\0", 6 + len(row))
    for cut in (len(head) + 3, len(head) + 30, len(data) // 2, len(data) - 12):
        assert parse(data, cut).results[0].rows == [small[:-1], big[:-1], small[:-1]]


def test_a_text_row_without_its_end_is_refused() -> None:
    with pytest.raises(ProtocolError, match="does not end"):
        ResultParser().feed(Reply().rows((b"x" * 70000,), name=b"row").bytes())


@pytest.mark.parametrize("keys", [b"", b"\x1f1\x1f}\x1f2\x1f"])
def test_a_text_row_with_other_keys_is_refused(keys: bytes) -> None:
    cell = b'{"a":' + keys + b"}\x02"
    with pytest.raises(ProtocolError, match="other keys"):
        ResultParser().feed(Reply().rows((cell,), name=b"row1").bytes())


def test_one_byte_at_a_time() -> None:
    data = Reply().ok(more=True).rows((b"a", None), (b"", b"c" * 300), more=True).error(1062, b"no", b"23000").bytes()
    answer = parse(data, *range(1, len(data)))
    assert answer.results[1].rows == [(b"a", None), (b"", b"c" * 300)]
    assert answer.error is not None
    assert (answer.error.code, answer.error.sqlstate, answer.error.message) == (1062, "23000", "no")
    assert answer.error.statement == 2


@pytest.mark.parametrize("size", [FULL - 5, FULL - 4, FULL - 3, FULL - 1, FULL, FULL + 1, 2 * FULL - 4, 2 * FULL + 9])
def test_cells_around_the_largest_packet(size: int) -> None:
    data, cell = long_cell_answer(size)
    assert parse(data, 10, size // 2).results == [Result([cell], ("c0",))]


def test_more_rows_than_sequence_numbers() -> None:
    rows = [(b"%d" % number,) for number in range(1000)]
    assert parse(Reply().rows(*rows).bytes()).results[0].rows == [row[0] for row in rows]


def test_a_stream_hands_out_rows_and_keeps_none() -> None:
    data = Reply().rows(*[(b"x" * 50,)] * 100).bytes()
    answer = ResultParser(stream=True)
    assert not answer.feed(data[:2000])
    first = answer.take()
    assert answer.pending == 0
    assert answer.feed(data[2000:])
    assert len(first) + len(answer.take()) == 100
    assert answer.results[0].rows == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (packet(b"\xfb/etc/passwd", 1), "local file"),
        (packet(b"\0\0\0\0\0\0\0", 7), "out of order"),
        (packet(b"", 1), "empty packet"),
        (packet(b"\0\0\0", 1), "malformed OK"),
        (packet(b"\xfd\xff\xff\xff", 1), "too many columns"),
        (packet(b"\xfc\1", 1), "malformed length"),
        (packet(b"\x01", 1) + packet(b"x", 2) + packet(b"y", 3), None),
        (Reply().ok().bytes() + b"\0", "after the end"),
        (Reply().rows((b"a", b"b")).bytes().replace(b"\1a\1b", b"\1a\2b"), "outside its row"),
    ],
)
def test_nonsense_is_refused(data: bytes, reason: str | None) -> None:
    with pytest.raises((ProtocolError, IndexError), match=reason):
        ResultParser().feed(data)


def test_an_endless_answer_is_refused() -> None:
    answer = ResultParser()
    row = lenenc(b"x" * 60000)
    answer.feed(Reply().rows((b"",)).bytes()[: -len(packet(b"\0", 0)) - len(packet(b"\xfe\0\0\0\0", 0))])
    chunk = packet(row, 0) * 256
    for _ in range(MAX_ANSWER // len(chunk)):
        answer.feed(chunk)
        answer.take()
    with pytest.raises(ResultTooLarge):
        answer.feed(chunk)
