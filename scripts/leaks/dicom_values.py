"""The values of a DICOM header that must not be in what is made of it, and those that anybody's header has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from mmap import mmap
from typing import Any

from emulator.deidentify.dicom import dummies
from emulator.deidentify.dicom.known import kind_of
from emulator.dicom import dictionary
from emulator.dicom.deflated import inflate
from emulator.dicom.header import Bulk, Header
from emulator.dicom.syntaxes import DEFLATED_DATASETS
from scripts.dicomtags import confidentiality
from scripts.dicomtags.confidentiality import Rule
from scripts.leaks.values import DATE, DESCRIPTION, NAME, OTHER, PRIVATE, UID, Value

Json = dict[str, Any]

_TEXTS = frozenset(("AE", "LO", "LT", "SH", "ST", "UC", "UR", "UT"))
_LINES = frozenset(("LT", "ST", "UT"))
_NAMELESS = frozenset(
    (
        *("EthnicGroup", "PatientReligiousPreference", "MilitaryRank", "TimezoneOffsetFromUTC"),
        *("ImplementationVersionName", "DeidentificationMethod"),
    )
)
"""What very many have in common, and what tells of a program."""
_CLASSES = frozenset(
    (
        *("MediaStorageSOPClassUID", "TransferSyntaxUID", "ImplementationClassUID", "SOPClassUID"),
        *("ReferencedSOPClassUID", "CodingSchemeUID", "MappingResourceUID", "ContextGroupExtensionCreatorUID"),
        *("ReferencedSOPClassUIDInFile", "ReferencedTransferSyntaxUIDInFile", "SOPClassesInStudy"),
        *("RelatedGeneralSOPClassUID", "OriginalSpecializedSOPClassUID", "SOPClassesSupported", "ContextUID"),
        *("TemplateExtensionCreatorUID", "PrivateInformationCreatorUID", "CreatorVersionUID"),
    )
)
"""UIDs of classes, codes and programs: they name no object."""
_COMMON = frozenset(("CS", "LO", "SH"))
_VAGUE = frozenset(("StationName", "InstitutionName", "InstitutionalDepartmentName"))
"""Names that are often those of makers, models or parts of the body."""
_SHORTEST_LINE, _LONGEST = 8, 64
_MOST_BYTES = 1024


def known_values(header: Header, data: bytes | mmap) -> Iterator[Value]:
    """The values of a header: of what the Basic Profile takes away, of private attributes, and all names and UIDs.

    Times of day, ages, numbers and code strings are left out: alone they name nobody. `data` is the file.
    """
    yield from _values(header.elements, "")
    bulk = [each for each in header.bulk if _may_be_text(each)]
    if bulk:
        plain = inflate(data, header.dataset_offset) if header.transfer_syntax in DEFLATED_DATASETS else data
        for each in bulk:
            yield from _bytes(each, plain[each.offset : each.offset + each.length])


def days(header: Header) -> Iterator[Value]:
    """The days among the values of a header."""
    return (each for each in _values(header.elements, "") if each.info_type == DATE)


def common_words(elements: Mapping[str, Json]) -> Iterator[str]:
    """What attributes say that the profile keeps: that a description has the same words betrays nothing."""
    for key, element in elements.items():
        found = element.get("Value", ())
        if element["vr"] == "SQ":
            for item in found:
                yield from common_words(item)
        elif element["vr"] in _COMMON and rule_of(int(key, 16)) is None:
            yield from (str(each) for each in found if each is not None)


def name_of(tag: int) -> str:
    """The keyword of a tag, or the tag itself; of private ones the tag."""
    return dictionary.keyword(tag) or f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _values(elements: Mapping[str, Json], path: str) -> Iterator[Value]:
    for key, element in elements.items():
        tag = int(key, 16)
        place = f"{path}{name_of(tag)}"
        found = element.get("Value", ())
        if element["vr"] == "SQ":
            for item in found:
                yield from _values(item, f"{place}.")
        elif info_type := _info_type(key, tag, element["vr"]):
            for text in _texts(element["vr"], found):
                yield Value(info_type, text, place, _action(tag))


def _info_type(key: str, tag: int, vr: str) -> str:
    """The kind of an attribute's values, "" for one of which no value is looked for."""
    row, creator = rule_of(tag), tag >> 16 & 1 and tag & 0xFFFF < 0x100
    if vr == "UI":
        return "" if dictionary.keyword(tag) in _CLASSES else UID
    if vr == "PN":
        return NAME
    if row is None or creator or dictionary.keyword(tag) in _NAMELESS:
        return ""
    if vr in ("DA", "DT"):
        return DATE
    if vr not in _TEXTS:
        return ""
    return DESCRIPTION if dictionary.keyword(tag) in _VAGUE else kind_of(key, vr) or DESCRIPTION


def _action(tag: int) -> str:
    row = rule_of(tag)
    if row is None:
        return OTHER
    return PRIVATE if tag >> 16 & 1 else row.action


@lru_cache(maxsize=8192)
def rule_of(tag: int) -> Rule | None:
    """The row of a tag in the current edition of PS3.15 Table E.1-1; None where the profile leaves the attribute."""
    return confidentiality.rule_of(f"{tag:08X}")


def _texts(vr: str, found: Any) -> Iterator[str]:
    """The texts of an element that say something: no dummies, no UIDs of the standard."""
    for each in found:
        parts = each.values() if isinstance(each, dict) else [] if each is None else [str(each)]
        for part in parts:
            lines = _long_lines(part) if vr in _LINES and len(part) > _LONGEST else [part]
            yield from (line for line in map(str.strip, lines) if line and not _says_nothing(vr, line))


def _long_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if len(line.strip()) >= _SHORTEST_LINE]


def _says_nothing(vr: str, text: str) -> bool:
    if vr == "UI":
        return len(text) < 6 or dictionary.is_standard_uid(text)
    return dummies.says_nothing(vr, text) or not any(each.isalnum() and each != "0" for each in text)


def _may_be_text(bulk: Bulk) -> bool:
    """Whether the bytes of a private attribute may be a text."""
    private = int(bulk.path[-8:-4], 16) & 1
    return bool(private) and not bulk.encapsulated and 4 <= bulk.length <= _MOST_BYTES


def _bytes(bulk: Bulk, raw: bytes) -> Iterator[Value]:
    text = raw.rstrip(b"\0 ").decode("latin-1").strip()
    if len(text) >= 4 and text.isprintable():
        place = ".".join(name_of(int(each, 16)) for each in bulk.path.split("/") if len(each) == 8)
        yield from (Value(DESCRIPTION, each, place, PRIVATE) for each in text.split("\\") if len(each) <= _LONGEST)
