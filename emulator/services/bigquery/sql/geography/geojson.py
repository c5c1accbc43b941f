"""GEOGRAPHY from and to GeoJSON (RFC 7946)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from emulator.services.bigquery.sql.geography import shapes
from emulator.services.bigquery.sql.geography.shapes import Point, Shape
from emulator.services.bigquery.sql.geography.sphere import oriented
from emulator.services.bigquery.sql.scalars.errors import ScalarError


def read(text: str) -> Shape:
    """The shape of a GeoJSON geometry. Raises ScalarError for text that is none, features included."""
    try:
        return _shape(orjson.loads(text))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as problem:
        if isinstance(problem, ScalarError):
            raise
        raise ScalarError("ST_GeogFromGeoJSON failed: Invalid GeoJSON geometry") from None


def _shape(value: dict[str, Any]) -> Shape:
    if value["type"] == "GeometryCollection":
        return shapes.union([_shape(part) for part in value["geometries"]])
    return KINDS[value["type"]](value["coordinates"])


def _position(value: list[float]) -> Point:
    longitude, latitude = value
    return shapes.point(float(longitude), float(latitude))


def _point(value: Any) -> Shape:
    return Shape(points=(_position(value),)) if value else Shape()


def _line(value: Any) -> Shape:
    return Shape(lines=(shapes.line([_position(one) for one in value]),)) if value else Shape()


def _polygon(value: Any) -> Shape:
    if not value:
        return Shape()
    return Shape(polygons=(oriented([shapes.ring([_position(one) for one in ring]) for ring in value]),))


def _several(one: Callable[[Any], Shape]) -> Callable[[Any], Shape]:
    return lambda values: shapes.union([one(value) for value in values])


KINDS: dict[str, Callable[[Any], Shape]] = {
    "Point": _point,
    "LineString": _line,
    "Polygon": _polygon,
    "MultiPoint": _several(_point),
    "MultiLineString": _several(_line),
    "MultiPolygon": _several(_polygon),
}


def write(shape: Shape) -> str:
    """A shape as a GeoJSON geometry."""
    return orjson.dumps(_value(shape)).decode()


def _plain(value: Any) -> Any:
    """Positions as lists, whole degrees without a fraction."""
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return int(value) if float(value).is_integer() else value


def _value(shape: Shape) -> dict[str, Any]:
    groups = [("Point", shape.points), ("LineString", shape.lines), ("Polygon", shape.polygons)]
    parts = [{"type": name, "coordinates": _plain(part)} for name, group in groups for part in group]
    filled = [name for name, group in groups if group]
    if len(parts) == 1:
        return parts[0]
    if len(filled) == 1:
        return {"type": f"Multi{filled[0]}", "coordinates": [part["coordinates"] for part in parts]}
    return {"type": "GeometryCollection", "geometries": parts}
