"""Tiles cover a picture, each with its neighbours' edges."""

import itertools

import pytest

from emulator.deidentify.image.boxes import Box, covered
from emulator.deidentify.image.tiles import OVERLAP, SIDE, tiles


@pytest.mark.parametrize(("width", "height"), [(1, 1), (SIDE, SIDE), (SIDE + 1, 40), (3000, 2500), (513, 4000)])
def test_tiles_cover_a_picture_and_nothing_else(width: int, height: int) -> None:
    found = list(tiles(width, height))
    assert covered(found, width, height) == width * height
    assert all(tile.x >= 0 and tile.right <= width and tile.y >= 0 and tile.bottom <= height for tile in found)
    assert all(max(tile.width, tile.height) <= SIDE for tile in found)


def test_a_small_picture_is_one_tile() -> None:
    assert list(tiles(SIDE, 600)) == [Box(0, 0, SIDE, 600)]


@pytest.mark.parametrize("length", [1025, 1889, 1890, 5000])
def test_neighbours_share_an_edge(length: int) -> None:
    row = list(tiles(length, 10))
    assert all(one.right - other.x >= OVERLAP for one, other in itertools.pairwise(row))
