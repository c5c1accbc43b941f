"""The data dictionary: VR, keyword and multiplicity by tag, tag by keyword. Loaded from pydicom on first use."""

import functools
import re

_HEX = re.compile(r"[0-9A-Fa-f]{8}")
_PAIR = re.compile(r"\(?([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4})\)?")

Entry = tuple[str, str, str]
"""(VR as the dictionary prints it, for instance "US or SS"; keyword; value multiplicity)"""


@functools.lru_cache(maxsize=8192)
def entry(tag: int) -> Entry | None:
    """The dictionary's entry of a standard tag (repeating groups such as 60xx included), None if it has none."""
    from pydicom.datadict import get_entry

    try:
        vr, vm, _name, _retired, keyword = get_entry(tag)
    except KeyError:
        return None
    return vr, keyword, vm


def keyword(tag: int) -> str:
    """A tag's keyword, "" for a private or unknown one."""
    found = entry(tag)
    return found[1] if found else ""


@functools.lru_cache(maxsize=4096)
def private_vr(tag: int, creator: str) -> str | None:
    """The VR which pydicom's private dictionary knows for a creator's tag, None if it knows none."""
    from pydicom.datadict import private_dictionary_VR

    try:
        return str(private_dictionary_VR(tag, creator))
    except KeyError:
        return None


@functools.lru_cache(maxsize=4096)
def tag_of(name: str) -> str | None:
    """Read a tag written as keyword, 8 hexadecimal digits or (gggg,eeee); give 8 capital digits, None if unknown."""
    if _HEX.fullmatch(name):
        return name.upper()
    if pair := _PAIR.fullmatch(name):
        return (pair[1] + pair[2]).upper()
    from pydicom.datadict import tag_for_keyword

    tag = tag_for_keyword(name)
    return None if tag is None else f"{tag:08X}"


@functools.lru_cache(maxsize=256)
def repeating(name: str) -> str | None:
    """The tag of an attribute of curves or overlays by its keyword, with x for any digit: OverlayData is 60xx3000."""
    from pydicom._dicom_dict import RepeatersDictionary

    found = (tag for tag, entry in RepeatersDictionary.items() if entry[4] == name)
    return next((tag for tag in found if tag.startswith(("50xx", "60xx"))), None)


def is_standard_uid(uid: str) -> bool:
    """Whether the standard itself assigns a UID (PS3.6 A): a SOP class, a transfer syntax, a well-known instance."""
    from pydicom._uid_dict import UID_dictionary

    return uid in UID_dictionary
