"""Distances, lengths and areas on a sphere, in metres; lines between points are its shortest ones (geodesics).

The sphere's radius is that of the library that BigQuery's geography functions are built on (S2: S2Earth, 6371.01 km).
https://cloud.google.com/bigquery/docs/geospatial-data#coordinate_systems_and_edges
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

from emulator.services.bigquery.sql.geography.shapes import Line, Point, Rings, Shape

RADIUS = 6_371_010.0  # metres
NEAR = 1e-14  # radians: what lies so close to a line lies on it
Vector = tuple[float, float, float]


def vector(point: Point) -> Vector:
    """A point as the unit vector from the centre of the sphere."""
    longitude, latitude = math.radians(point[0]), math.radians(point[1])
    across = math.cos(latitude)
    return across * math.cos(longitude), across * math.sin(longitude), math.sin(latitude)


def to_point(value: Vector) -> Point:
    """Where a vector from the centre leaves the sphere."""
    return math.degrees(math.atan2(value[1], value[0])), math.degrees(
        math.atan2(value[2], math.hypot(value[0], value[1]))
    )


def dot(one: Vector, other: Vector) -> float:
    """The scalar product."""
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]


def cross(one: Vector, other: Vector) -> Vector:
    """The vector product."""
    return (
        one[1] * other[2] - one[2] * other[1],
        one[2] * other[0] - one[0] * other[2],
        one[0] * other[1] - one[1] * other[0],
    )


def length_of(value: Vector) -> float:
    """The length of a vector."""
    return math.sqrt(dot(value, value))


def angle(one: Vector, other: Vector) -> float:
    """The angle between two vectors in radians, exact for small ones, too."""
    return math.atan2(length_of(cross(one, other)), dot(one, other))


def added(vectors: Iterable[Vector]) -> Vector:
    """The sum of vectors."""
    total = (0.0, 0.0, 0.0)
    for one in vectors:
        total = (total[0] + one[0], total[1] + one[1], total[2] + one[2])
    return total


def scaled(value: Vector, factor: float) -> Vector:
    """A vector times a number."""
    return value[0] * factor, value[1] * factor, value[2] * factor


def length(line: Line) -> float:
    """The length of a line in radians."""
    return sum(angle(vector(one), vector(other)) for one, other in itertools.pairwise(line))


def to_edge(point: Vector, start: Vector, end: Vector) -> float:
    """The angle between a point and the piece of a line from start to end."""
    normal = cross(start, end)
    size = length_of(normal)
    between = dot(cross(normal, start), point) > 0 and dot(cross(end, normal), point) > 0
    if size and between:
        return abs(math.asin(max(-1.0, min(1.0, dot(normal, point) / size))))
    return min(angle(point, start), angle(point, end))


def cross_each_other(one: tuple[Vector, Vector], other: tuple[Vector, Vector]) -> bool:
    """Whether two pieces of lines cross inside of both."""
    normals = cross(*one), cross(*other)
    sides = [dot(normals[0], end) for end in other] + [dot(normals[1], end) for end in one]
    if any(abs(side) < NEAR for side in sides) or sides[0] * sides[1] > 0 or sides[2] * sides[3] > 0:
        return False
    meeting = cross(*normals)
    if dot(meeting, added(one)) < 0:
        meeting = scaled(meeting, -1)
    return dot(meeting, added(other)) > 0


def signed_area(ring: Line) -> float:
    """The area inside a ring in units of the squared radius: negative where it runs clockwise."""
    corners = [vector(corner) for corner in ring[:-1]]
    first = corners[0]
    return sum(_triangle(first, one, other) for one, other in itertools.pairwise(corners[1:]))


def _triangle(one: Vector, two: Vector, three: Vector) -> float:
    """The signed area of a spherical triangle (Eriksson 1990)."""
    return 2 * math.atan2(dot(one, cross(two, three)), 1 + dot(one, two) + dot(two, three) + dot(three, one))


def oriented(rings: Sequence[Line]) -> Rings:
    """The rings of a polygon, turned so that what is inside, the smaller part, lies left of shells, right of holes."""
    made = []
    for place, ring in enumerate(rings):
        clockwise = signed_area(ring) < 0
        made.append(ring[::-1] if clockwise == (not place) else ring)
    return tuple(made)


def area(shape: Shape) -> float:
    """The area of the polygons in square metres."""
    return sum(abs(sum(signed_area(ring) for ring in polygon)) for polygon in shape.polygons) * RADIUS**2


def centroid(shape: Shape) -> Point | None:
    """The centre of the parts of the highest dimension; None for the empty shape."""
    if shape.polygons:
        edges = [(vector(one), vector(other)) for ring in shape.rings() for one, other in itertools.pairwise(ring)]
        total = added(_turned(one, other) for one, other in edges)
    elif shape.lines:
        total = added(
            _middle(vector(one), vector(other)) for line in shape.lines for one, other in itertools.pairwise(line)
        )
    else:
        total = added(map(vector, shape.points))
    return to_point(total) if length_of(total) > NEAR else None


def _turned(one: Vector, other: Vector) -> Vector:
    """What an edge adds to the integral of a polygon's points (Stokes' theorem)."""
    normal = cross(one, other)
    size = length_of(normal)
    return scaled(normal, angle(one, other) / size / 2) if size else normal


def _middle(one: Vector, other: Vector) -> Vector:
    """The integral of the points of an edge."""
    middle = added((one, other))
    return scaled(middle, 2 * math.sin(angle(one, other) / 2) / length_of(middle))


def azimuth(start: Point, end: Point) -> float | None:
    """The direction from one point to another in radians, clockwise from north; None for the same point."""
    if start == end:
        return None
    turn = math.radians(end[0] - start[0])
    here, there = math.radians(start[1]), math.radians(end[1])
    east = math.sin(turn) * math.cos(there)
    north = math.cos(here) * math.sin(there) - math.sin(here) * math.cos(there) * math.cos(turn)
    return math.atan2(east, north) % (2 * math.pi)
