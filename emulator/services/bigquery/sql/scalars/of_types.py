"""Makes the functions of INTERVAL, RANGE and GEOGRAPHY, and those that search texts, known to the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from duckdb import DuckDBPyConnection, list_type
from duckdb.func import FunctionNullHandling
from duckdb.sqltypes import BIGINT, BLOB, BOOLEAN, DOUBLE, VARCHAR

from emulator.services.bigquery.sql.scalars import geography, intervals, ranges, search
from emulator.services.bigquery.sql.scalars.errors import unless_null

TEXTS, NUMBERS = list_type(VARCHAR), list_type(BIGINT)
INTERVALS: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "parts": (intervals.parts_of_text, [VARCHAR]),
    "span_parts": (intervals.parts_of_span, [VARCHAR] * 3),
    "made_parts": (intervals.parts_made, [BIGINT] * 6),
    "times_parts": (intervals.parts_times, [BIGINT] * 4),
    "divided_parts": (intervals.parts_divided, [BIGINT] * 4),
}
GEOGRAPHY: dict[str, tuple[Callable[..., Any], list[Any], Any]] = {
    "of_text": (geography.of_text, [VARCHAR], VARCHAR),
    "of_wkt": (geography.of_wkt, [VARCHAR], VARCHAR),
    "of_wkb": (geography.of_wkb, [BLOB], VARCHAR),
    "of_wkb_text": (geography.of_wkb_text, [VARCHAR], VARCHAR),
    "of_geojson": (geography.of_geojson, [VARCHAR], VARCHAR),
    "of_geohash": (geography.of_geohash, [VARCHAR], VARCHAR),
    "shown": (geography.shown, [VARCHAR], VARCHAR),
    "as_geojson": (geography.as_geojson, [VARCHAR], VARCHAR),
    "point": (geography.point, [DOUBLE, DOUBLE], VARCHAR),
    "x": (geography.x, [VARCHAR], DOUBLE),
    "y": (geography.y, [VARCHAR], DOUBLE),
    "kind": (geography.kind, [VARCHAR], VARCHAR),
    "is_empty": (geography.is_empty, [VARCHAR], BOOLEAN),
    "is_collection": (geography.is_collection, [VARCHAR], BOOLEAN),
    "is_closed": (geography.is_closed, [VARCHAR], BOOLEAN),
    "is_ring": (geography.is_ring, [VARCHAR], BOOLEAN),
    "dimension": (geography.dimension, [VARCHAR], BIGINT),
    "count_points": (geography.count_points, [VARCHAR], BIGINT),
    "count_parts": (geography.count_parts, [VARCHAR], BIGINT),
    "dump": (geography.dump, [VARCHAR], TEXTS),
    "start_point": (geography.start_point, [VARCHAR], VARCHAR),
    "end_point": (geography.end_point, [VARCHAR], VARCHAR),
    "point_at": (geography.point_at, [VARCHAR, BIGINT], VARCHAR),
    "made_line": (geography.made_line, [TEXTS], VARCHAR),
    "made_polygon": (geography.made_polygon, [VARCHAR, TEXTS], VARCHAR),
    "length": (geography.length, [VARCHAR], DOUBLE),
    "perimeter": (geography.perimeter, [VARCHAR], DOUBLE),
    "area": (geography.area, [VARCHAR], DOUBLE),
    "centroid": (geography.centroid, [VARCHAR], VARCHAR),
    "azimuth": (geography.azimuth, [VARCHAR, VARCHAR], DOUBLE),
    "distance": (geography.distance, [VARCHAR, VARCHAR], DOUBLE),
    "farthest": (geography.farthest, [VARCHAR, VARCHAR], DOUBLE),
    "within": (geography.within, [VARCHAR, VARCHAR, DOUBLE], BOOLEAN),
    "covers": (geography.covers, [VARCHAR, VARCHAR], BOOLEAN),
    "contains": (geography.contains, [VARCHAR, VARCHAR], BOOLEAN),
    "equal": (geography.equal, [VARCHAR, VARCHAR], BOOLEAN),
    "intersects": (geography.intersects, [VARCHAR, VARCHAR], BOOLEAN),
    "geohash": (geography.to_geohash, [VARCHAR, BIGINT], VARCHAR),
    "collected": (geography.collected, [TEXTS], VARCHAR),
}


def register(connection: DuckDBPyConnection) -> None:
    """Make these functions known to every connection of this engine."""
    special = FunctionNullHandling.SPECIAL
    for name, (function, takes) in INTERVALS.items():
        connection.create_function(f"bq_interval_{name}", function, takes, NUMBERS)
    connection.create_function("bq_range_bounds", ranges.bounds, [VARCHAR], TEXTS)
    for name, (function, takes, gives) in GEOGRAPHY.items():
        connection.create_function(f"bq_geo_{name}", unless_null(function), takes, gives, null_handling=special)
    connection.create_function("bq_text_analyze", search.analyze, [VARCHAR] * 3, TEXTS)
    connection.create_function(
        "bq_search", search.search, [TEXTS, VARCHAR, VARCHAR, VARCHAR], BOOLEAN, null_handling=special
    )
    connection.create_function("bq_json_texts", search.json_texts, [VARCHAR, VARCHAR], TEXTS)
