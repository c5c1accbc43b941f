"""DICOM objects with a canary in every attribute of PS3.15 Table E.1-1: a value that is nowhere else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_VR
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests.emulator.deidentify.dicom import answer_key

PLAIN = 0x00082218
"""AnatomicRegionSequence: a sequence that the profile leaves."""
PRIVATE = ("AE", "LO", "LT", "PN", "SH", "ST", "UC", "UI", "UN", "UT", "DA", "OB")
_TEXTS = frozenset(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"))
_BYTES = frozenset(("OB", "OW", "UN"))
_SHORT = frozenset(("AE", "CS", "SH"))


@dataclass
class Planted:
    """An object of an IOD, and its canaries as they stand in it, without days: a new UID may have their digits."""

    dataset: Dataset
    canaries: set[str] = field(default_factory=set)

    def content(self, syntax: str = ExplicitVRLittleEndian) -> bytes:
        """The object as a file."""
        dataset = self.dataset
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = UID(syntax)
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        target = BytesIO()
        dataset.save_as(target, enforce_file_format=True)
        return target.getvalue()


def planted(iod: str) -> Planted:
    """An object of an IOD with every attribute of the table, in the dataset and two items deep, and private ones."""
    made = Planted(Dataset())
    inner, outer = Dataset(), Dataset()
    for depth, dataset in enumerate((made.dataset, inner)):
        for tag in answer_key.rows():
            if tag >> 16 not in (0, 2) and tag not in (0x00080016, 0x00080005):
                _plant(made, dataset, tag, _vr(tag), f"{iod}/{depth}")
        block = dataset.private_block(0x0009, "A MAKER", create=True)
        for number, vr in enumerate(PRIVATE):
            _plant(made, dataset, block.get_tag(number), vr, f"{iod}/{depth}")
    outer.add_new(PLAIN, "SQ", Sequence([inner]))
    made.dataset.add_new(PLAIN, "SQ", Sequence([outer]))
    made.dataset.SOPClassUID = UID(answer_key.sop_classes()[iod])
    made.dataset.SpecificCharacterSet = "ISO_IR 192"
    return made


def syntaxes() -> Iterator[str]:
    """How objects are encoded, in turn."""
    while True:
        yield from (ExplicitVRLittleEndian, ImplicitVRLittleEndian)


def _vr(tag: int) -> str:
    return dictionary_VR(tag).split(" or ")[0]


def _plant(made: Planted, dataset: Dataset, tag: int, vr: str, seed: str) -> None:
    """Put a canary into an attribute whose VR can hold one."""
    digest = hashlib.sha256(f"{seed}/{tag:08X}/{vr}".encode()).digest()
    if vr == "SQ":
        item = Dataset()
        _plant(made, item, 0x00104000, "LT", f"{seed}/{tag:08X}")
        dataset.add_new(tag, "SQ", Sequence([item]))
    elif (value := _value(vr, digest)) is not None:
        element = DataElement(tag, vr if vr != "UN" else "OB", value)
        element.VR = vr
        dataset[tag] = element
        if vr != "DA":
            made.canaries.add(value.decode() if isinstance(value, bytes) else value)


def _value(vr: str, digest: bytes) -> str | bytes | None:
    """A canary of a VR; None for numbers and times, which are too short to be only one."""
    letters = "".join("BCDFGHJKLMNPQRSTVWXZ"[byte % 20] for byte in digest)
    if vr in _TEXTS:
        return f"urn:{letters[:12]}" if vr == "UR" else letters[: 14 if vr in _SHORT else 20]
    if vr in _BYTES:
        return letters[:20].encode()
    if vr == "UI":
        return f"1.2.826.{int.from_bytes(digest[:12]) | 1}"
    if vr in ("DA", "DT"):
        day = date(1930, 1, 1) + timedelta(int.from_bytes(digest[:4]) % 30_000)
        return f"{day:%Y%m%d}" if vr == "DA" else f"{day:%Y%m%d}101112.{int.from_bytes(digest[4:8]) % 10**6:06}"
    return None
