"""Attributes that say that an object was de-identified, and how (PS3.15 E.1.1, PS3.16 CID 7050)."""

from dataclasses import dataclass

from emulator.deidentify.dicom.encoding import Encoding, element, sequence

IDENTITY_REMOVED = 0x00120062
METHOD = 0x00120063
METHOD_CODES = 0x00120064
DATES_MODIFIED = 0x00280303
TAGS = frozenset((IDENTITY_REMOVED, METHOD, METHOD_CODES, DATES_MODIFIED))

BASIC = ("113100", "Basic Application Confidentiality Profile")
CLEAN_PIXELS = ("113101", "Clean Pixel Data Option")
CLEAN_DESCRIPTORS = ("113105", "Clean Descriptors Option")
RETAIN_UIDS = ("113110", "Retain UIDs Option")

Code = tuple[str, str]
"""Code value and meaning in the scheme DCM."""


WHY = "what was done is written anew (PS3.15 E.1.1)"
"""Why these attributes of the original go."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A new element of a dataset."""

    tag: int
    vr: str
    data: bytes


def marks(codes: list[Code], how: Encoding) -> list[Mark]:
    """The elements, by tag, of an object from which these profiles and options have removed who it is about."""
    items = [_code(value, meaning, how) for value, meaning in codes]
    return [
        Mark(IDENTITY_REMOVED, "CS", element(IDENTITY_REMOVED, "CS", b"YES", how)),
        Mark(METHOD_CODES, "SQ", sequence(METHOD_CODES, items, how)),
        Mark(DATES_MODIFIED, "CS", element(DATES_MODIFIED, "CS", b"REMOVED", how)),
    ]


def _code(value: str, meaning: str, how: Encoding) -> bytes:
    values = ((0x00080100, "SH", value), (0x00080102, "SH", "DCM"), (0x00080104, "LO", meaning))
    return b"".join(element(tag, vr, text.encode(), how) for tag, vr, text in values)
