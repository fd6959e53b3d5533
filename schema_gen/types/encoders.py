"""JSON-like values -> SQL literals, one function per family of column types. Used through `column_types`.

Every function takes the value, the column's type, and whether the value is to be stored
(then ranges and digits are checked, because a server would round or cut silently) or
only compared (then any value of the family will do). They raise `ValueError` with a
message that completes "Invalid value: ..." and may be shown to clients.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import re
import struct
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final, cast

from schema_gen.catalog.model import ColumnType
from schema_gen.sql_literals import double, integer, quote_bytes, quote_text, quote_texts
from schema_gen.types.charsets import by_order, compared_text, fits, surely_lacks
from schema_gen.types.geojson import srid_of, wkb_of, wkt_of

Encoder = Callable[[object, ColumnType, bool], bytes]

_WHOLE = re.compile(r"[+-]?[0-9]{1,65}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,3})?")
_EMOJI = re.compile("[\U00010000-\U0010ffff]")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-?)(?:[0-9a-fA-F]{4}\1){3}[0-9a-fA-F]{12}")

_BITS: Final = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
_MOST_DIGITS: Final = 65
_COMPARABLE: Final = (1 - 10**_MOST_DIGITS, 10**_MOST_DIGITS - 1)
_EXACT_IN_DOUBLE: Final = 2**53


# --- numbers ----------------------------------------------------------------


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT_IN_DOUBLE:
        return int(value)
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value() and abs(value) < 10**65:
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return None


def integer_range(type_: ColumnType) -> tuple[int, int]:
    """The least and the greatest number that a column of this integer type, or BIT or YEAR, holds."""
    if type_.base == "bit":
        return 0, 2 ** (type_.length or 1) - 1
    bits = _BITS[type_.base]
    return (0, 2**bits - 1) if type_.unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def encode_integer(value: object, type_: ColumnType, stored: bool) -> bytes:
    """A whole number, also as text of digits."""
    low, high = integer_range(type_) if stored else _COMPARABLE
    number = _whole(value)
    if number is None or not low <= number <= high:
        raise ValueError(f"expected an integer between {low} and {high}" if stored else "expected an integer")
    return integer(number)


_TRUE: Final = (True, 1, "true", "1")
_FALSE: Final = (False, 0, "false", "0")


def encode_boolean(value: object, _type: ColumnType, _stored: bool) -> bytes:
    """A truth value; `0`, `1` and the words as text will do."""
    if isinstance(value, bool | int | str):
        if value in _TRUE:
            return b"1"
        if value in _FALSE:
            return b"0"
    raise ValueError("expected true or false")


def encode_year(value: object, _type: ColumnType, stored: bool) -> bytes:
    """1901 to 2155, or 0; never the two-digit forms, which the server would expand."""
    number = _whole(value)
    if number is None or (stored and number != 0 and not 1901 <= number <= 2155):
        raise ValueError("expected a year between 1901 and 2155, or 0")
    return integer(number)


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        number = Decimal(value)
    elif isinstance(value, float):
        number = Decimal(repr(value))
    elif isinstance(value, str) and _NUMBER.fullmatch(value):
        number = Decimal(value)
    else:
        return None
    return number if number.is_finite() and -400 < number.adjusted() < 400 else None


def encode_decimal(value: object, type_: ColumnType, stored: bool) -> bytes:
    """An exact number, written out in plain digits; nothing is rounded."""
    number = _decimal(value)
    if number is None:
        raise ValueError("expected a decimal number")
    sign, figures, exponent = number.as_tuple()
    digits = "".join(map(str, figures)).lstrip("0")
    shift = int(exponent) + len(digits) - len(digits.rstrip("0"))
    digits = digits.rstrip("0")
    if not digits:
        return b"0"
    before, after = max(len(digits) + shift, 0), max(-shift, 0)
    if stored:
        _check_digits(before, after, type_)
        if sign and type_.unsigned:
            raise ValueError("expected a number that is not negative")
    elif before + after > _MOST_DIGITS:
        raise ValueError(f"expected a number of at most {_MOST_DIGITS} digits")
    return _plain_digits("-" if sign else "", digits, shift).encode()


def _check_digits(before: int, after: int, type_: ColumnType) -> None:
    scale = type_.scale or 0
    most_before = (type_.precision or 10) - scale
    if after > scale:
        raise ValueError(f"expected at most {scale} digits after the decimal point")
    if before > most_before:
        raise ValueError(f"expected at most {most_before} digits before the decimal point")


def _plain_digits(sign: str, digits: str, shift: int) -> str:
    if shift >= 0:
        return sign + digits + "0" * shift
    padded = digits.rjust(1 - shift, "0")
    return f"{sign}{padded[:shift]}.{padded[shift:]}"


def _float(value: object) -> float:
    number = _decimal(value)
    if number is None:
        raise ValueError("expected a number")
    try:
        found = float(number)
    except OverflowError:
        found = float("inf")
    if found in (float("inf"), float("-inf")):
        raise ValueError("expected a number within the range of a double")
    return found


def encode_double(value: object, type_: ColumnType, stored: bool) -> bytes:
    """A floating-point number of 64 bits, exactly."""
    number = _float(value)
    if stored and type_.unsigned and number < 0:
        raise ValueError("expected a number that is not negative")
    return double(number)


def encode_float(value: object, type_: ColumnType, stored: bool) -> bytes:
    """A floating-point number of 32 bits: what is compared is rounded as what was stored, so that 9.99 finds 9.99."""
    number = _float(value)
    try:
        rounded = struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        raise ValueError("expected a number within the range of a 32-bit float") from None
    if stored:
        return encode_double(value, type_, stored)
    return double(rounded)


# --- text and bytes ---------------------------------------------------------


def encode_text(value: object, type_: ColumnType, stored: bool) -> bytes:
    """Text; its length is left to the server, which counts as the column does."""
    if not isinstance(value, str):
        raise ValueError("expected a text")
    if not stored:
        return compared_text(value, type_.charset)
    if surely_lacks(value, type_.charset):
        raise ValueError(f"expected a text in the character set of the column, {type_.charset}")
    return quote_text(value)


def encode_ordered_text(value: object, type_: ColumnType) -> bytes:
    """The text that `<` and `>` compare a column with."""
    if isinstance(value, str) and not fits(value, type_.charset):
        return by_order(quote_text(value), type_.collation)
    return encode_text(value, type_, False)


def encode_binary(value: object, _type: ColumnType, _stored: bool) -> bytes:
    """Bytes given as base64."""
    if isinstance(value, str):
        try:
            return quote_bytes(base64.b64decode(value.encode("ascii"), validate=True))
        except (binascii.Error, UnicodeEncodeError):
            pass
    raise ValueError("expected bytes in base64")


def encode_uuid(value: object, _type: ColumnType, _stored: bool) -> bytes:
    """A UUID in its hexadecimal form, with or without hyphens."""
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise ValueError("expected a UUID such as 123e4567-e89b-12d3-a456-426655440000")
    return quote_text(value)


def encode_inet(value: object, type_: ColumnType, _stored: bool) -> bytes:
    """An address of the family in the type's name."""
    version = 4 if type_.base == "inet4" else 6
    try:
        if not isinstance(value, str) or "%" in value:
            raise ValueError
        address = ipaddress.ip_address(value)
        if address.version != version:
            raise ValueError
    except ValueError:
        raise ValueError(f"expected an IPv{version} address") from None
    return quote_text(str(address))


# --- lists of words ---------------------------------------------------------


def _members_known(type_: ColumnType) -> bool:
    """Whether `members` is the whole truth: INFORMATION_SCHEMA is utf8mb3 and shows `?` for an emoji."""
    return not any("?" in member for member in type_.members)


def encode_enum(value: object, type_: ColumnType, stored: bool) -> bytes:
    """One of the members."""
    if not isinstance(value, str) or (value not in type_.members and _members_known(type_)):
        raise ValueError(f"expected one of {_listing(type_)}")
    return quote_text(value) if stored else compared_text(value, type_.charset)


def encode_set(value: object, type_: ColumnType, stored: bool) -> bytes:
    """Members as a list, or as text with commas; put into the order of the declaration, as the server stores them."""
    words = value.split(",") if isinstance(value, str) and value else value or []
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) and "," not in word for word in words):
        raise ValueError(f"expected a list of {_listing(type_)}")
    unknown = [word for word in words if word not in type_.members]
    if unknown and _members_known(type_):
        raise ValueError(f"expected a list of {_listing(type_)}")
    text = ",".join([member for member in type_.members if member in words] + unknown)
    return quote_text(text) if stored else compared_text(text, type_.charset)


def encode_place(value: object, type_: ColumnType) -> bytes:
    """What the server orders a member of an ENUM or the members of a SET by: a place from 1 on, or a sum of bits."""
    words = value.split(",") if isinstance(value, str) and type_.base == "set" else value
    if isinstance(words, str):
        return integer(_place(words, type_) + 1)
    return integer(sum({1 << _place(word, type_) for word in cast(Sequence[str], words) if word}))


def _place(word: str, type_: ColumnType) -> int:
    # As INFORMATION_SCHEMA shows it, see `_members_known`; `encode_enum` and `encode_set` refuse every other word.
    return type_.members.index(word if word in type_.members else _EMOJI.sub("?", word))


def _listing(type_: ColumnType) -> str:
    shown = ", ".join(f"'{member}'" for member in type_.members[:10])
    return shown + (", ..." if len(type_.members) > 10 else "")


# --- documents --------------------------------------------------------------


def encode_json(value: object, _type: ColumnType, stored: bool) -> bytes:
    """Any JSON value. A string is a JSON string, not a document."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        raise ValueError("expected a JSON value") from None
    quoted = quote_text(text)
    # MySQL compares a plain text as a JSON string, and MariaDB knows no CAST(... AS JSON). COALESCE keeps MariaDB
    # from comparing the result of JSON_EXTRACT without its quotes.
    return quoted if stored else b"COALESCE(JSON_EXTRACT(" + quoted + b",'$'))"


def encode_geometry(value: object, type_: ColumnType, _stored: bool) -> bytes:
    """A GeoJSON geometry object."""
    text, srid = wkt_of(value, type_.base), srid_of(value)
    if not type_.srid and srid:
        # As the servers keep it: with axes in GeoJSON's order, whatever the reference system's is.
        return quote_bytes(struct.pack("<I", srid) + wkb_of(value))
    if not type_.srid:
        return b"ST_GeomFromText(" + quote_text(text) + b")"
    if srid not in (0, type_.srid):
        raise ValueError(f"expected a geometry of the reference system EPSG:{type_.srid}")
    # Only MySQL has columns with an SRID. Its order of axes follows the reference system in WKT, never in GeoJSON.
    document = json.dumps(value, allow_nan=False)
    return b"ST_GeomFromGeoJSON(" + quote_text(document) + b",1,%d)" % type_.srid


def encode_vector(value: object, type_: ColumnType, _stored: bool) -> bytes:
    """A list of numbers, as the 32-bit floats that vectors are made of."""
    if not isinstance(value, list | tuple) or not value or (type_.length and len(value) > type_.length):
        raise ValueError(f"expected a list of {type_.length or 'some'} numbers")
    try:
        return quote_bytes(struct.pack(f"<{len(value)}f", *map(_float, value)))
    except OverflowError:
        raise ValueError("expected numbers within the range of a 32-bit float") from None


# --- many at once -----------------------------------------------------------


def encode_alike(values: Sequence[object], encoder: Encoder, type_: ColumnType) -> list[bytes] | None:
    """What `encoder` makes of values to be stored, where that can be had at once. None: one by one."""
    kinds = set(map(type, values))
    if encoder is encode_text and kinds == {str}:
        texts = cast(Sequence[str], values)
        return (
            None if type_.charset != "utf8mb4" and surely_lacks("".join(texts), type_.charset) else quote_texts(texts)
        )
    if encoder is encode_integer and kinds == {int}:
        numbers = cast(Sequence[int], values)
        low, high = integer_range(type_)
        return [b"%d" % number for number in numbers] if low <= min(numbers) and max(numbers) <= high else None
    return None
