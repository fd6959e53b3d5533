"""GeoJSON geometries (RFC 7946, and `crs` as of 2008) -> WKT, WKB.

Checked in full: MariaDB stores NULL for a text that it cannot read.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterable
from typing import Any, Final

_MOST_DEPTH: Final = 10
_EXPECTED: Final = "expected a GeoJSON geometry"


def _list(value: object, least: int) -> list[object]:
    if not isinstance(value, list | tuple) or len(value) < least:
        raise ValueError(f"{_EXPECTED}: a list of at least {least} was expected in its coordinates")
    return list(value)


def _position(value: object) -> str:
    numbers = _list(value, 2)
    if len(numbers) != 2:
        raise ValueError(f"{_EXPECTED} with two coordinates in each position")
    return f"{_number(numbers[0])} {_number(numbers[1])}"


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{_EXPECTED} with numbers as coordinates")
    return repr(value) if isinstance(value, float) else str(value)


def _line(value: object) -> str:
    return "(" + ",".join(map(_position, _list(value, 2))) + ")"


def _ring(value: object) -> str:
    positions = [_position(each) for each in _list(value, 4)]
    if positions[0] != positions[-1]:
        raise ValueError(f"{_EXPECTED}: a ring must end where it starts")
    return "(" + ",".join(positions) + ")"


def _polygon(value: object) -> str:
    return "(" + ",".join(map(_ring, _list(value, 1))) + ")"


def _points(value: object) -> str:
    # MariaDB does not read the form with parentheses around each point.
    return "(" + ",".join(map(_position, _list(value, 1))) + ")"


def _lines(value: object) -> str:
    return "(" + ",".join(map(_line, _list(value, 1))) + ")"


def _polygons(value: object) -> str:
    return "(" + ",".join(map(_polygon, _list(value, 1))) + ")"


_KINDS: Final[dict[str, tuple[str, Callable[[object], str]]]] = {
    "Point": ("POINT", lambda value: f"({_position(value)})"),
    "LineString": ("LINESTRING", _line),
    "Polygon": ("POLYGON", _polygon),
    "MultiPoint": ("MULTIPOINT", _points),
    "MultiLineString": ("MULTILINESTRING", _lines),
    "MultiPolygon": ("MULTIPOLYGON", _polygons),
}


def wkt_of(value: object, kind: str = "geometry") -> str:
    """The WKT of a GeoJSON geometry object.

    `kind` is the column's type (`point`, `geometry`, ...), which the geometry must be of.

    Raises:
        ValueError: not such an object, or more than two dimensions.
    """
    text = _geometry(value, 0)
    word = text.partition("(")[0].partition(" ")[0].lower()
    wanted = "geometrycollection" if kind == "geomcollection" else kind
    if wanted not in ("geometry", word):
        raise ValueError(f"{_EXPECTED} of the type {wanted}")
    return text


def _geometry(value: object, depth: int) -> str:
    if not isinstance(value, dict) or depth > _MOST_DEPTH:
        raise ValueError(f'{_EXPECTED} such as {{"type": "Point", "coordinates": [1, 2]}}')
    name = value.get("type")
    if name == "GeometryCollection":
        parts = [_geometry(each, depth + 1) for each in _list(value.get("geometries"), 0)]
        return f"GEOMETRYCOLLECTION({','.join(parts)})" if parts else "GEOMETRYCOLLECTION EMPTY"
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(f"{_EXPECTED}: its type must be one of {', '.join(_KINDS)}, GeometryCollection")
    return kind[0] + kind[1](value.get("coordinates"))


# --- reference systems ------------------------------------------------------

_CRS = re.compile(r"(?:urn:ogc:def:crs:EPSG:[0-9.]*:|EPSG:)([0-9]{1,9})")


def srid_of(value: object) -> int:
    """The number of the reference system that the geometry names itself, 0 where it names none.

    Raises:
        ValueError: `crs` is none of `{"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4326"}}`.
    """
    crs = value.get("crs") if isinstance(value, dict) else None
    if crs is None:
        return 0
    properties = crs.get("properties") if isinstance(crs, dict) and crs.get("type") == "name" else None
    name = properties.get("name") if isinstance(properties, dict) else None
    found = _CRS.fullmatch(name) if isinstance(name, str) else None
    if found is None:
        raise ValueError(f"{_EXPECTED} whose crs is named, as EPSG:4326")
    return int(found[1])


def wkb_of(value: Any) -> bytes:
    """The WKB of a geometry that `wkt_of` takes."""
    kind = value["type"]
    if kind == "GeometryCollection":
        return _wkb(7, [wkb_of(each) for each in value["geometries"]])
    inside = value["coordinates"]
    match kind:
        case "Point":
            return struct.pack("<BI", 1, 1) + _pair(inside)
        case "LineString":
            return _wkb(2, map(_pair, inside))
        case "Polygon":
            return _wkb(3, map(_pairs, inside))
        case "MultiPoint":
            return _wkb(4, (wkb_of({"type": "Point", "coordinates": each}) for each in inside))
        case "MultiLineString":
            return _wkb(5, (wkb_of({"type": "LineString", "coordinates": each}) for each in inside))
        case _:
            return _wkb(6, (wkb_of({"type": "Polygon", "coordinates": each}) for each in inside))


def _wkb(kind: int, parts: Iterable[bytes]) -> bytes:
    found = list(parts)
    return struct.pack("<BII", 1, kind, len(found)) + b"".join(found)


def _pair(position: Any) -> bytes:
    return struct.pack("<dd", *position)


def _pairs(on_timeout: Any) -> bytes:
    return struct.pack("<I", len(on_timeout)) + b"".join(map(_pair, on_timeout))
