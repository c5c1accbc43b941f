"""Every row of PS3.15 Table E.1-1, in objects of every IOD, at every place: what became of it, scored by category.

After pymedphys' manner each category counts passed, failed, deliberate differences and withheld, and no sum hides one.
"""

import logging
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO

import pydicom
import pytest
from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from emulator.deidentify.dicom.files import deidentify
from emulator.deidentify.dicom.rules import DicomRules, Profile
from emulator.deidentify.keys import Secret
from tests.emulator.deidentify.dicom import answer_key
from tests.emulator.deidentify.dicom.answer_key import DUMMY, EMPTY, GONE, INSIDE, KEPT
from tests.emulator.deidentify.dicom.answer_key import UID as NEW_UID

pytestmark = pytest.mark.slow

KEY = Secret(b"k" * 32)
RULES = DicomRules(Profile.BASIC)
LEAST = 0.9995
PLAIN_SEQUENCE = 0x00082218  # AnatomicRegionSequence: no row of E.1-1
ITEM_CANARY = "CANARY IN AN ITEM"
IODS = sorted(answer_key.sop_classes())
VALUES = {
    **dict.fromkeys(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"), "CANARY"),
    **dict.fromkeys(("OB", "OW", "UN"), b"CANARY"),
    **dict.fromkeys(("SL", "SS", "UL", "US"), 7725),
    **dict.fromkeys(("FD", "FL"), 77.25),
    "AS": "033Y",
    "AT": 0x00100010,
    "DA": "19770523",
    "DS": "77.25",
    "DT": "19770523112233",
    "IS": "7725",
    "TM": "112233",
    "UI": "1.2.3.77.250",
    "UR": "urn:canary",
}
"""A canary of each VR."""


@dataclass
class Score:
    """What a category came to."""

    passed: int = 0
    deliberate: Counter[str] = field(default_factory=Counter)
    withheld: int = 0
    failed: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Correct actions of required ones, as MIDI-B counts them; differences on purpose are correct."""
        right = self.passed + self.deliberate.total()
        return right / (right + len(self.failed))


def vr_of(tag: int) -> str:
    return dictionary_VR(tag).split(" or ")[0] if dictionary_has_tag(tag) else ""


def element(tag: int, vr: str, *, unknown: bool = False) -> DataElement:
    """An element with a canary, its VR written as UN where it is to be unknown."""
    if vr == "SQ":
        item = Dataset()
        item.CodeMeaning = ITEM_CANARY
        return DataElement(tag, "SQ", [item])
    if not unknown:
        return DataElement(tag, vr, VALUES[vr])
    made = DataElement(tag, "OB", raw(vr))
    made.VR = "UN"
    return made


def raw(vr: str) -> bytes:
    """A canary as a file has it."""
    value = VALUES[vr]
    formats = {"FD": "d", "FL": "f", "SL": "i", "SS": "h", "UL": "I", "US": "H"}
    if vr in formats:
        return struct.pack("<" + formats[vr], value)
    if vr == "AT":
        return struct.pack("<HH", 0x10, 0x10)
    text = value if isinstance(value, bytes) else str(value).encode()
    return text + b" " * (len(text) % 2)


def film(iod: str, elements: Iterable[DataElement], syntax: str = ExplicitVRLittleEndian) -> bytes:
    """An object of an IOD with these elements."""
    dataset = Dataset()
    for each in elements:
        dataset[each.tag] = each
    dataset.SOPClassUID, dataset.SpecificCharacterSet = UID(answer_key.sop_classes()[iod]), "ISO_IR 192"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.77.250")
    target = BytesIO()
    dataset.save_as(target, enforce_file_format=True)
    return target.getvalue()


def after(data: bytes) -> Dataset:
    return pydicom.dcmread(BytesIO(deidentify(data, RULES, KEY).content()))


def outcome(dataset: Dataset, tag: int, vr: str) -> str:
    """What became of the canary in an attribute."""
    if tag not in dataset:
        return GONE
    if vr == "SQ":
        items = dataset[tag].value
        return EMPTY if not items else INSIDE
    found = dataset.get_item(tag)
    value = found.value if isinstance(found.value, bytes) else b""
    if not value:
        value = b"" if dataset[tag].is_empty else str(dataset[tag].value).encode()
    if not value:
        return EMPTY
    text = value.rstrip(b"\0 ").decode("latin-1")
    if vr == "UI":
        return NEW_UID if text == KEY.uid(str(VALUES["UI"])) else (KEPT if text == VALUES["UI"] else DUMMY)
    kept = value.rstrip(b"\0 ") in (raw(vr).rstrip(b"\0 "), str(VALUES[vr]).encode())
    return KEPT if kept else DUMMY


def judge(score: Score, where: str, expected: answer_key.Answer, found: str, vr: str) -> None:
    """Count one action."""
    ours = INSIDE if vr == "SQ" and expected.ours == DUMMY else expected.ours
    if found == (NEW_UID if vr == "UI" and expected.outcome == DUMMY else expected.outcome):
        score.passed += 1
    elif ours and found == ours:
        score.deliberate[expected.why] += 1
    else:
        score.failed.append(f"{where}: {found} instead of {expected.outcome}")


def check(score: Score) -> None:
    """Hold a category to the bar, and tell its score (pytest -o log_cli=true -o log_cli_level=INFO)."""
    counts = {"passed": score.passed, "failed": len(score.failed), "withheld": score.withheld, **score.deliberate}
    logging.getLogger(__name__).info("%s", counts)
    assert score.rate >= LEAST, (counts, score.failed[:20])
    assert score.passed > 0


def scored_rows(score: Score) -> Iterator[tuple[int, str]]:
    """The attributes of a dataset with their VRs; commands and meta information stand in none, and are withheld."""
    for tag in answer_key.rows():
        if tag >> 16 < 4 or not vr_of(tag):
            score.withheld += 1
        else:
            yield tag, vr_of(tag)


@pytest.mark.parametrize("encoding", ["explicit", "implicit", "unknown VR"])
def test_rows_in_the_dataset(encoding: str) -> None:
    score = Score()
    for iod in IODS:
        wanted = list(scored_rows(score))
        unknown = encoding == "unknown VR"
        elements = [element(tag, vr, unknown=unknown) for tag, vr in wanted if not (unknown and vr == "SQ")]
        syntax = ImplicitVRLittleEndian if encoding == "implicit" else ExplicitVRLittleEndian
        new = after(film(iod, elements, syntax))
        for each in elements:
            vr = vr_of(each.tag)
            judge(score, f"{iod} {each.tag}", answer_key.answer(iod, (each.tag,), vr), outcome(new, each.tag, vr), vr)
    check(score)


def test_rows_in_items() -> None:
    """In items of a sequence that has no row itself, of another in it, and of one that only a private creator knows."""
    score = Score()
    for iod in IODS:
        inner, outer = Dataset(), Dataset()
        for tag, vr in scored_rows(score):
            inner[tag] = outer[tag] = element(tag, vr)
        outer[PLAIN_SEQUENCE] = DataElement(PLAIN_SEQUENCE, "SQ", [inner])
        new = after(film(iod, [DataElement(PLAIN_SEQUENCE, "SQ", [outer])]))[PLAIN_SEQUENCE][0]
        for tag, vr in scored_rows(Score()):
            for depth, found in enumerate((new, new[PLAIN_SEQUENCE][0]), 1):
                path = (PLAIN_SEQUENCE,) * depth + (tag,)
                judge(score, f"{iod} {path}", answer_key.answer(iod, path, vr), outcome(found, tag, vr), vr)
    check(score)


def test_rows_at_their_own_places() -> None:
    """Each attribute of E.1-1 in the items of each sequence in which an IOD has it."""
    score = Score()
    for iod in IODS:
        paths = [path for path in answer_key.types(iod) if len(path) > 1 and path[-1] in answer_key.rows()]
        root = Dataset()
        for path in paths:
            plant(root, path)
        new = after(film(iod, list(root)))
        for path in paths:
            vr = vr_of(path[-1])
            if any(other[: len(path)] == path for other in paths if len(other) > len(path)):
                score.withheld += 1  # what is in it is judged
            else:
                where = f"{iod} {' '.join(f'{tag:08X}' for tag in path)}"
                judge(score, where, answer_key.answer(iod, path, vr), outcome_at(new, path, vr), vr)
    check(score)


def plant(dataset: Dataset, path: tuple[int, ...]) -> None:
    """Put a canary at a path."""
    for tag in path[:-1]:
        if tag not in dataset or vr_of(tag) != "SQ" or not dataset[tag].value:
            dataset[tag] = DataElement(tag, "SQ", [Dataset()])
        dataset = dataset[tag][0]
    if path[-1] not in dataset:
        dataset[path[-1]] = element(path[-1], vr_of(path[-1]))


def outcome_at(dataset: Dataset, path: tuple[int, ...], vr: str) -> str:
    for tag in path[:-1]:
        if tag not in dataset or not dataset[tag].value:
            return GONE
        dataset = dataset[tag][0]
    return outcome(dataset, path[-1], vr)


def test_private_attributes_of_every_vr() -> None:
    score = Score()
    elements = [DataElement(0x00110010, "LO", "CANARY CREATOR")]
    elements += [element(0x00111000 + number, vr) for number, vr in enumerate([*VALUES, "SQ"])]
    for iod in IODS:
        nested = Dataset()
        for each in elements:
            nested[each.tag] = each
        data = film(iod, [*elements, DataElement(PLAIN_SEQUENCE, "SQ", [nested])])
        new = after(data)
        for where, found in (("dataset", new), ("item", new[PLAIN_SEQUENCE][0])):
            for each in elements:
                judge(
                    score,
                    f"{iod} {where} {each.tag}",
                    answer_key.Answer(GONE),
                    outcome(found, each.tag, each.VR),
                    each.VR,
                )
        assert b"CANARY" not in deidentify(data, RULES, KEY).content()
    check(score)


def test_repeating_groups() -> None:
    """Every curve's and overlay's: what E.1-1 has a row for goes, and with an overlay's data the plane around it."""
    score = Score()
    for iod in IODS:
        elements = []
        for number in range(0, 0x20, 2):
            curve, overlay = (0x5000 + number) << 16, (0x6000 + number) << 16
            elements += [DataElement(curve | 0x3000, "OW", b"CANARY"), DataElement(curve | 0x22, "LO", "CANARY")]
            elements += [DataElement(overlay | 0x3000, "OW", b"CANARY"), DataElement(overlay | 0x4000, "LT", "CANARY")]
            elements += [DataElement(overlay | 0x22, "LO", "CANARY"), DataElement(overlay | 0x10, "US", 4)]
        new = after(film(iod, elements))
        for each in elements:
            rest = each.tag.group >= 0x6000 and each.tag.element not in (0x3000, 0x4000)
            why = "an overlay plane without its data would not be valid"
            expected = answer_key.Answer(KEPT, GONE, why) if rest else answer_key.Answer(GONE)
            judge(score, f"{iod} {each.tag}", expected, outcome(new, each.tag, each.VR), each.VR)
    check(score)
