"""GEOGRAPHY from and to well-known text (OGC Simple Features 1.2.1, 7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from emulator.services.bigquery.sql.geography import shapes
from emulator.services.bigquery.sql.geography.shapes import Line, Point, Rings, Shape
from emulator.services.bigquery.sql.geography.sphere import oriented
from emulator.services.bigquery.sql.scalars.errors import ScalarError

TOKEN = re.compile(r"\s*([A-Za-z]+|[(),]|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*")
Write = Callable[[float], str]


class _Reader:
    """The words of a text, one after the other."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._words = self._split()
        self.next = next(self._words)

    def _split(self) -> Iterator[str]:
        place = 0
        while place < len(self._text):
            found = TOKEN.match(self._text, place)
            if found is None:
                raise self.wrong()
            yield found[1].upper()
            place = found.end()
        yield ""

    def wrong(self) -> ScalarError:
        """The error for a text that is none."""
        return ScalarError(f"ST_GeogFromText failed: Invalid WKT: {self._text[:200]}")

    def take(self, word: str = "") -> str:
        """The next word, which has to be `word` where that is given. Raises ScalarError for another."""
        found = self.next
        if word and found != word:
            raise self.wrong()
        if found:
            self.next = next(self._words)
        return found

    def is_empty(self) -> bool:
        """Whether EMPTY is next, which is taken then."""
        if self.next != "EMPTY":
            return False
        self.take()
        return True


def read(text: str) -> Shape:
    """The shape that a text describes. Raises ScalarError for text that is none, or a shape that cannot be."""
    reader = _Reader(text)
    shape = _shape(reader)
    if reader.next:
        raise reader.wrong()
    return shape


def _shape(reader: _Reader) -> Shape:
    kind = KINDS.get(reader.take())
    if kind is None:
        raise reader.wrong()
    return Shape() if reader.is_empty() else kind(reader)


def _listed(reader: _Reader, one: Callable[[_Reader], Shape]) -> Shape:
    found: list[Shape] = []
    reader.take("(")
    while True:
        found.append(Shape() if reader.is_empty() else one(reader))
        if reader.next != ",":
            break
        reader.take()
    reader.take(")")
    return shapes.union(found)


def _number(reader: _Reader) -> float:
    try:
        return float(reader.take())
    except ValueError:
        raise reader.wrong() from None


def _position(reader: _Reader) -> Point:
    return shapes.point(_number(reader), _number(reader))


def _positions(reader: _Reader) -> list[Point]:
    reader.take("(")
    found = [_position(reader)]
    while reader.next == ",":
        reader.take()
        found.append(_position(reader))
    reader.take(")")
    return found


def _point(reader: _Reader) -> Shape:
    """A point in brackets, or, in a MULTIPOINT, without."""
    if reader.next != "(":
        return Shape(points=(_position(reader),))
    reader.take()
    made = Shape(points=(_position(reader),))
    reader.take(")")
    return made


def _line(reader: _Reader) -> Shape:
    return Shape(lines=(shapes.line(_positions(reader)),))


def _polygon(reader: _Reader) -> Shape:
    reader.take("(")
    rings = [shapes.ring(_positions(reader))]
    while reader.next == ",":
        reader.take()
        rings.append(shapes.ring(_positions(reader)))
    reader.take(")")
    return Shape(polygons=(oriented(rings),))


KINDS: dict[str, Callable[[_Reader], Shape]] = {
    "POINT": _point,
    "LINESTRING": _line,
    "POLYGON": _polygon,
    "MULTIPOINT": lambda reader: _listed(reader, _point),
    "MULTILINESTRING": lambda reader: _listed(reader, _line),
    "MULTIPOLYGON": lambda reader: _listed(reader, _polygon),
    "GEOMETRYCOLLECTION": lambda reader: _listed(reader, _shape),
}


def exact(value: float) -> str:
    """A coordinate with all its digits."""
    text = repr(value)
    return text.removesuffix(".0")


def shown(value: float) -> str:
    """A coordinate as BigQuery shows it: 15 digits."""
    return f"{value:.15g}"


def write(shape: Shape, number: Write = exact) -> str:
    """A shape as text; number writes its coordinates."""
    groups = [
        ("POINT", [f"({_pair(one, number)})" for one in shape.points]),
        ("LINESTRING", [_line_text(one, number) for one in shape.lines]),
        ("POLYGON", [_polygon_text(one, number) for one in shape.polygons]),
    ]
    filled = [(name, parts) for name, parts in groups if parts]
    if not filled:
        return "GEOMETRYCOLLECTION EMPTY"
    if len(filled) > 1:
        return f"GEOMETRYCOLLECTION({', '.join(name + part for name, parts in filled for part in parts)})"
    name, parts = filled[0]
    if len(parts) == 1:
        return name + parts[0]
    inner = [part.strip("()") for part in parts] if name == "POINT" else parts
    return f"MULTI{name}({', '.join(inner)})"


def _pair(one: Point, number: Write) -> str:
    return f"{number(one[0])} {number(one[1])}"


def _line_text(one: Line, number: Write) -> str:
    return f"({', '.join(_pair(position, number) for position in one)})"


def _polygon_text(rings: Rings, number: Write) -> str:
    return f"({', '.join(_line_text(ring, number) for ring in rings)})"
