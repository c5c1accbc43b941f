"""A file as pydicom reads it, with what its decoders rely on made sound."""

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from emulator.dicom.errors import UnsupportedError
from emulator.dicom.frames import PixelData, encapsulated_frames, fragments, is_sound_table

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset, FileDataset

_EXTENDED = ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")


def read(path: str, *, as_stored: bool = False) -> "FileDataset":
    """Read a Part 10 file, all of it; offset tables that are wrong are made right, by the fragments.

    as_stored says that nobody will decode it, so that its transfer syntax need not be one that pydicom knows. Raises
    what pydicom raises, and UnsupportedError for such a syntax, or where fragments can't be told apart into frames.
    """
    from pydicom import dcmread

    dataset = dcmread(path)
    if not as_stored:
        require_decodable(dataset)
    try:
        _frame_count(dataset)
    except (TypeError, ValueError, OverflowError):  # a text that is no number, which counts as absent everywhere here
        del dataset["NumberOfFrames"]
    if not as_stored and dataset.file_meta.TransferSyntaxUID.is_encapsulated and is_encapsulated(dataset):
        _mend_offsets(dataset)
    return dataset


def require_decodable(dataset: "FileDataset") -> None:
    """Raise UnsupportedError where a dataset's transfer syntax is none that pydicom knows."""
    from pydicom.uid import UID

    syntax = UID(str(dataset.file_meta.get("TransferSyntaxUID") or ""))
    if not syntax.is_transfer_syntax or syntax.is_private:
        raise UnsupportedError(f"The instance cannot be decoded: transfer syntax {syntax[:64]} is not known here.")


def is_encapsulated(dataset: "FileDataset") -> bool:
    """Whether the pixels are compressed, or at least lie in fragments as compressed ones do (PS3.5 A.4)."""
    return bool("PixelData" in dataset and dataset["PixelData"].is_undefined_length and dataset.PixelData)


def encapsulated(dataset: "FileDataset") -> list[bytes]:
    """Each frame of a dataset that `read` gave, compressed as it is."""
    value = dataset.PixelData
    found = encapsulated_frames(value, PixelData(0, len(value), encapsulated=True), _frame_count(dataset))
    return [b"".join(value[start:end] for start, end in ranges) for ranges in found]


_SIZES = {"AT": 4, "FD": 8, "FL": 4, "SL": 4, "SS": 2, "SV": 8, "UL": 4, "US": 2, "UV": 8}
"""Bytes of one value, by VR (PS3.5 6.2)."""


def keep_odd_numbers(dataset: "Dataset") -> None:
    """Let the numbers of a dataset that was just read be written as they are in the file, also where they are none.

    IS and DS keep their text; binary numbers with too many or too few bytes become UN, as which they can be kept.
    """
    from pydicom.datadict import dictionary_has_tag, dictionary_VR
    from pydicom.dataelem import DataElement, RawDataElement

    for tag in list(dataset.keys()):
        found: Any = dataset.get_item(tag)
        vr = found.VR or (dictionary_VR(tag) if dictionary_has_tag(tag) else "UN")
        if vr == "SQ":
            for item in dataset[tag].value or ():
                keep_odd_numbers(item)
        elif not isinstance(found, RawDataElement) or not found.value:
            continue
        elif vr in ("IS", "DS"):
            text = DataElement(tag, vr, None)
            text._value = found.value.decode("latin-1")  # noqa: SLF001 a value that is set is read as a number
            dataset[tag] = text
        elif len(found.value) % _SIZES.get(vr, 1):
            octets = DataElement(tag, "OB", found.value)
            octets.VR = "UN"  # which given at once would be taken for what the dictionary has
            dataset[tag] = octets


def settle_vrs(dataset: "FileDataset") -> None:
    """Give a VR to each element whose file leaves it out, also where the dictionary has several (PS3.5 A.1).

    pydicom settles those that it knows; what is left, retired attributes mostly, is OW or by PixelRepresentation.
    """
    if not dataset.is_implicit_VR and all(element.VR is not None for element in dataset.values()):
        return
    from pydicom.filewriter import correct_ambiguous_vr_element
    from pydicom.values import convert_numbers

    signed = dataset.get("PixelRepresentation") == 1
    for element in _elements(dataset):
        if " or " not in element.VR:
            continue
        with suppress(AttributeError, TypeError, ValueError, IndexError):
            correct_ambiguous_vr_element(element, dataset, is_little_endian=True)
        if " or " not in element.VR:
            continue
        element.VR = "OW" if "OW" in element.VR else ("SS" if signed else "US")
        if element.VR != "OW" and isinstance(element.value, bytes):
            element.value = convert_numbers(element.value, True, "h" if signed else "H")  # noqa: FBT003 positional only


def _elements(dataset: "Dataset") -> Iterator["DataElement"]:
    """All elements, those of items too, with the VRs that the dictionary has."""
    for tag in list(dataset.keys()):
        try:
            element = dataset[tag]
        except AttributeError:  # its VR depends on an attribute that is not there
            dataset.get_item(tag).VR = "OW"
            element = dataset[tag]
        yield element
        for item in element.value if element.VR == "SQ" else ():
            yield from _elements(item)


def _mend_offsets(dataset: "FileDataset") -> None:
    from pydicom.encaps import encapsulate

    for keyword in _EXTENDED:  # which says what the fragments say, or is wrong
        if keyword in dataset:
            del dataset[keyword]
    count = _frame_count(dataset)
    table, pieces = fragments(dataset.PixelData, PixelData(0, len(dataset.PixelData), encapsulated=True))
    if is_sound_table(dataset.PixelData, table, pieces, count) or (not table and len(pieces) == count):
        return
    frames = encapsulated(dataset)
    if len(frames) != count:
        raise UnsupportedError(f"The pixel data holds {len(frames)} frames, and NumberOfFrames says {count}.")
    dataset.PixelData = encapsulate(frames)


def _frame_count(dataset: "FileDataset") -> int:
    from pydicom.pixels.utils import get_nr_frames

    return max(1, int(get_nr_frames(dataset, warn=False)))
