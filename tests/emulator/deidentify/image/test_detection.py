"""Text in generated pictures is found and read; pictures without text have none."""

import importlib.util

import numpy as np
import pytest

from emulator.deidentify.image import DetectorMissing, TextDetector, available, detection, detector
from emulator.deidentify.image.boxes import Box
from tests.support.burned_in import Picture, Planted, anatomy, with_text, write


@pytest.fixture(scope="module")
def found_by() -> TextDetector:
    return detector()


def left(picture: Picture, boxes: list[Box], planted: Planted) -> float:
    """Which part of a text no box covers."""
    after = picture.copy()
    for box in boxes:
        after[box.y : box.bottom, box.x : box.right] ^= 255
    return planted.left_of(picture, after)


def box_of(planted: Planted, boxes: list[Box]) -> Box:
    place = Box(planted.x, planted.y, planted.width, planted.height)
    return max((box for box in boxes if box.meets(place)), key=lambda box: box.area)


@pytest.mark.parametrize("seed", [0, 1])
def test_text_is_found_in_either_polarity_and_at_all_right_angles(found_by: TextDetector, seed: int) -> None:
    picture, planted = with_text(seed)
    assert len({each.turns for each in planted}) > 1
    boxes = found_by.boxes(picture)
    assert [each for each in planted if left(picture, boxes, each) > 0.02] == []


def test_what_a_text_says_is_read_whichever_way_it_runs(found_by: TextDetector) -> None:
    picture = anatomy(np.random.default_rng(5), 400, 400)
    write(picture, "SMITH ANNA", 60, 180, 30, 255)
    for turns in range(4):
        turned = np.rot90(picture, turns)
        (box,) = (found_by.read(turned, box) for box in found_by.boxes(turned))
        assert box.text.replace(" ", "") == "SMITHANNA"
        assert box.score > 0.9


def test_a_picture_without_text_has_none(found_by: TextDetector) -> None:
    assert found_by.boxes(anatomy(np.random.default_rng(0), 512, 512)) == []
    assert found_by.boxes(np.zeros((300, 300), np.uint8)) == []


def test_coloured_text_is_found_though_it_is_as_bright_as_what_lies_below(found_by: TextDetector) -> None:
    ink = np.zeros((200, 400), np.uint8)
    write(ink, "GARCIA PABLO", 40, 80, 32, 255)
    picture = np.zeros((200, 400, 3), np.uint8)
    picture[...] = np.where(ink[..., None] > 0, (200, 90, 20), (20, 120, 255))
    assert [found_by.read(picture, box).text.replace(" ", "") for box in found_by.boxes(picture)] == ["GARCIAPABLO"]


def test_a_line_that_crosses_tiles_is_one_box_and_large_letters_are_found(found_by: TextDetector) -> None:
    picture = np.zeros((400, 1800), np.uint8)
    planted = write(picture, "JOHNSON LINDA 8123456", 500, 200, 40, 255)
    large = write(picture, "CHEST PA", 100, 10, 150, 255)
    boxes = found_by.boxes(picture)
    said = found_by.read(picture, box_of(planted, boxes)).text
    assert said.replace(" ", "") == "JOHNSONLINDA8123456"
    assert left(picture, boxes, large) < 0.02


def test_a_picture_of_a_few_pixels_has_no_text(found_by: TextDetector) -> None:
    assert found_by.boxes(np.zeros((1, 1), np.uint8)) == []
    assert found_by.boxes(np.zeros((300, 2, 3), np.uint8)) == []


def test_without_its_packages_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    assert available()
    spec = importlib.util.find_spec
    monkeypatch.setattr(detection, "find_spec", lambda name: None if name == "rapidocr" else spec(name))
    assert not available()
    with pytest.raises(DetectorMissing, match=r"pip install 'healthcare-cloud-poc\[ocr\]'"):
        detector.__wrapped__()
