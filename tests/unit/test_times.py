"""Dates and times are read as Python reads them, in every form of ISO 8601, and nothing else is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from random import Random

import pytest

from schema_gen.catalog.model import ColumnType
from schema_gen.types.temporal import encode_date, encode_moment, encode_time
from tests.hostile.watchdog import watchdog

DATE, MOMENT, TIME = ColumnType("date"), ColumnType("datetime", precision=6), ColumnType("time", precision=6)


def read_moment(text: str) -> datetime | None:
    """The moment in UTC, or None where the text is refused."""
    try:
        return datetime.fromisoformat(encode_moment(text, MOMENT, True).decode().strip("'"))
    except ValueError:
        return None


def read_date(text: str) -> date | None:
    """The date, or None where the text is refused."""
    try:
        return date.fromisoformat(encode_date(text, DATE, True).decode().strip("'"))
    except ValueError:
        return None


def read_time(text: str) -> str | None:
    """The time as the server is given it, or None where the text is refused."""
    try:
        return encode_time(text, TIME, True).decode().strip("'")
    except ValueError:
        return None


def written_date(draw: Random, day: date) -> str:
    """A day in one of the forms."""
    week = day.isocalendar()
    return draw.choice(
        (
            f"{day:%Y-%m-%d}".zfill(10),
            f"{day:%Y%m%d}".zfill(8),
            f"{week.year:04}-W{week.week:02}-{week.weekday}",
            f"{week.year:04}W{week.week:02}{week.weekday}",
        )
    )


def written_clock(draw: Random, clock: time) -> tuple[str, time]:
    """A time in one of the forms, and what of it is written."""
    mark, point = draw.choice((":", "")), draw.choice(".,")
    match draw.randrange(4):
        case 0:
            return f"{clock:%H}", clock.replace(minute=0, second=0, microsecond=0)
        case 1:
            return f"{clock:%H}{mark}{clock:%M}", clock.replace(second=0, microsecond=0)
        case 2:
            return f"{clock:%H}{mark}{clock:%M}{mark}{clock:%S}", clock.replace(microsecond=0)
    digits = draw.choice((1, 3, 6, 9, 12))
    fraction = f"{clock:%f}{draw.randrange(10**6):06}"[:digits]
    kept = int(fraction[:6].ljust(6, "0"))
    return f"{clock:%H}{mark}{clock:%M}{mark}{clock:%S}{point}{fraction}", clock.replace(microsecond=kept)


def written_zone(draw: Random) -> tuple[str, timezone]:
    """An offset in one of the forms."""
    minutes = draw.choice((0, 60, 120, -480, 330, -570, 840, draw.randrange(-1439, 1440)))
    sign, size = "-" if minutes < 0 else "+", abs(minutes)
    zone = timezone(timedelta(minutes=minutes))
    forms = [f"{sign}{size // 60:02}:{size % 60:02}", f"{sign}{size // 60:02}{size % 60:02}"]
    if size % 60 == 0:
        forms.append(f"{sign}{size // 60:02}")
    if minutes == 0:
        forms.append("Z")
    return draw.choice(forms), zone


def random_moment(draw: Random) -> datetime:
    """A moment of any year but the very first and last."""
    start = datetime(2, 1, 1)
    return start + timedelta(seconds=draw.randrange(9_996 * 365 * 86_400), microseconds=draw.randrange(10**6))


def test_every_form_of_a_moment_is_read_as_python_reads_it() -> None:
    draw = Random(8601)
    for _ in range(20_000):
        moment = random_moment(draw)
        day = written_date(draw, moment.date())
        clock, kept = written_clock(draw, moment.time())
        zone, offset = written_zone(draw) if draw.random() < 0.7 else ("", UTC)
        text = f"{day}{draw.choice('T ')}{clock}{zone}"
        expected = datetime.combine(moment.date(), kept, offset).astimezone(UTC).replace(tzinfo=None)
        assert read_moment(text) == expected, text
        theirs = datetime.fromisoformat(text)
        assert (theirs.astimezone(UTC).replace(tzinfo=None) if theirs.tzinfo else theirs) == expected, text
        assert read_moment(text.replace("T", "t").replace("Z", "z").replace("W", "w")) == expected, text
        if zone:
            assert read_moment(f"{day} {clock} {zone}") == expected
        assert read_date(day) == moment.date() == date.fromisoformat(day)
        assert read_moment(day) == datetime.combine(moment.date(), time())


def test_days_of_the_year() -> None:
    for year in (1, 1900, 2000, 2023, 2024, 9999):
        last = (date(year, 12, 31) - date(year, 1, 1)).days + 1
        for number in (1, 59, 60, 61, 365, last):
            expected = date(year, 1, 1) + timedelta(days=number - 1)
            assert read_date(f"{year:04}-{number:03}") == expected == read_date(f"{year:04}{number:03}")
            assert read_moment(f"{year:04}-{number:03}T12Z") == datetime.combine(expected, time(12))
        assert read_date(f"{year:04}-{last + 1:03}") is None
        assert read_date(f"{year:04}-000") is None


def test_what_is_broken_is_refused_as_python_refuses_it() -> None:
    """Of texts a few letters off only those are taken that Python takes, with the same meaning, or that are ours."""
    draw = Random(23)
    seeds = ["2024-02-29T13:45:07.5+02:00", "20240229T134507Z", "2024-W09-4 13:45", "2024-02-29 13", "2024060T13,5"]
    taken = 0
    for _ in range(40_000):
        letters = list(draw.choice(seeds))
        for _ in range(draw.randrange(1, 4)):
            at = draw.randrange(len(letters))
            match draw.randrange(3):
                case 0:
                    letters[at] = draw.choice("0123456789-:TWZ+., \u0661")
                case 1:
                    del letters[at]
                case _:
                    letters.insert(at, draw.choice("0123456789-:TWZ+., \u0661"))
        text = "".join(letters)
        with watchdog():
            ours = read_moment(text)
        if ours is None:
            continue
        taken += 1
        # Days of the year, the blank before an offset and the end of a day are not Python's.
        try:
            theirs = datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-").replace(" Z", "Z"))
        except ValueError:
            assert "24:00" in text or "T24" in text or text[4:7].strip("-").isdigit(), text
            continue
        assert (theirs.astimezone(UTC).replace(tzinfo=None) if theirs.tzinfo else theirs) == ours, text
    assert taken > 2_000


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2017-08-19 14:22:11.802755+02", datetime(2017, 8, 19, 12, 22, 11, 802755)),
        ("2017-08-19T14:22:11,802755123Z", datetime(2017, 8, 19, 14, 22, 11, 802755)),
        ("2017-08-19T14:22\u221202:30", datetime(2017, 8, 19, 16, 52)),
        ("2024-02-29T24:00", datetime(2024, 3, 1)),
        ("9999-12-31T24:00+01:00", datetime(9999, 12, 31, 23)),
        ("9999-12-31T24:00", None),
        ("0001-01-01T00:00+00:01", None),
        ("2024-02-29T24:00:00.1", None),
        ("2024-02-29T25", None),
        ("2024-02-29T12:60", None),
        ("2024-02-29T12:59:60", None),
        ("2024-02-29T12+24", None),
        ("2024-02-29T12+0060", None),
        ("2024-02-29T12:3", None),
        ("2024-02-29T1230:05", None),
        ("2024-02-29T12:3005", None),
        ("2024-02-29T12:30.5", None),
        ("2024-02", None),
        ("2024-W09", None),
        ("2024-W60-1", None),
        ("2024-0229", None),
        ("2024W09-4", None),
        ("2024-02-29Z", None),
        ("2024-02-29  12:00", None),
        (" 2024-02-29", None),
        ("2024-02-29T12:00\n", None),
        ("+2024-02-29", None),
        ("\u0662\u0660\u0662\u0664-02-29", None),
        ("2024-02-29T12:00:00." + "1" * 1_000_000, None),
        ("0" * 1_000_000, None),
    ],
)
def test_moments(text: str, moment: datetime | None) -> None:
    with watchdog():
        assert read_moment(text) == moment


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("13:45", "13:45:00"),
        ("13:45:07,5", "13:45:07.5"),
        ("13:45:07.1234567", "13:45:07.123456"),
        ("T13:45", "13:45:00"),
        ("T13", "13:00:00"),
        ("T1345", "13:45:00"),
        ("T134507.25", "13:45:07.250000"),
        ("134507", "13:45:07"),
        ("13:45:07Z", "13:45:07"),
        ("13:45+02", "11:45:00"),
        ("01:00:00+0200", "23:00:00"),
        ("T23:30-01:00", "00:30:00"),
        ("-100:05:00.5", "-100:05:00.5"),
        ("\u2212100:05", "-100:05:00"),
        ("24:00", "24:00:00"),
        ("838:59:59", "838:59:59"),
        ("838:59:59.000001", None),
        ("100:00Z", None),
        ("-10:00Z", None),
        ("T24:00", None),
        ("13", None),
        ("1345", None),
        ("13:45:60", None),
        ("T13:60", None),
        ("13:4", None),
        ("", None),
        ("T", None),
    ],
)
def test_times(text: str, shown: str | None) -> None:
    assert read_time(text) == shown


def test_times_of_day_are_read_as_python_reads_them() -> None:
    draw = Random(24)
    for _ in range(5_000):
        clock, kept = written_clock(draw, random_moment(draw).time())
        shown = read_time(f"T{clock}")
        assert shown is not None, clock
        assert time.fromisoformat(shown) == kept == time.fromisoformat(clock), clock
