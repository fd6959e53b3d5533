"""MySQL result packets out of bytes: an incremental parser without I/O that keeps cells as raw bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct
from typing import Any

from graphql_app.engine.mysql.row_text import TextForm, form_called

MAX_ANSWER = 256 * 1024 * 1024
"""Bytes of one buffered answer; more is refused, for no page of rows is that large."""

_MAX_COLUMNS = 4096
_FULL = 0xFFFFFF  # a packet of this size goes on in the next one
IN_TRANSACTION, AUTOCOMMIT, _MORE_RESULTS = 0x0001, 0x0002, 0x0008  # of the status in an answer
_OK, _LOCAL_INFILE, _EOF, _ERR = 0x00, 0xFB, 0xFE, 0xFF
_NULL, _TWO, _THREE, _EIGHT = 0xFB, 0xFC, 0xFD, 0xFE

_HEAD = Struct("<HBBB").unpack_from  # size low, size high, sequence number, first byte of the payload
_PAIR = Struct("<HH").unpack_from

_HEADS: dict[bytes, tuple[list[str], TextForm | None]] = {}
"""Heads of results with one column, as they were read: the columns, and the form of the rows."""
_MOST_HEADS = 1000
_AROUND_COLUMN = 18
"""Bytes of such a head without the definition of its column: the packet before it, its own header, the packet after."""


@dataclass(slots=True)
class Result:
    """What one statement gave. A row of a one-column result is the cell itself, otherwise a tuple of cells.

    Cells are the server's bytes, `None` for NULL. Rows in one of the forms of `row_text` are their pieces, and
    `groups` has the groups that led such rows; `has_null`: one of these is NULL. `affected` counts matched rows
    of an UPDATE.
    """

    rows: list[Any]
    columns: tuple[str, ...] = ()
    affected: int = 0
    insert_id: int = 0
    warnings: int = 0
    info: str = ""
    groups: list[bytes] = field(default_factory=list)
    has_null: bool = False


class ServerError(Exception):
    """The server answered with an error packet; the connection is in sync.

    `statement` is the 0-based place of the culprit among the statements that were sent together. `flavour` is the
    family of the server, for each has numbers of its own.
    """

    def __init__(self, code: int, sqlstate: str, message: str, statement: int = 0) -> None:
        super().__init__(code, sqlstate, message, statement)
        self.code = code
        self.sqlstate = sqlstate
        self.message = message
        self.statement = statement
        self.flavour = ""


class ProtocolError(Exception):
    """The bytes are not an answer we can or want to read; the connection is lost."""


class ResultTooLarge(ProtocolError):
    """The answer is larger than `MAX_ANSWER`."""


def _lenenc(data: bytes, pos: int) -> tuple[int, int]:
    """The length-encoded integer at `pos` and the place after it."""
    first = data[pos]
    if first < _NULL:
        return first, pos + 1
    width = {_TWO: 2, _THREE: 3, _EIGHT: 8}.get(first)
    if width is None or pos + 1 + width > len(data):
        raise ProtocolError("malformed length")
    return int.from_bytes(data[pos + 1 : pos + 1 + width], "little"), pos + 1 + width


@lru_cache(maxsize=1024)
def _column_name(payload: bytes) -> str:
    pos = 0
    for _ in range(4):  # catalog, schema, table, original table
        size, pos = _lenenc(payload, pos)
        pos += size
    size, pos = _lenenc(payload, pos)
    return payload[pos : pos + size].decode("utf-8", "replace")


def _server_error(payload: bytes, statement: int) -> ServerError:
    code = int.from_bytes(payload[1:3], "little")
    state, text = "HY000", payload[3:]
    if text[:1] == b"#":
        state, text = text[1:6].decode("ascii", "replace"), text[6:]
    return ServerError(code, state, text.decode("utf-8", "replace"), statement)


def _row(data: bytes, pos: int, end: int) -> tuple[bytes | None, ...]:
    row: list[bytes | None] = []
    while pos < end:
        first = data[pos]
        if first < _NULL:
            stop = pos + 1 + first
            row.append(data[pos + 1 : stop])
        elif first == _NULL:
            stop = pos + 1
            row.append(None)
        else:
            size, start = _lenenc(data, pos)
            stop = start + size
            row.append(data[start:stop])
        pos = stop
    if pos != end:
        raise ProtocolError("a cell ends outside its row")
    return tuple(row)


class ResultParser:
    """Everything the server says to one command, parsed as it arrives.

    `feed` takes bytes cut anywhere. With `stream` the rows are not kept in the results:
    they gather in `rows` until `take` fetches them. `size` is the bytes that arrived so far.
    """

    __slots__ = (
        "_columns",
        "_form",
        "_groups",
        "_have",
        "_left",
        "_need",
        "_null",
        "_parts",
        "_sequence",
        "error",
        "results",
        "rows",
        "size",
        "status",
        "statuses",
        "stream",
        "taken_size",
    )

    def __init__(self, *, sequence: int = 1, stream: bool = False) -> None:
        self.results: list[Result] = []
        self.rows: list[Any] = []
        self.error: ServerError | None = None
        self.status = 0
        self.statuses: list[int] = []  # after each statement
        self.stream = stream
        self.taken_size = 0
        self.size = 0
        self._sequence = sequence
        self._columns: list[str] | None = None
        # The form of the rows, if it is one of ours, and their groups.
        self._form: TextForm | None = None
        self._groups: list[bytes] = []
        # Column definitions (and the packet that ends them) still to come.
        self._left = 0
        self._parts: list[bytes] = []
        self._have = 0
        self._need = 0
        self._null = False

    def take(self) -> list[Any]:
        """The rows gathered since the last call (streams only)."""
        rows, self.rows = self.rows, []
        self.taken_size = self.size
        return rows

    @property
    def pending(self) -> int:
        """Bytes that arrived since the last `take`."""
        return self.size - self.taken_size

    def feed(self, data: bytes) -> bool:
        """Takes the next bytes; whether the answer is complete. Raises `ProtocolError`."""
        self.size += len(data)
        if not self.stream and self.size > MAX_ANSWER:
            raise ResultTooLarge("the answer is too large")
        if self._parts:
            self._parts.append(data)
            self._have += len(data)
            if self._have < self._need:
                return False
            data, self._parts = b"".join(self._parts), []
        return self._parse(data)

    def _parse(self, data: bytes) -> bool:
        pos, end, head = 0, len(data), -1
        while True:
            if self._columns is None:
                after = self._known_head(data, pos)
                head, pos = (pos if after == pos else -1), after
            if self._columns is not None and not self._left:
                if head >= 0:
                    self._note_head(data, head, pos)
                    head = -1
                pos = self._rows(data, pos, end)
            payload, after = self._packet(data, pos, end)
            if payload is None:
                self._keep(data[pos:], after - pos)
                return False
            pos = after
            if self._take_packet(payload):
                if pos != end:
                    raise ProtocolError("bytes after the end of the answer")
                return True

    def _known_head(self, data: bytes, pos: int) -> int:
        """Goes past the head of a result with one column, if it is one that was read before; the place after it."""
        found = _HEADS.get(data[pos : pos + _AROUND_COLUMN + data[pos + 5]]) if len(data) - pos > 5 else None
        if found is None or data[pos + 3] != self._sequence & 0xFF:
            return pos
        self._columns, self._form = found
        self._sequence += 3
        if not self.stream:
            self.rows = []
        return pos + _AROUND_COLUMN + data[pos + 5]

    def _note_head(self, data: bytes, start: int, stop: int) -> None:
        """Remembers a head with one column, for `_known_head`: an operation's next call gets the same."""
        head = data[start:stop]
        if self._columns is not None and len(self._columns) == 1 and len(_HEADS) < _MOST_HEADS:
            _HEADS[head] = (self._columns, self._form)

    def _keep(self, rest: bytes, need: int) -> None:
        self._parts = [rest] if rest else []
        self._have, self._need = len(rest), need

    def _rows(self, data: bytes, pos: int, end: int) -> int:
        """Reads whole rows of the common kinds, as many as there are; the place of what is not such a row."""
        if self._form is not None:
            return self._texts(self._form, data, pos, end)
        read = self._cells if self._columns is not None and len(self._columns) == 1 else self._tuples
        return read(data, pos, end)

    def _texts(self, form: TextForm, data: bytes, pos: int, end: int) -> int:
        """Reads whole rows in a form of ours."""
        while pos + 5 < end:
            first = data[pos + 4]
            if first >= _EIGHT or first == _NULL:
                break
            cut = form.cut(data, pos + 5 + (0 if first < _NULL else first - _NULL + 1))
            if cut is None:
                break
            pieces, groups, pos = cut
            self.rows += pieces
            self._groups += groups
            self._sequence += len(pieces) // form.pieces
        return pos

    def _cells(self, data: bytes, pos: int, end: int) -> int:
        """Reads whole rows of one cell."""
        append, count, last = self.rows.append, len(self.rows), end - 5
        while pos <= last:
            low, high, _, first = _HEAD(data, pos)
            stop = pos + 4 + low + (high << 16)
            if stop > end:
                break
            if first < _NULL:
                append(data[pos + 5 : stop])
            elif first == _TWO:
                append(data[pos + 7 : stop])
            elif first == _NULL:
                append(None)
            elif first == _THREE and stop - pos - 4 != _FULL:
                append(data[pos + 8 : stop])
            else:
                break
            pos = stop
        self._sequence += len(self.rows) - count
        return pos

    def _tuples(self, data: bytes, pos: int, end: int) -> int:
        """Reads whole rows of several cells."""
        append, count, last = self.rows.append, len(self.rows), end - 5
        while pos <= last:
            low, high, _, first = _HEAD(data, pos)
            stop = pos + 4 + low + (high << 16)
            if stop > end or first >= _EIGHT or stop - pos - 4 == _FULL:
                break
            append(_row(data, pos + 4, stop))
            pos = stop
        self._sequence += len(self.rows) - count
        return pos

    def _packet(self, data: bytes, pos: int, end: int) -> tuple[bytes | None, int]:
        """The payload of the packet at `pos` and the place after it; `None` and the place it needs if it is not whole.

        Checking the sequence number here covers the fast loops too: they count the packets they read.
        """
        parts: list[bytes] = []
        sequence = self._sequence
        while end - pos >= 4:
            size = data[pos] | data[pos + 1] << 8 | data[pos + 2] << 16
            stop = pos + 4 + size
            if stop > end:
                return None, stop
            if data[pos + 3] != sequence & 0xFF:
                raise ProtocolError("packets out of order")
            sequence += 1
            payload = data[pos + 4 : stop]
            if size != _FULL:
                self._sequence = sequence
                return (b"".join([*parts, payload]) if parts else payload), stop
            parts.append(payload)
            pos = stop
        return None, pos + 4

    def _take_packet(self, payload: bytes) -> bool:
        """Takes a packet that the fast loops do not; whether it ends the answer."""
        if not payload:
            raise ProtocolError("empty packet")
        first = payload[0]
        if first == _ERR:
            self.error = _server_error(payload, len(self.results))
            return True
        if self._columns is None:
            return self._take_first(payload, first)
        if self._left:
            return self._take_column(payload, first)
        if first == _EOF and len(payload) < 9:
            return self._end_rows(payload)
        self._take_row(_row(payload, 0, len(payload)))
        return False

    def _take_first(self, payload: bytes, first: int) -> bool:
        if first == _OK:
            return self._ok(payload)
        if first == _LOCAL_INFILE:
            raise ProtocolError("the server asks for a local file")
        count, _ = _lenenc(payload, 0)
        if count > _MAX_COLUMNS:
            raise ProtocolError("too many columns")
        self._columns = []
        self._left = count + 1
        if not self.stream:
            self.rows = []
        return False

    def _take_column(self, payload: bytes, first: int) -> bool:
        assert self._columns is not None
        self._left -= 1
        if self._left:
            self._columns.append(_column_name(payload))
        elif first != _EOF:
            raise ProtocolError("column definitions do not end")
        else:
            self._form = form_called(self._columns[0]) if len(self._columns) == 1 else None
        return False

    def _take_row(self, row: tuple[bytes | None, ...]) -> None:
        if len(row) > 1:
            self.rows.append(row)
        elif self._form is None or row[0] is None:
            self._null = self._form is not None
            self.rows.append(row[0])
        else:
            try:
                pieces, group = self._form.single(row[0])
            except ValueError as error:
                raise ProtocolError(str(error)) from None
            self.rows += pieces
            self._groups.append(group)

    def _ok(self, payload: bytes) -> bool:
        affected, pos = _lenenc(payload, 1)
        insert_id, pos = _lenenc(payload, pos)
        if len(payload) < pos + 4:
            raise ProtocolError("malformed OK packet")
        self.status, warnings = _PAIR(payload, pos)
        info = payload[pos + 4 :].decode("utf-8", "replace")
        self.statuses.append(self.status)
        self.results.append(Result([], (), affected, insert_id, warnings, info))
        return not self.status & _MORE_RESULTS

    def _end_rows(self, payload: bytes) -> bool:
        if len(payload) < 5:
            raise ProtocolError("malformed end of rows")
        warnings, self.status = _PAIR(payload, 1)
        assert self._columns is not None
        rows = [] if self.stream else self.rows
        columns, null = tuple(self._columns), self._null
        self.statuses.append(self.status)
        self.results.append(Result(rows, columns, warnings=warnings, groups=self._groups, has_null=null))
        self._columns, self._form, self._groups, self._null = None, None, [], False
        return not self.status & _MORE_RESULTS
