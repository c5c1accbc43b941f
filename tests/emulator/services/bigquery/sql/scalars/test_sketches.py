"""Sketches of distinct values: how near their counts are, and that merging loses nothing."""

import hashlib

import pytest

from emulator.services.bigquery.sql.scalars.errors import ScalarError
from emulator.services.bigquery.sql.scalars.sketches import counted, merged, sketch

KIND = "BIGINT"


def hashes(first: int, end: int) -> list[int]:
    """Hashes of the numbers from one to before another."""
    texts = (str(number).encode() for number in range(first, end))
    return [int.from_bytes(hashlib.md5(text, usedforsecurity=False).digest()[:8], "big") for text in texts]


@pytest.mark.parametrize("precision", [10, 12, 15])
@pytest.mark.parametrize("number", [1, 128, 129, 1000, 5000, 50_000])
def test_counts_are_as_near_as_the_precision_says(precision: int, number: int) -> None:
    """The error of HyperLogLog is 1.04 / sqrt(registers) on average; of a few values there is none."""
    found = counted(sketch(hashes(0, number), KIND, precision))
    if number * 8 <= 1 << precision:
        assert found == number
    else:
        assert abs(found / number - 1) < 5 * 1.04 / (1 << precision) ** 0.5


@pytest.mark.parametrize("sizes", [(50, 70), (50, 20_000), (9_000, 20_000)])
@pytest.mark.parametrize("precisions", [(12, 12), (10, 15), (15, 10)])
def test_a_merged_sketch_is_that_of_all_values(sizes: tuple[int, int], precisions: tuple[int, int]) -> None:
    """Whatever their precisions and forms are, it is the sketch of all values at the lowest precision."""
    parts = [sketch(hashes(0, sizes[0]), KIND, precisions[0]), sketch(hashes(20, sizes[1]), KIND, precisions[1])]
    everything = sketch(hashes(0, max(sizes)), KIND, min(precisions))
    assert merged(parts) == merged(parts[::-1]) == merged([*parts, everything]) == everything


@pytest.mark.parametrize("size", [100, 5000])
def test_what_is_no_sketch_is_refused(size: int) -> None:
    """Neither a part of one is taken, nor one with more, nor one with a rank that there is not."""
    whole = sketch(hashes(0, size), KIND, 10)
    for data in (b"", b"abc", whole[:-1], whole + b"\0", b"X" + whole[1:], whole[:4] + b"\xff" + whole[5:]):
        with pytest.raises(ScalarError):
            counted(data)
    if size > 128:
        with pytest.raises(ScalarError):
            counted(whole[:-1] + b"\xff")


def test_types_are_not_mixed() -> None:
    """Sketches of texts and of numbers don't go together."""
    with pytest.raises(ScalarError):
        merged([sketch(hashes(0, 5), KIND, 12), sketch(hashes(0, 5), "VARCHAR", 12)])
