"""Dates and times as text -> SQL literals. The session's time zone is UTC; see `encoders` for the form.

What is taken is ISO 8601 in its extended and basic forms: calendar, week and ordinal dates; hours alone, with minutes,
with seconds and a fraction behind a point or comma; `Z` or an offset; `T` or a blank between date and time, and a blank
before the offset. Digits of a fraction beyond the sixth are dropped, as Python does.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from schema_gen.catalog.model import ColumnType
from schema_gen.sql_literals import quote_text

_D: Final = "[0-9]"
_DATE_FORM: Final = (
    rf"(?P<year>{_D}{{4}})(?:"
    rf"-(?P<month>{_D}{{2}})-(?P<day>{_D}{{2}})|(?P<month_>{_D}{{2}})(?P<day_>{_D}{{2}})"
    rf"|-W(?P<week>{_D}{{2}})-(?P<weekday>[1-7])|W(?P<week_>{_D}{{2}})(?P<weekday_>[1-7])"
    rf"|-(?P<ordinal>{_D}{{3}})|(?P<ordinal_>{_D}{{3}}))"
)
_FRACTION: Final = rf"[.,](?P<{{}}>{_D}{{{{1,30}}}})"
_CLOCK_FORM: Final = (
    rf"(?P<hour>{_D}{{2}})(?:"
    rf":(?P<minute>{_D}{{2}})(?::(?P<second>{_D}{{2}})(?:{_FRACTION.format('fraction')})?)?"
    rf"|(?P<minute_>{_D}{{2}})(?:(?P<second_>{_D}{{2}})(?:{_FRACTION.format('fraction_')})?)?)?"
)
# ISO 8601 writes an offset's sign as a minus (U+2212), where there is one; everybody writes a hyphen.
_ZONE_FORM: Final = rf" ?(?:Z|(?P<sign>[+\-\u2212])(?P<zone_hours>{_D}{{2}})(?::?(?P<zone_minutes>{_D}{{2}}))?)"
_DATE = re.compile(_DATE_FORM, re.IGNORECASE)
_MOMENT = re.compile(rf"{_DATE_FORM}(?:[T ]{_CLOCK_FORM}(?:{_ZONE_FORM})?)?", re.IGNORECASE)
_COMMON = re.compile(
    rf"{_D}{{4}}-{_D}{{2}}-{_D}{{2}}[T ]{_D}{{2}}:{_D}{{2}}:{_D}{{2}}(?:\.{_D}{{1,6}})?(?:Z|[+-]{_D}{{2}}:{_D}{{2}})?"
)
"""What nearly everybody writes, and Python's own reader takes quicker."""
_TIME_OF_DAY = re.compile(rf"T?{_CLOCK_FORM}(?:{_ZONE_FORM})?", re.IGNORECASE)
_SPAN = re.compile(rf"([\-\u2212]?)({_D}{{1,3}}):({_D}{{2}})(?::({_D}{{2}})(?:[.,]({_D}{{1,30}}))?)?")
# Dates of zeros, or without month or day: the servers have them, and no calendar. They have no time zone either.
_ZERO = re.compile(
    r"([0-9]{4}-(?:00-(?:[0-2][0-9]|3[01])|(?:0[0-9]|1[0-2])-00))"
    r"(?:[T ]((?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?)(?: ?(?:Z|[+-]00(?::?00)?))?)?",
    re.IGNORECASE,
)
_LONGEST: Final = timedelta(hours=838, minutes=59, seconds=59)
_DAY: Final = timedelta(days=1)
_NONE: Final = timedelta()
_MIDNIGHT: Final = time()


def encode_date(value: object, _type: ColumnType, _stored: bool) -> bytes:
    """`2024-02-29`, `20240229`, `2024-W09-4` or `2024-060`; also a date of zeros, as the servers hold them."""
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        try:
            return quote_text(_date(found).isoformat())
        except (ValueError, OverflowError):
            if zero := _ZERO.fullmatch(found[0]):
                return quote_text(zero[1])
    raise ValueError("expected a date such as 2024-02-29")


def encode_moment(value: object, _type: ColumnType, _stored: bool) -> bytes:
    """A date, or a date and a time of it; an offset is counted off, so that UTC is sent."""
    try:
        if isinstance(value, str) and _COMMON.fullmatch(value):
            common = datetime.fromisoformat(value)
            return quote_text((common.astimezone(UTC).replace(tzinfo=None) if common.tzinfo else common).isoformat(" "))
        found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
        if found is not None:
            return quote_text(_moment(found).isoformat(" "))
    except (ValueError, OverflowError):
        if isinstance(value, str) and (zero := _ZERO.fullmatch(value)):
            return quote_text(f"{zero[1]} {zero[2] or '00:00:00'}")
    raise ValueError("expected a date and time such as 2024-02-29T13:45:00.123456 or 2024-02-29T13:45:00Z")


def encode_time(value: object, _type: ColumnType, _stored: bool) -> bytes:
    """A time of day, an offset counted off, or a span up to 838:59:59, either way."""
    text = _span(value) or _time_of_day(value) if isinstance(value, str) else None
    if text is None:
        raise ValueError("expected a time such as 13:45:00, within 838:59:59")
    return quote_text(text)


def _number(found: re.Match[str], name: str) -> int:
    """The number of this name, in the extended or the basic form; 0 where it is left out."""
    return int(found[name] or found[f"{name}_"] or 0)


def _micro(fraction: str | None) -> int:
    return int((fraction or "")[:6].ljust(6, "0"))


def _date(found: re.Match[str]) -> date:
    year = int(found["year"])
    if found["month"] or found["month_"]:
        return date(year, _number(found, "month"), _number(found, "day"))
    if found["week"] or found["week_"]:
        return date.fromisocalendar(year, _number(found, "week"), _number(found, "weekday"))
    made = date(year, 1, 1) + timedelta(days=_number(found, "ordinal") - 1)
    if made.year != year:
        raise ValueError("no such day of the year")
    return made


def _moment(found: re.Match[str]) -> datetime:
    return datetime.combine(_date(found), _MIDNIGHT) + (_clock(found) - _offset(found))


def _clock(found: re.Match[str]) -> timedelta:
    """The time since midnight; 24:00 is the next one."""
    if not found["hour"]:
        return _NONE
    minute, second = _number(found, "minute"), _number(found, "second")
    micro = _micro(found["fraction"] or found["fraction_"])
    made = timedelta(hours=int(found["hour"]), minutes=minute, seconds=second, microseconds=micro)
    if minute > 59 or second > 59 or made > _DAY:
        raise ValueError("no time of day")
    return made


def _offset(found: re.Match[str]) -> timedelta:
    """How far the clock is ahead of UTC."""
    if not found["sign"]:
        return _NONE
    hours, minutes = int(found["zone_hours"]), int(found["zone_minutes"] or 0)
    if hours > 23 or minutes > 59:
        raise ValueError("no offset")
    offset = timedelta(hours=hours, minutes=minutes)
    return offset if found["sign"] == "+" else -offset


def _span(text: str) -> str | None:
    """A span, or a time of day in its extended form, as the server takes it."""
    found = _SPAN.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = int(found[2]), int(found[3]), int(found[4] or 0)
    span = timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=_micro(found[5]))
    if minutes > 59 or seconds > 59 or span > _LONGEST:
        return None
    fraction = f".{found[5][:6]}" if found[5] else ""
    return f"{'-' if found[1] else ''}{hours:02}:{minutes:02}:{seconds:02}{fraction}"


def _time_of_day(text: str) -> str | None:
    """A time of day in another form. Two or four digits alone are none: the server would read them as seconds."""
    found = _TIME_OF_DAY.fullmatch(text)
    if found is None or re.fullmatch(f"(?:{_D}{{2}}){{1,2}}", text):
        return None
    try:
        clock, offset = _clock(found), _offset(found)
    except ValueError:
        return None
    return None if clock == _DAY else (datetime(2000, 1, 2) + clock - offset).time().isoformat()
