"""A GEOGRAPHY as a value: a set of points, lines and polygons, whatever collections it was written as.

https://cloud.google.com/bigquery/docs/geospatial-data
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from emulator.services.bigquery.sql.scalars.errors import ScalarError

Point = tuple[float, float]  # longitude and latitude in degrees
Line = tuple[Point, ...]
Rings = tuple[Line, ...]  # of a polygon: the shell, then the holes; each ends where it starts


@dataclass(frozen=True)
class Shape:
    """Points, lines and polygons; all three empty for the empty GEOGRAPHY."""

    points: tuple[Point, ...] = ()
    lines: tuple[Line, ...] = ()
    polygons: tuple[Rings, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        return not (self.points or self.lines or self.polygons)

    @property
    def parts(self) -> int:
        """How many points, lines and polygons it has."""
        return len(self.points) + len(self.lines) + len(self.polygons)

    @property
    def dimension(self) -> int:
        """2 with polygons, 1 with lines, 0 with points, -1 for the empty one."""
        return 2 if self.polygons else 1 if self.lines else 0 if self.points else -1

    def vertices(self) -> Iterator[Point]:
        """Every point that it is drawn by; the last one of a ring, which is its first, is left out."""
        yield from self.points
        for line in self.lines:
            yield from line
        for ring in self.rings():
            yield from ring[:-1]

    def rings(self) -> Iterator[Line]:
        """The rings of all polygons."""
        for polygon in self.polygons:
            yield from polygon

    def edges(self) -> Iterator[tuple[Point, Point]]:
        """The pieces of lines and rings, from one vertex to the next."""
        for line in (*self.lines, *self.rings()):
            yield from itertools.pairwise(line)


def point(longitude: float, latitude: float) -> Point:
    """A point whose longitude is brought between -180 and 180. Raises ScalarError for a latitude beyond the poles."""
    if not -90 <= latitude <= 90:
        raise ScalarError(f"Latitude must be between -90 and 90 degrees. Got {latitude!r}")
    if not -180 <= longitude <= 180:
        longitude = (longitude + 180) % 360 - 180
    return longitude + 0.0, latitude + 0.0


def line(points: Sequence[Point]) -> Line:
    """A line without points that repeat the one before. Raises ScalarError for less than two of them."""
    kept = tuple(one for place, one in enumerate(points) if not place or one != points[place - 1])
    if len(kept) < 2:
        raise ScalarError("Invalid line: it needs at least two distinct points")
    return kept


def ring(points: Sequence[Point]) -> Line:
    """The boundary of a polygon. Raises ScalarError where it is not closed, or has less than three corners."""
    if len(points) < 4 or points[0] != points[-1]:
        raise ScalarError("Invalid polygon loop: it needs at least three corners, and ends where it starts")
    made = line(points)
    if len(set(made[:-1])) < 3:
        raise ScalarError("Invalid polygon loop: it needs at least three distinct corners")
    if len(set(made[:-1])) < len(made) - 1:
        raise ScalarError("Invalid polygon loop: it touches itself")
    return made


def union(shapes: Sequence[Shape]) -> Shape:
    """All parts of several shapes as one, points that repeat left out."""
    points = dict.fromkeys(one for shape in shapes for one in shape.points)
    lines = [one for shape in shapes for one in shape.lines]
    polygons = [one for shape in shapes for one in shape.polygons]
    return Shape(tuple(points), tuple(lines), tuple(polygons))
