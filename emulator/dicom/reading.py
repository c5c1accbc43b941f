"""A file as pydicom reads it, with what its decoders rely on made sound."""

from typing import TYPE_CHECKING

from emulator.dicom.errors import UnsupportedError
from emulator.dicom.frames import PixelData, encapsulated_frames, fragments, is_sound_table

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

_EXTENDED = ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")


def read(path: str) -> "FileDataset":
    """Read a Part 10 file, all of it; offset tables that are wrong are made right, by the fragments.

    Raises what pydicom raises, and UnsupportedError where the fragments can't be told apart into frames.
    """
    from pydicom import dcmread

    dataset = dcmread(path)
    try:
        _frame_count(dataset)
    except (TypeError, ValueError, OverflowError):  # a text that is no number, which counts as absent everywhere here
        del dataset["NumberOfFrames"]
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated and dataset.get("PixelData"):
        _mend_offsets(dataset)
    return dataset


def encapsulated(dataset: "FileDataset") -> list[bytes]:
    """Each frame of a dataset that `read` gave, compressed as it is."""
    value = dataset.PixelData
    found = encapsulated_frames(value, PixelData(0, len(value), encapsulated=True), _frame_count(dataset))
    return [b"".join(value[start:end] for start, end in ranges) for ranges in found]


def _mend_offsets(dataset: "FileDataset") -> None:
    from pydicom.encaps import encapsulate

    for keyword in _EXTENDED:  # which says what the fragments say, or is wrong
        if keyword in dataset:
            del dataset[keyword]
    count = _frame_count(dataset)
    table, pieces = fragments(dataset.PixelData, PixelData(0, len(dataset.PixelData), encapsulated=True))
    if is_sound_table(table, pieces, count) or (not table and len(pieces) == count):
        return
    frames = encapsulated(dataset)
    if len(frames) != count:
        raise UnsupportedError(f"The pixel data holds {len(frames)} frames, and NumberOfFrames says {count}.")
    dataset.PixelData = encapsulate(frames)


def _frame_count(dataset: "FileDataset") -> int:
    from pydicom.pixels.utils import get_nr_frames

    return max(1, int(get_nr_frames(dataset, warn=False)))
