"""What a redacted picture still says is found: names, ids and dates of the source, in frames and overlays."""

from pathlib import Path

import numpy as np
import pytest

from emulator.deidentify.image import detector, redact
from emulator.deidentify.text import Known
from scripts.leaks.pixels import Pictures, read_pictures
from tests.emulator.deidentify.image.stamps import EVERYTHING, saved
from tests.emulator.services.healthcare.instances import instance
from tests.support.burned_in import Picture, anatomy, write

KNOWN = Known.of([("PERSON_NAME", "KOWALSKI^MARIA"), ("MEDICAL_RECORD_NUMBER", "8123456"), ("DATE", "19600229")])


def film(picture: Picture, path: Path, overlay: Picture | None = None) -> Path:
    rows, columns = picture.shape
    dataset = instance(Rows=rows, Columns=columns)
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelData = picture.tobytes()
    if overlay is not None:
        for element, value in ((0x10, rows), (0x11, columns), (0x100, 1), (0x102, 0)):
            dataset.add_new(0x60000000 + element, "US", value)
        dataset.add_new(0x60003000, "OW", np.packbits(overlay > 127, bitorder="little").tobytes())
    return saved(dataset, path)


@pytest.fixture
def ground() -> Picture:
    return anatomy(np.random.default_rng(3), 320, 512)


def kinds(pictures: Pictures) -> list[tuple[int, str]]:
    return sorted((leak.frame, leak.info_type) for leak in pictures.leaks)


def test_known_values_are_read_in_pixels_and_in_overlays(ground: Picture, tmp_path: Path) -> None:
    write(ground, "Maria Kowalski", 40, 40, 28, 255)
    write(ground, "120 kV SUPINE", 40, 120, 28, 255)
    overlay = np.zeros_like(ground)
    write(overlay, "ID 8123456  29 Feb 1960", 40, 200, 24, 255)
    found = read_pictures(film(ground, tmp_path / "film.dcm", overlay), KNOWN, detector())
    assert kinds(found) == [(1, "PERSON_NAME"), (2, "DATE"), (2, "MEDICAL_RECORD_NUMBER")]
    assert found.refusal == ""
    assert "kowalski" not in repr(found).lower(), "what is read is a patient's data"


def test_nothing_is_left_after_redaction(ground: Picture, tmp_path: Path) -> None:
    write(ground, "KOWALSKI^MARIA", 40, 40, 28, 255)
    source, target = film(ground, tmp_path / "film.dcm"), tmp_path / "redacted.dcm"
    assert kinds(read_pictures(source, KNOWN, detector())) == [(1, "PERSON_NAME")]
    redact(source, target, EVERYTHING, detector())
    assert read_pictures(target, KNOWN, detector()) == Pictures()


def test_a_file_whose_pixels_nobody_can_look_at_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.dcm").write_bytes(bytes(128) + b"DICM")
    assert read_pictures(tmp_path / "broken.dcm", KNOWN, detector()).refusal.endswith(".")
