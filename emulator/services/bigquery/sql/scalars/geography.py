"""The geography functions, of GEOGRAPHY as well-known text.

https://cloud.google.com/bigquery/docs/reference/standard-sql/geography_functions
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence

from emulator.services.bigquery.sql.geography import geohash, geojson, relations, shapes, sphere, wkb, wkt
from emulator.services.bigquery.sql.geography.shapes import Line, Point, Shape
from emulator.services.bigquery.sql.scalars.errors import ScalarError

HEXADECIMAL = re.compile(r"0[01][0-9A-Fa-f]+")  # a byte order and more
read = functools.lru_cache(maxsize=2000)(wkt.read)  # a map's shape is compared with many points


def of_text(text: str) -> str:
    """ST_GEOGFROM of text, and the text of every GEOGRAPHY that comes as text: WKT, GeoJSON, or WKB in hexadecimal.

    Raises ScalarError for what is none of them.
    """
    if HEXADECIMAL.fullmatch(text):
        return of_wkb_text(text)
    return wkt.write(geojson.read(text) if text.lstrip().startswith("{") else read(text))


def of_wkt(text: str) -> str:
    """ST_GEOGFROMTEXT. Raises ScalarError for text that is no WKT."""
    return wkt.write(read(text))


def of_wkb(data: bytes) -> str:
    """ST_GEOGFROMWKB of BYTES. Raises ScalarError for bytes that are no WKB."""
    return wkt.write(wkb.read(data))


def of_wkb_text(text: str) -> str:
    """ST_GEOGFROMWKB of a STRING, in hexadecimal. Raises ScalarError for text that is no WKB."""
    try:
        return of_wkb(bytes.fromhex(text))
    except ValueError as problem:
        raise problem if isinstance(problem, ScalarError) else wkb.wrong() from None


def of_geojson(text: str) -> str:
    """ST_GEOGFROMGEOJSON. Raises ScalarError for text that is no geometry of GeoJSON."""
    return wkt.write(geojson.read(text))


def shown(text: str) -> str:
    """A GEOGRAPHY as rows and ST_ASTEXT show it."""
    return wkt.write(read(text), wkt.shown)


def as_geojson(text: str) -> str:
    """ST_ASGEOJSON."""
    return geojson.write(read(text))


def point(longitude: float, latitude: float) -> str:
    """ST_GEOGPOINT. Raises ScalarError for a latitude beyond the poles."""
    return wkt.write(Shape(points=(shapes.point(longitude, latitude),)))


def _one_point(text: str, function: str) -> Point | None:
    """The point that a GEOGRAPHY is, None for the empty one. Raises ScalarError for any other."""
    shape = read(text)
    if shape.is_empty:
        return None
    if shape.parts > 1 or not shape.points:
        raise ScalarError(f"{function} failed: the input GEOGRAPHY must be a single point")
    return shape.points[0]


def _one_line(text: str, function: str) -> Line:
    shape = read(text)
    if shape.parts > 1 or not shape.lines:
        raise ScalarError(f"{function} failed: the input GEOGRAPHY must be a single line")
    return shape.lines[0]


def x(text: str) -> float | None:
    """ST_X: degrees of longitude. Raises ScalarError for what is no single point."""
    found = _one_point(text, "ST_X")
    return found and found[0]


def y(text: str) -> float | None:
    """ST_Y: degrees of latitude. Raises ScalarError for what is no single point."""
    found = _one_point(text, "ST_Y")
    return found and found[1]


def kind(text: str) -> str:
    """ST_GEOMETRYTYPE."""
    name = wkt.write(read(text)).partition("(")[0].partition(" ")[0]
    return "ST_" + NAMES[name]


NAMES = {
    "POINT": "Point",
    "LINESTRING": "LineString",
    "POLYGON": "Polygon",
    "MULTIPOINT": "MultiPoint",
    "MULTILINESTRING": "MultiLineString",
    "MULTIPOLYGON": "MultiPolygon",
    "GEOMETRYCOLLECTION": "GeometryCollection",
}


def is_empty(text: str) -> bool:
    """ST_ISEMPTY."""
    return read(text).is_empty


def is_collection(text: str) -> bool:
    """ST_ISCOLLECTION."""
    return read(text).parts > 1


def is_closed(text: str) -> bool:
    """ST_ISCLOSED: no line in it has an end."""
    shape = read(text)
    return not shape.is_empty and all(line[0] == line[-1] for line in shape.lines)


def is_ring(text: str) -> bool:
    """ST_ISRING: one line, closed, that does not touch itself."""
    shape = read(text)
    if shape.parts != 1 or not shape.lines:
        return False
    line = shape.lines[0]
    return line[0] == line[-1] and len(set(line)) == len(line) - 1


def dimension(text: str) -> int:
    """ST_DIMENSION."""
    return read(text).dimension


def count_points(text: str) -> int:
    """ST_NUMPOINTS: of a ring, the point that closes it counts, too."""
    shape = read(text)
    return len(shape.points) + sum(map(len, shape.lines)) + sum(map(len, shape.rings()))


def count_parts(text: str) -> int:
    """ST_NUMGEOMETRIES."""
    return read(text).parts


def dump(text: str) -> list[str]:
    """ST_DUMP: each part by itself."""
    shape = read(text)
    parts = [Shape(points=(one,)) for one in shape.points]
    parts += [Shape(lines=(one,)) for one in shape.lines]
    parts += [Shape(polygons=(one,)) for one in shape.polygons]
    return [wkt.write(part) for part in parts]


def start_point(text: str) -> str:
    """ST_STARTPOINT. Raises ScalarError for what is no single line."""
    return wkt.write(Shape(points=(_one_line(text, "ST_STARTPOINT")[0],)))


def end_point(text: str) -> str:
    """ST_ENDPOINT. Raises ScalarError for what is no single line."""
    return wkt.write(Shape(points=(_one_line(text, "ST_ENDPOINT")[-1],)))


def point_at(text: str, number: int) -> str | None:
    """ST_POINTN: the n-th point of a line, from 1, or -1 from its end; NULL where there is none.

    Raises ScalarError for what is no single line.
    """
    line = _one_line(text, "ST_POINTN")
    place = number - 1 if number > 0 else len(line) + number
    return wkt.write(Shape(points=(line[place],))) if number and 0 <= place < len(line) else None


def made_line(texts: Sequence[str | None]) -> str | None:
    """ST_MAKELINE of points and lines, one after the other. Raises ScalarError for polygons, and for several parts."""
    found: list[Point] = []
    for text in texts:
        if text is None:
            continue
        shape = read(text)
        if shape.parts > 1 or shape.polygons:
            raise ScalarError("ST_MAKELINE failed: every input must be one point or one line")
        found += shape.points or (shape.lines[0] if shape.lines else ())
    return wkt.write(Shape(lines=(shapes.line(found),)) if found else Shape())


def made_polygon(shell: str, holes: Sequence[str]) -> str:
    """ST_MAKEPOLYGON of a line around it, and lines around its holes; each is closed where it is open.

    Raises ScalarError for what is no line.
    """
    rings = []
    for text in (shell, *holes):
        line = _one_line(text, "ST_MAKEPOLYGON")
        rings.append(shapes.ring(line if line[0] == line[-1] else (*line, line[0])))
    return wkt.write(Shape(polygons=(sphere.oriented(rings),)))


def length(text: str) -> float:
    """ST_LENGTH: metres of all lines."""
    return sum(map(sphere.length, read(text).lines)) * sphere.RADIUS


def perimeter(text: str) -> float:
    """ST_PERIMETER: metres around all polygons."""
    return sum(map(sphere.length, read(text).rings())) * sphere.RADIUS


def area(text: str) -> float:
    """ST_AREA: square metres of all polygons."""
    return sphere.area(read(text))


def centroid(text: str) -> str:
    """ST_CENTROID."""
    found = sphere.centroid(read(text))
    return wkt.write(Shape(points=(found,)) if found else Shape())


def azimuth(start: str, end: str) -> float | None:
    """ST_AZIMUTH. Raises ScalarError for what are no single points."""
    one, other = _one_point(start, "ST_AZIMUTH"), _one_point(end, "ST_AZIMUTH")
    return None if one is None or other is None else sphere.azimuth(one, other)


def _of_two(function: Callable[[Shape, Shape], float | None]) -> Callable[[str, str], float | None]:
    return lambda one, other: function(read(one), read(other))


distance = _of_two(relations.distance)
farthest = _of_two(relations.farthest)


def _whether(function: Callable[[Shape, Shape], bool]) -> Callable[[str, str], bool]:
    return lambda one, other: function(read(one), read(other))


covers = _whether(relations.covers)
contains = _whether(relations.contains)
equal = _whether(relations.equal)
intersects = _whether(lambda one, other: relations.distance(one, other) == 0)


def within(one: str, other: str, metres: float) -> bool:
    """ST_DWITHIN."""
    found = relations.distance(read(one), read(other))
    return found is not None and found <= metres


def to_geohash(text: str, characters: int) -> str | None:
    """ST_GEOHASH. Raises ScalarError for what is no single point."""
    found = _one_point(text, "ST_GEOHASH")
    return None if found is None else geohash.encode(found, characters)


def of_geohash(code: str) -> str:
    """ST_GEOGPOINTFROMGEOHASH. Raises ScalarError for text that is no geohash."""
    return wkt.write(Shape(points=(geohash.decode(code),)))


def collected(texts: Sequence[str | None]) -> str | None:
    """ST_UNION of points: all of them as one GEOGRAPHY. Raises ScalarError for lines and polygons."""
    found = [read(text) for text in texts if text is not None]
    if any(shape.dimension > 0 for shape in found):
        raise ScalarError("ST_UNION and ST_UNION_AGG of lines and polygons are not emulated, of points they are")
    return wkt.write(shapes.union(found)) if found else None
