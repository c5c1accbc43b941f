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
