"""Dates and times as text -> SQL literals. The session's time zone is UTC; see `schema_gen.encoders` for the form."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from schema_gen.catalog import ColumnType
from schema_gen.literals import quote_text

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_CLOCK = r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?"
_MOMENT = re.compile(rf"{_DATE.pattern}(?:[T ]{_CLOCK} ?(Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?", re.IGNORECASE)
_TIME = re.compile(r"(-?)([0-9]{1,3}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?")
_LONGEST: Final = timedelta(hours=838, minutes=59, seconds=59)


def encode_date(value: object, _type: ColumnType, _stored: bool) -> bytes:
    """`2024-02-29`."""
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        try:
            return quote_text(datetime(int(found[1]), int(found[2]), int(found[3])).date().isoformat())
        except ValueError:
            pass
    raise ValueError("expected a date such as 2024-02-29")


def encode_moment(value: object, _type: ColumnType, _stored: bool) -> bytes:
    """A moment in ISO 8601, `T` or a blank between date and time; an offset is counted off, so that UTC is sent."""
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        try:
            return quote_text(_moment(found).isoformat(" "))
        except (ValueError, OverflowError):
            pass
    raise ValueError("expected a date and time such as 2024-02-29T13:45:00.123456 or 2024-02-29T13:45:00Z")


def _moment(found: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    micro = int((found[7] or "").ljust(6, "0"))
    zone = UTC if found[8] is None or found[8] in "Zz" else _zone(found[8])
    moment = datetime(year, month, day, hour, minute, second, micro, zone)
    return moment.astimezone(UTC).replace(tzinfo=None)


def _zone(text: str) -> timezone:
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 14 or minutes > 59:
        raise ValueError
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def encode_time(value: object, _type: ColumnType, _stored: bool) -> bytes:
    """A time of day or a span up to 838:59:59, either way."""
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        hours, minutes, seconds = int(found[2]), int(found[3]), int(found[4] or 0)
        fraction = found[5] or ""
        span = timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=int(fraction.ljust(6, "0")))
        if minutes < 60 and seconds < 60 and span <= _LONGEST:
            rest = f".{fraction}" if fraction else ""
            return quote_text(f"{found[1]}{hours:02}:{minutes:02}:{seconds:02}{rest}")
    raise ValueError("expected a time such as 13:45:00, within 838:59:59")
