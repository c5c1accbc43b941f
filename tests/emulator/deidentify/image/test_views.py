"""Text is seen in a view of its frame, whatever samples it was written with."""

from typing import Any

import numpy as np
import pytest
from pydicom import Dataset

from emulator.deidentify.image.views import views

Array = np.ndarray[Any, np.dtype[Any]]
TISSUES = [((0, 1500), 4095), ((-1000, 200), 3000), ((0, 60), 90), ((30000, 65535), 0)]
"""Samples from and to, and the one that text is written with."""


def attributes(meaning: str, **more: object) -> Dataset:
    dataset = Dataset()
    dataset.PhotometricInterpretation, dataset.BitsStored = meaning, 8
    for keyword, value in more.items():
        setattr(dataset, keyword, value)
    return dataset


def contrast(frame: Array, text: Array, dataset: Dataset) -> int:
    """The most shades between text and what is around it, in any view."""
    return max(abs(int(view[text].mean()) - int(view[~text].mean())) for view in views(frame, dataset))


@pytest.mark.parametrize(
    ("tissue", "written"), [((0, 1500), 4095), ((-1000, 200), 3000), ((0, 60), 90), ((30000, 65535), 0)]
)
def test_text_above_below_and_amid_the_samples_of_tissue_is_seen(tissue: tuple[int, int], written: int) -> None:
    frame = np.random.default_rng(0).integers(*tissue, (64, 64))
    frame[0, 0], frame[63, 63] = min(0, tissue[0]), max(4095, tissue[1])
    text = np.zeros((64, 64), bool)
    text[20:30, 10:50] = True
    frame[text] = written
    assert contrast(frame, text, attributes("MONOCHROME2")) > 80


def test_a_grey_film_is_looked_at_once() -> None:
    ramp = np.linspace(0, 255, 64 * 64).astype(np.uint8).reshape(64, 64)
    assert len(views(ramp, attributes("MONOCHROME2"))) == 1


def test_colours_are_shown_as_rgb_of_eight_bits() -> None:
    red = np.zeros((8, 8, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
    luminance = np.zeros((8, 8, 3), np.uint8) + np.array([76, 85, 255], np.uint8)
    deep = red.astype(np.uint16) * 257
    for frame, dataset in (
        (red, attributes("RGB")),
        (luminance, attributes("YBR_FULL")),
        (deep, attributes("RGB", BitsStored=16)),
    ):
        (view,) = views(frame, dataset)
        assert view.dtype == np.uint8
        assert np.abs(view[0, 0].astype(int) - (255, 0, 0)).max() <= 2


def test_a_frame_of_floats_without_numbers_is_shown() -> None:
    assert [view.max() for view in views(np.full((8, 8), np.nan, np.float32), attributes(""))] == [0]
