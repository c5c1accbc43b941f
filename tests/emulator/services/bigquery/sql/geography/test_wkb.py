"""Shapes out of well-known binary (OGC Simple Features 1.2.1, 8)."""

import struct

import pytest

from emulator.services.bigquery.sql.geography import wkb, wkt
from emulator.services.bigquery.sql.scalars.errors import ScalarError


def head(kind: int, order: str = "<") -> bytes:
    return struct.pack(f"{order}BI", order == "<", kind)


def points(*pairs: tuple[float, float], order: str = "<") -> bytes:
    return struct.pack(f"{order}I", len(pairs)) + b"".join(struct.pack(f"{order}dd", *pair) for pair in pairs)


def point(x: float, y: float, order: str = "<") -> bytes:
    return head(1, order) + struct.pack(f"{order}dd", x, y)


RING = ((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 0.0))
ONE, TWO = struct.pack("<I", 1), struct.pack("<I", 2)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (point(1, 2), "POINT(1 2)"),
        (point(1, 2, ">"), "POINT(1 2)"),
        (point(float("nan"), float("nan")), "GEOMETRYCOLLECTION EMPTY"),
        (head(2) + points((1, 1), (2, 2.5)), "LINESTRING(1 1, 2 2.5)"),
        (head(2) + points(), "GEOMETRYCOLLECTION EMPTY"),
        (head(3) + ONE + points(*RING), "POLYGON((0 0, 2 0, 2 2, 0 0))"),
        (head(4) + TWO + point(1, 2) + point(3, 4, ">"), "MULTIPOINT(1 2, 3 4)"),
        (head(7) + TWO + point(1, 2) + head(2) + points((1, 1), (2, 2)), None),
    ],
)
def test_every_kind_in_both_orders(data: bytes, text: str | None) -> None:
    expected = text or "GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(1 1, 2 2))"
    assert wkt.write(wkb.read(data)) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x02" + point(1, 2)[1:],
        point(1, 2)[:-1],
        point(1, 2) + b"\0",
        head(1001) + struct.pack("<ddd", 1, 2, 3),
        head(2) + struct.pack("<I", 0xFFFFFFFF),
        head(2) + points((1, 1), (float("nan"), float("nan"))),
        (head(7) + ONE) * 1000 + point(1, 2),
    ],
)
def test_what_is_no_shape_is_refused(data: bytes) -> None:
    with pytest.raises(ScalarError, match="Invalid WKB"):
        wkb.read(data)
