"""A chart of a query's rows, as SVG: bars, or a line where the rows are in the order of time."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.console.caller import Json
from emulator.console.html import Html, join, tag

_NUMBERS = frozenset(("INTEGER", "INT64", "FLOAT", "FLOAT64", "NUMERIC", "BIGNUMERIC"))
_TIMES = frozenset(("DATE", "DATETIME", "TIMESTAMP"))
_MOST = 50
_WIDTH, _LEFT, _BAR = 800, 220, 22
_HEIGHT = 260

Point = tuple[str, float]


def chart(fields: Sequence[Json], rows: Sequence[Sequence[object]]) -> Html | None:
    """The first numbers by the first other column; None where there is none of either, or too few or too many rows."""
    flat = [index for index, each in enumerate(fields) if each.get("mode") != "REPEATED"]
    numbers = next((index for index in flat if fields[index]["type"] in _NUMBERS), None)
    names = next((index for index in flat if fields[index]["type"] not in _NUMBERS | {"RECORD", "STRUCT"}), None)
    if numbers is None or names is None or not 2 <= len(rows) <= _MOST:
        return None
    points = [(str(row[names]), float(str(row[numbers]))) for row in rows if row[numbers] is not None]
    points = [(name, value) for name, value in points if abs(value) != float("inf") and value == value]  # noqa: PLR0124
    if len(points) < 2:
        return None
    said = f"{fields[numbers]['name']} by {fields[names]['name']}"
    if fields[names]["type"] in _TIMES:
        return _line(said, sorted(points))
    return _bars(said, points)


def _drawing(said: str, height: int, *shapes: Html) -> Html:
    frame, label = f"0 0 {_WIDTH} {height}", f"Chart: {said}"
    drawn = tag("svg", *shapes, viewBox=frame, class_="chart", role="img", aria_label=label)
    return tag("figure", drawn, tag("figcaption", said))


def _bars(said: str, points: Sequence[Point]) -> Html:
    low, high = min(0.0, *(value for _, value in points)), max(0.0, *(value for _, value in points))
    scale = (_WIDTH - _LEFT - 80) / ((high - low) or 1)
    zero = _LEFT - low * scale
    shapes = [
        join(
            tag("text", name[:32], x=_LEFT - 8, y=number * _BAR + 15, text_anchor="end"),
            tag(
                "rect",
                x=_number(zero + min(0.0, value) * scale),
                y=number * _BAR + 3,
                width=_number(abs(value) * scale),
                height=_BAR - 6,
                class_="bar",
            ),
            tag("text", f"{value:,g}", x=_number(zero + max(0.0, value) * scale + 6), y=number * _BAR + 15),
        )
        for number, (name, value) in enumerate(points)
    ]
    return _drawing(said, len(points) * _BAR + 4, *shapes)


def _line(said: str, points: Sequence[Point]) -> Html:
    low, high = min(0.0, *(value for _, value in points)), max(0.0, *(value for _, value in points))
    across, up = (_WIDTH - 120) / (len(points) - 1), (_HEIGHT - 50) / ((high - low) or 1)
    places = [(80 + number * across, 15 + (high - value) * up) for number, (_, value) in enumerate(points)]
    path = " ".join(f"{_number(x)},{_number(y)}" for x, y in places)
    bottom = 15 + (high - low) * up
    return _drawing(
        said,
        _HEIGHT,
        tag("line", x1=80, y1=_number(bottom), x2=_WIDTH - 40, y2=_number(bottom), class_="axis"),
        tag("polyline", points=path, class_="line"),
        tag("text", f"{high:,g}", x=72, y=20, text_anchor="end"),
        tag("text", f"{low:,g}", x=72, y=_number(bottom), text_anchor="end"),
        tag("text", points[0][0][:20], x=80, y=_HEIGHT - 8),
        tag("text", points[-1][0][:20], x=_WIDTH - 40, y=_HEIGHT - 8, text_anchor="end"),
    )


def _number(value: float) -> str:
    return f"{value:.1f}"
