"""Frames of one bit a pixel, uncompressed: frames one after the other, so that the second may begin within a byte."""

from typing import TYPE_CHECKING, Any

from emulator.dicom import frames

if TYPE_CHECKING:
    import numpy as np
    from pydicom.dataset import FileDataset

    Image = np.ndarray[Any, np.dtype[Any]]

_FRAME_SIZE = (0x00280002, 0x00280004, 0x00280008, 0x00280010, 0x00280011, 0x00280100)


def elements_of(dataset: "FileDataset") -> dict[str, Any]:
    """What says how large frames are, as DICOM JSON has it."""
    return {f"{tag:08X}": {"Value": [dataset[tag].value]} for tag in _FRAME_SIZE if tag in dataset}


def single_bits(dataset: "FileDataset", number: int) -> "Image | None":
    """Frame `number` (from 1) as rows and columns of 0 and 1; None where pixels are not packed bit by bit.

    pydicom reads such a frame only if it begins with a byte. UnsupportedError where there is no such frame.
    """
    import numpy as np

    if dataset.get("BitsAllocated") != 1 or dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return None
    value, elements = dataset.PixelData, elements_of(dataset)
    pixels = frames.PixelData(0, len(value), encapsulated=False)
    octets = np.frombuffer(frames.bit_frame(value, elements, pixels, number), np.uint8)
    bits = np.unpackbits(octets, bitorder="little")[: frames.native_frame_size(elements)]
    return bits.reshape(int(dataset.Rows), int(dataset.Columns))
