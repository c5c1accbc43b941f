"""How two shapes lie to each other: distances, and which covers, contains or meets the other."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

from emulator.services.bigquery.sql.geography.shapes import Line, Point, Rings, Shape
from emulator.services.bigquery.sql.geography.sphere import (
    NEAR,
    RADIUS,
    Vector,
    added,
    angle,
    cross,
    cross_each_other,
    dot,
    length_of,
    scaled,
    to_edge,
    to_point,
    vector,
)

ON_LINE = 1e-12  # radians, some micrometres: rounding of coordinates moves points that far


def _edges(shape: Shape) -> list[tuple[Vector, Vector]]:
    return [(vector(one), vector(other)) for one, other in shape.edges()]


def distance(one: Shape, other: Shape) -> float | None:
    """The shortest way between two shapes in metres, 0 where they meet; None where one is empty."""
    if one.is_empty or other.is_empty:
        return None
    if _inside_any(one.vertices(), other) or _inside_any(other.vertices(), one):
        return 0.0
    edges = _edges(one), _edges(other)
    if any(cross_each_other(mine, its) for mine, its in itertools.product(*edges)):
        return 0.0
    points = [list(map(vector, shape.vertices())) for shape in (one, other)]
    found = [angle(mine, its) for mine, its in itertools.product(*points)]
    found += [to_edge(point, *edge) for point, edge in itertools.product(points[0], edges[1])]
    found += [to_edge(point, *edge) for point, edge in itertools.product(points[1], edges[0])]
    nearest = min(found)
    return 0.0 if nearest < NEAR else nearest * RADIUS


def farthest(one: Shape, other: Shape) -> float | None:
    """The longest way between vertices of two shapes in metres; None where one is empty."""
    pairs = itertools.product(one.vertices(), other.vertices())
    found = [angle(vector(mine), vector(its)) for mine, its in pairs]
    return max(found) * RADIUS if found else None


def _inside_any(points: Iterable[Point], shape: Shape) -> bool:
    return bool(shape.polygons) and any(covered(point, shape) for point in points)


def on_boundary(point: Point, lines: Iterable[Line]) -> bool:
    """Whether a point lies on one of these lines."""
    place = vector(point)
    return any(
        to_edge(place, vector(one), vector(other)) < ON_LINE
        for line in lines
        for one, other in itertools.pairwise(line)
    )


def in_ring(point: Point, ring: Line) -> bool:
    """Whether a point lies left of a ring that runs around it; not for points on the ring."""
    place = vector(point)
    seen = [_direction(place, vector(corner)) for corner in ring]
    turns = sum(math.remainder(after - before, 2 * math.pi) for before, after in itertools.pairwise(seen))
    return turns > math.pi


def _direction(here: Vector, there: Vector) -> float:
    """The direction of a point as seen from another, counter-clockwise from the east."""
    east = cross((0.0, 0.0, 1.0), here)
    if length_of(east) < NEAR:
        east = (0.0, 1.0, 0.0)
    north = cross(here, east)
    return math.atan2(dot(there, north) / length_of(north), dot(there, east) / length_of(east))


def in_polygon(point: Point, polygon: Rings) -> bool:
    """Whether a point lies inside a polygon, and not on its boundary."""
    if on_boundary(point, polygon):
        return False
    shell, *holes = polygon
    return in_ring(point, shell) and not any(in_ring(point, hole[::-1]) for hole in holes)


def covered(point: Point, shape: Shape) -> bool:
    """Whether a point is one of the points of a shape, its boundaries included."""
    return (
        point in shape.points
        or on_boundary(point, (*shape.lines, *shape.rings()))
        or any(in_polygon(point, polygon) for polygon in shape.polygons)
    )


def covers(one: Shape, other: Shape) -> bool:
    """Whether no point of the second shape lies outside the first."""
    if one.is_empty or other.is_empty:
        return False
    if not all(covered(point, one) for point in (*other.vertices(), *_middles(other))):
        return False
    if not other.lines and not other.polygons:
        return True
    edges, own = _edges(other), _edges(Shape(polygons=one.polygons))
    if any(cross_each_other(mine, its) for mine, its in itertools.product(own, edges)):
        return False
    holes = [ring for polygon in one.polygons for ring in polygon[1:]]
    return not any(in_polygon(hole[0], polygon) for hole in holes for polygon in other.polygons)


def contains(one: Shape, other: Shape) -> bool:
    """Whether the first shape covers the second, and not with its boundary alone."""
    if not covers(one, other):
        return False
    if not one.polygons:
        return True
    places = [*other.vertices(), *_middles(other)]
    return other.dimension == 2 or any(in_polygon(place, polygon) for place in places for polygon in one.polygons)


def _middles(shape: Shape) -> list[Point]:
    """The middle of each edge."""
    return [to_point(scaled(added(edge), 0.5)) for edge in _edges(shape)]


def equal(one: Shape, other: Shape) -> bool:
    """Whether two shapes are drawn by the same points and pieces of lines, in whatever order."""
    if one.dimension != other.dimension or set(one.points) != set(other.points):
        return False
    own, its = ({frozenset(edge) for edge in shape.edges()} for shape in (one, other))
    return own == its
