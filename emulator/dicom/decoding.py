"""Frames as arrays of the samples that they have, and what these mean. Decodes pixels: for a process pool."""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from emulator.dicom.encoders import Pixels
from emulator.dicom.errors import UnsupportedError
from emulator.dicom.single_bits import single_bits

if TYPE_CHECKING:
    import numpy as np
    from pydicom.dataset import FileDataset

    Image = np.ndarray[Any, np.dtype[Any]]

# What pydicom and numpy raise where attributes are missing, contradict each other, or hold what they can't.
_ODD = (
    *(ArithmeticError, AttributeError, LookupError, NotImplementedError),
    *(OSError, RuntimeError, TypeError, ValueError, struct.error),
)


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turn what the libraries raise for an odd instance into UnsupportedError; their warnings are nobody's concern."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except UnsupportedError:
            raise
        except _ODD as problem:
            raise cannot(what, problem) from None


def cannot(what: str, problem: Exception | None = None) -> UnsupportedError:
    """Make the refusal; of a library's message only the kind is kept, since it may quote values of the instance."""
    kind = f" ({type(problem).__name__})" if problem is not None else ""
    return UnsupportedError(f"The instance cannot be {what}{kind}.")


def pixels_of(dataset: "FileDataset") -> Pixels:
    """What the frames are that `decoded` gives raw."""
    meaning = str(dataset.get("PhotometricInterpretation") or "MONOCHROME2")
    if meaning.startswith(("YBR_FULL", "YBR_PARTIAL")):
        meaning = "YBR_FULL" if meaning in ("YBR_FULL", "YBR_FULL_422") else meaning
    elif meaning in ("YBR_RCT", "YBR_ICT"):  # which are of a codec, and gone with it
        meaning = "RGB"
    samples = dataset.get("SamplesPerPixel")
    if samples is None:  # which is 1 wherever nothing else is meant; a colour image without it can't be known
        samples = 1
    allocated = int(dataset.BitsAllocated)
    return Pixels(
        int(samples),
        allocated,
        int(dataset.get("BitsStored") or allocated),
        bool(int(dataset.get("PixelRepresentation") or 0)),
        meaning,
    )


def decoded(dataset: "FileDataset", number: int, *, raw: bool = False) -> "Image":
    """Decode one frame to an array: rows, columns[, samples]; raw leaves YBR_FULL as it is, else colours are RGB."""
    import numpy as np
    from pydicom.pixels.utils import pixel_array

    try:
        bits = single_bits(dataset, number)
        return bits if bits is not None else np.ascontiguousarray(pixel_array(dataset, index=number - 1, raw=raw))
    except Exception as problem:  # noqa: BLE001 (codecs raise what they like)
        raise cannot(f"decoded from transfer syntax {dataset.file_meta.TransferSyntaxUID}", problem) from None
