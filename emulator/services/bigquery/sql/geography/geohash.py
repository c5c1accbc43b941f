"""Points from and to geohashes: interleaved bits of longitude and latitude, five to a character.

https://cloud.google.com/bigquery/docs/reference/standard-sql/geography_functions#st_geohash
"""

from __future__ import annotations

from emulator.services.bigquery.sql.geography.shapes import Point
from emulator.services.bigquery.sql.scalars.errors import ScalarError

LETTERS = "0123456789bcdefghjkmnpqrstuvwxyz"
LONGEST = 20  # characters


def encode(point: Point, characters: int) -> str:
    """The geohash of a point, of 1 to 20 characters."""
    bounds = [[-180.0, 180.0], [-90.0, 90.0]]
    code = ""
    for at in range(min(characters, LONGEST)):
        number = 0
        for bit in range(5):
            axis = (at * 5 + bit) % 2
            low, high = bounds[axis]
            middle = (low + high) / 2
            upper = point[axis] >= middle
            bounds[axis] = [middle, high] if upper else [low, middle]
            number = number * 2 + upper
        code += LETTERS[number]
    return code


def decode(code: str) -> Point:
    """The middle of a geohash's box. Raises ScalarError for text that is none."""
    bounds = [[-180.0, 180.0], [-90.0, 90.0]]
    for at, letter in enumerate(code.lower()):
        if letter not in LETTERS:
            raise ScalarError(f"Invalid geohash: {code}")
        for bit in range(5):
            axis = (at * 5 + bit) % 2
            low, high = bounds[axis]
            upper = LETTERS.index(letter) >> (4 - bit) & 1
            bounds[axis] = [(low + high) / 2, high] if upper else [low, (low + high) / 2]
    if not code:
        raise ScalarError("Invalid geohash: it is empty")
    return sum(bounds[0]) / 2, sum(bounds[1]) / 2
