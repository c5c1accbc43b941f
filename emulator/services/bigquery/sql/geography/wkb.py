"""GEOGRAPHY from well-known binary (OGC Simple Features 1.2.1, 8)."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable

from emulator.services.bigquery.sql.geography import shapes
from emulator.services.bigquery.sql.geography.shapes import Point, Shape
from emulator.services.bigquery.sql.geography.sphere import oriented
from emulator.services.bigquery.sql.scalars.errors import ScalarError

MAX_DEPTH = 50  # of collections in collections


class _Reader:
    """The numbers of a shape's bytes, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0
        self._order = "<"
        self._depth = 0

    def _take(self, form: str) -> float:
        try:
            (found,) = struct.unpack_from(self._order + form, self._data, self._place)
        except struct.error:
            raise wrong() from None
        self._place += struct.calcsize(self._order + form)
        return float(found)

    def count(self) -> int:
        """A number of parts, or the code of a kind. Raises ScalarError where the bytes end."""
        return int(self._take("I"))

    def position(self) -> Point | None:
        """A point, None for the empty one, whose coordinates are no numbers."""
        longitude, latitude = self._take("d"), self._take("d")
        return None if math.isnan(longitude) and math.isnan(latitude) else shapes.point(longitude, latitude)

    def positions(self) -> list[Point]:
        """The points of a line or a ring. Raises ScalarError for an empty one among them."""
        found = [self.position() for _ in range(self.count())]
        kept = [one for one in found if one is not None]
        if len(kept) < len(found):
            raise wrong()
        return kept

    def shape(self) -> Shape:
        """The shape that comes next, with its byte order and its kind before it. Raises ScalarError for none."""
        order = int(self._take("B"))
        if order not in (0, 1):
            raise wrong()
        outer, self._order = self._order, "<" if order else ">"
        kind = KINDS.get(self.count())
        self._depth += 1
        if kind is None or self._depth > MAX_DEPTH:
            raise wrong()
        made = kind(self)
        self._depth -= 1
        self._order = outer
        return made

    def has_ended(self) -> bool:
        """Whether no bytes are left."""
        return self._place == len(self._data)


def wrong() -> ScalarError:
    """The error for bytes that are no shape; they are not shown."""
    return ScalarError("ST_GeogFromWKB failed: Invalid WKB")


def read(data: bytes) -> Shape:
    """The shape that bytes describe. Raises ScalarError for bytes that are none, those with Z or M included."""
    reader = _Reader(data)
    shape = reader.shape()
    if not reader.has_ended():
        raise wrong()
    return shape


def _point(reader: _Reader) -> Shape:
    found = reader.position()
    return Shape() if found is None else Shape(points=(found,))


def _line(reader: _Reader) -> Shape:
    found = reader.positions()
    return Shape(lines=(shapes.line(found),)) if found else Shape()


def _polygon(reader: _Reader) -> Shape:
    rings = [shapes.ring(reader.positions()) for _ in range(reader.count())]
    return Shape(polygons=(oriented(rings),)) if rings else Shape()


def _several(reader: _Reader) -> Shape:
    return shapes.union([reader.shape() for _ in range(reader.count())])


KINDS: dict[int, Callable[[_Reader], Shape]] = {
    1: _point,
    2: _line,
    3: _polygon,
    **dict.fromkeys((4, 5, 6, 7), _several),
}
