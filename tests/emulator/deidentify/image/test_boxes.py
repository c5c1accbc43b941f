"""Boxes grow within their picture, and parts of one line become one."""

from emulator.deidentify.image.boxes import Box, covered, joined


def test_a_box_grows_as_far_as_the_picture_goes() -> None:
    assert Box(2, 5, 10, 10).grown(4, 14, 40) == Box(0, 1, 14, 18)
    assert Box(20, 5, 10, 10).grown(4, 14, 40) is None


def test_two_halves_of_a_line_become_one_box() -> None:
    assert joined([Box(0, 0, 100, 20, score=0.5), Box(90, 2, 100, 20, score=0.9)]) == [Box(0, 0, 190, 22, score=0.9)]


def test_lines_below_each_other_stay_two_though_their_boxes_touch() -> None:
    two = [Box(0, 0, 100, 20), Box(0, 18, 100, 20)]
    assert joined(two) == two


def test_boxes_that_are_one_only_through_a_third_become_one() -> None:
    parts = [Box(0, 0, 60, 20), Box(100, 0, 60, 20), Box(50, 0, 60, 20)]
    assert joined(parts) == [Box(0, 0, 160, 20)]


def test_the_area_of_boxes_counts_each_pixel_once() -> None:
    assert covered([Box(0, 0, 10, 10), Box(5, 5, 10, 10)], 100, 100) == 175
