"""Requests for many rows at once: a read row by row, and a write batch by batch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from graphql_app.engine.request.calls import Read


class RowForm(Enum):
    """What the line of a row is. `SPREADSHEET` is CSV whose texts no spreadsheet takes for a formula."""

    JSON = auto()
    CSV = auto()
    SPREADSHEET = auto()


@dataclass(frozen=True, slots=True)
class RowsRead:
    """The rows of `read`, one text each in `form`; `whole`: no default page bounds them."""

    read: Read
    form: RowForm
    whole: bool = False


class BulkMode(StrEnum):
    """What becomes of a row whose key is there already, and of one whose key is not."""

    INSERT = "insert"
    UPSERT = "upsert"
    UPDATE = "update"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class BulkWrite:
    """Rows of literals for `columns` of `table`, which come later, batch by batch."""

    table: str
    columns: tuple[str, ...]
    mode: BulkMode
