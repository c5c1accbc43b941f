"""Files of encrypted records: any part of them, and what becomes of a file that was changed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulator.state import sealed
from emulator.state.sealed import RECORD, Records, TamperedError

KEY = bytes(range(32))
DATA = os.urandom(2 * RECORD + 1000)


@contextmanager
def records(path: Path, key: bytes = KEY) -> Iterator[Records]:
    with path.open("rb") as file:
        yield Records(file.fileno(), key)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that was appended to twice, so that a record in its midst is short."""
    path = tmp_path / "file"
    path.write_bytes(sealed.records(KEY, 0, DATA[:1000]) + sealed.records(KEY, 1000, DATA[1000:]))
    return path


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, len(DATA)), (0, 1), (999, 1001), (1000, 1000 + RECORD), (RECORD, RECORD + 5), (5, 5), (10, 1 << 40)],
)
def test_any_part_is_read(path: Path, start: int, end: int) -> None:
    with records(path) as found:
        assert found.read(start, end) == DATA[start:end]
        assert found.size == len(DATA)


def test_nothing_of_it_is_legible(path: Path) -> None:
    kept = path.read_bytes()
    assert not any(DATA[at : at + 16] in kept for at in range(0, len(DATA), 1000))


def test_it_is_cut_off_between_records_only(path: Path) -> None:
    with records(path) as found:
        end = found.offset_of(1000)
        assert found.offset_of(0) == 0
        with pytest.raises(TamperedError):
            found.offset_of(1001)
    os.truncate(path, end)
    with records(path) as found:
        assert found.read(0, 5000) == DATA[:1000]


@pytest.mark.parametrize("at", [0, 4, 20, 1000])
def test_a_changed_file_is_not_read(path: Path, at: int) -> None:
    kept = bytearray(path.read_bytes())
    kept[at] ^= 1
    path.write_bytes(kept)
    with records(path) as found, pytest.raises(TamperedError):
        found.read(0, 1000)


def test_a_record_in_the_place_of_another_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    first, second = sealed.records(KEY, 0, b"first"), sealed.records(KEY, 5, b"again")
    path.write_bytes(second + first)
    with records(path) as found, pytest.raises(TamperedError):
        found.read(0, 5)


def test_another_key_opens_nothing(path: Path) -> None:
    with records(path, bytes(32)) as found, pytest.raises(TamperedError):
        found.read(0, 1)
    with pytest.raises(TamperedError):
        sealed.opened(bytes(32), sealed.seal(KEY, b"secret"))


@pytest.mark.parametrize(("place", "start"), [(0, 0), (999, 0), (1000, 1000), (1 << 40, 1000 + RECORD)])
def test_it_goes_on_from_the_last_whole_record_before_a_place(path: Path, place: int, start: int) -> None:
    """Of the last record half has come."""
    os.truncate(path, path.stat().st_size - 10)
    with records(path) as found:
        at, offset = found.begin(place)
    assert at == start
    os.truncate(path, offset)
    with records(path) as found:
        assert found.read(0, 1 << 40) == DATA[:start]
