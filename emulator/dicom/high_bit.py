"""Pixels whose stored bits do not lie lowest, as the standard of old allowed."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset


def lower_high_bit(dataset: "FileDataset") -> None:
    """Move stored bits that lie high (High Bit 15 of 12 stored, as older devices wrote them) to where they now lie.

    PS3.5 8.1.1 allows High Bit = Bits Stored - 1 only. What lies in the other bits, overlays of old, goes.
    """
    import numpy as np

    allocated = int(dataset.get("BitsAllocated") or 0)
    stored = int(dataset.get("BitsStored") or allocated)
    shift = int(dataset.get("HighBit") or stored - 1) - (stored - 1)
    native = not dataset.file_meta.TransferSyntaxUID.is_encapsulated
    if shift <= 0 or not native or allocated not in (8, 16, 32) or "PixelData" not in dataset:
        return
    kind = "i" if int(dataset.get("PixelRepresentation") or 0) else "u"
    words = np.frombuffer(dataset.PixelData, f"<{kind}{allocated // 8}")
    left = allocated - stored - shift
    dataset.PixelData = ((words << left) >> (left + shift)).astype(words.dtype).tobytes()
    dataset.HighBit = stored - 1
