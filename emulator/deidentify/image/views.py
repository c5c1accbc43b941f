"""A frame as pictures in which text would be seen, whatever window it was burned in for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from pydicom.dataset import Dataset

    Image = np.ndarray[Any, np.dtype[Any]]
    Picture = np.ndarray[Any, np.dtype[np.uint8]]

_MIDDLE = (2.0, 98.0)
"""Percentiles of samples between which the second view of a grey frame shows differences."""
_ALIKE = 8.0
"""Shades by which two views must differ on average for both to be looked at."""


def views(frame: Image, dataset: Dataset) -> list[Picture]:
    """8-bit pictures of a decoded frame that is as it is stored: RGB for colour, one or two grey ones else.

    Grey samples are shown over their whole range, and where that would hide text among samples that lie close together,
    over the range of most of them. Windows of the header play no part: somebody may have set them to hide text.
    """
    meaning = str(dataset.get("PhotometricInterpretation") or "")
    if meaning == "PALETTE COLOR":
        return [_eight_bits(_through_palette(frame, dataset))]
    if frame.ndim == 3:
        return [_eight_bits(_in_rgb(frame, meaning, int(dataset.get("BitsStored") or 8)))]
    return _grey(frame)


def _grey(frame: Image) -> list[Picture]:
    import numpy as np

    samples = frame.astype(np.float32)
    finite = samples[np.isfinite(samples)]
    if not finite.size:
        return [np.zeros(frame.shape, np.uint8)]
    whole = _stretched(samples, float(finite.min()), float(finite.max()))
    middle = _stretched(samples, *map(float, np.percentile(finite[::7], _MIDDLE)))
    alike = np.abs(whole.astype(np.int16) - middle).mean() < _ALIKE
    return [whole] if alike else [whole, middle]


def _stretched(samples: Image, low: float, high: float) -> Picture:
    import numpy as np

    shades: Picture = np.clip(np.nan_to_num((samples - low) * (255 / ((high - low) or 1))), 0, 255).astype(np.uint8)
    return shades


def _through_palette(frame: Image, dataset: Dataset) -> Image:
    from pydicom.pixels.processing import apply_color_lut

    return apply_color_lut(frame, dataset)


def _in_rgb(frame: Image, meaning: str, bits: int) -> Image:
    from pydicom.pixels.processing import convert_color_space

    eight = frame >> max(0, bits - 8) if frame.dtype.itemsize > 1 else frame
    return convert_color_space(eight.astype("u1"), "YBR_FULL", "RGB") if meaning.startswith("YBR_FULL") else eight


def _eight_bits(picture: Image) -> Picture:
    """Colours of 8 bits; of more, those 8 that matter most."""
    import numpy as np

    deep = picture.dtype.itemsize > 1 and int(picture.max(initial=0)) > 255
    eight: Picture = (picture >> 8 if deep else picture).astype(np.uint8)
    return eight
