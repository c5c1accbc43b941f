"""Frames one after the other: what stays is looked at once, what comes, goes or moves is looked at where it is."""

from collections.abc import Sequence

import numpy as np

from emulator.deidentify.image.boxes import Box
from emulator.deidentify.image.watching import Watch
from tests.support.burned_in import Picture


class Bright:
    """Finds the box around all pixels that are white, and notes the size of what it looks at."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []

    def __call__(self, pictures: list[Picture]) -> list[Box]:
        (picture,) = pictures
        self.sizes.append((picture.shape[0], picture.shape[1]))
        rows, columns = np.nonzero(picture >= 240)
        if not rows.size:
            return []
        return [Box(int(columns.min()), int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)]


def frame(*places: tuple[int, int, int, int]) -> Picture:
    """A dark frame of 400 x 400 with white boxes: x, y, width, height."""
    made = np.zeros((400, 400), np.uint8)
    made[399, 399] = 200
    for x, y, width, height in places:
        made[y : y + height, x : x + width] = 255
    return made


def watched(*frames: Picture) -> tuple[list[list[Box]], list[tuple[int, int]]]:
    """The boxes of each frame, and the sizes of the pictures that were looked at."""
    bright = Bright()
    watch = Watch(bright, nothing, lambda whole: [whole], without)  # type: ignore[arg-type]
    return [watch.boxes(each) for each in frames], bright.sizes


def nothing(_pictures: Sequence[Picture]) -> list[Box]:
    return []


def without(whole: Picture, boxes: Sequence[Box]) -> Picture:
    """A frame with boxes black."""
    made = whole.copy()
    for box in boxes:
        made[box.y : box.bottom, box.x : box.right] = 0
    return made


def test_an_overlay_that_stays_is_found_once() -> None:
    still = frame((10, 10, 50, 20))
    noisy = still + np.random.default_rng(0).integers(0, 3, still.shape, dtype=np.uint8) * (still == 0)
    boxes, sizes = watched(still, noisy, still)
    assert boxes == [[Box(10, 10, 50, 20)]] * 3
    assert sizes == [(400, 400)]


def test_text_that_comes_is_looked_for_around_it_only() -> None:
    boxes, sizes = watched(frame((10, 10, 50, 20)), frame((10, 10, 50, 20), (200, 200, 40, 20)))
    assert boxes[1] == [Box(10, 10, 50, 20), Box(200, 200, 40, 20)]
    assert sizes == [(400, 400), (52 + 2 * 48, 72 + 2 * 48)]


def test_a_line_of_which_a_digit_changes_is_found_as_a_whole() -> None:
    boxes, _ = watched(frame((100, 100, 200, 20)), frame((100, 100, 210, 20)))
    assert boxes[1] == [Box(100, 100, 210, 20)]
    boxes, sizes = watched(frame((100, 100, 200, 20)), frame((100, 100, 190, 20)))
    assert boxes[1] == [Box(100, 100, 190, 20)]
    assert sizes[1] == (52 + 2 * 48, 216 + 2 * 48)


def test_text_that_goes_is_forgotten_and_comes_back() -> None:
    text = frame((10, 10, 50, 20))
    boxes, _ = watched(text, frame(), text)
    assert boxes == [[Box(10, 10, 50, 20)], [], [Box(10, 10, 50, 20)]]


def test_text_that_fades_in_slowly_is_found_in_the_end() -> None:
    steps = []
    for shade in range(0, 256, 3):
        step = frame((300, 300, 8, 8)) if shade % 2 else frame()
        step[10:30, 10:60] = shade
        steps.append(step)
    boxes, _ = watched(*steps)
    assert any(box.meets(Box(10, 10, 50, 20)) for box in boxes[-1])


def test_a_number_where_there_was_none_is_a_change() -> None:
    empty = np.full((20, 20), np.nan, np.float32)
    empty[0, 0], something = 1000, empty.copy()
    something[5:9, 5:9] = 900
    looks = list[Box]()
    watch = Watch(
        lambda pictures: [Box(0, 0, *pictures[0].shape)],
        nothing,
        lambda whole: [np.zeros(whole.shape, np.uint8)],
        without,
    )
    for each in (empty, something):
        looks = watch.boxes(each)
    assert len(looks) == 1
    assert watch._seen is not None
    assert watch._seen[6, 6] == 900


def test_what_a_brighter_text_hid_is_found_without_it_until_nothing_is() -> None:
    """Views stretch what is there: a text of half the brightness shows where the brighter one is black."""
    bright = Bright()

    def stretched(whole: Picture) -> list[Picture]:
        return [(whole.astype(np.float32) * (255 / max(1, int(whole.max())))).astype(np.uint8)]

    both = frame((10, 10, 50, 20))
    both[399, 399] = 0
    both[200:220, 200:240] = 90
    watch = Watch(bright, bright, stretched, without)  # type: ignore[arg-type]
    assert watch.boxes(both) == [Box(10, 10, 50, 20), Box(200, 200, 40, 20)]
    assert len(bright.sizes) == 3
