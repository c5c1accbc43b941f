"""Data elements by tag, keyword or words: the registry of PS3.6 and the known private ones, as pydicom has them."""

from __future__ import annotations

import difflib
import functools
import re
from dataclasses import dataclass

_TAG = re.compile(r"\(?\s*([0-9A-Fa-fxX]{4})\s*,?\s*([0-9A-Fa-fxX]{4})\s*\)?")


@dataclass(frozen=True, slots=True)
class Entry:
    """A data element of the registry."""

    tag: str
    """8 capital digits; x stands for any digit in a repeating group: 60xx3000."""
    keyword: str
    """"" for the few retired ones that have none."""
    name: str
    vrs: tuple[str, ...]
    """Value representations; several where the dataset decides (US or SS); none for item delimiters."""
    vm: str
    retired: bool

    @property
    def shown(self) -> str:
        """The tag as people write it: (0010,0020)."""
        return shown(self.tag)

    @property
    def example(self) -> str:
        """A tag of 8 digits: the first of a repeating group."""
        return self.tag.replace("x", "0")


def shown(tag: str) -> str:
    """8 digits as people write them: (0010,0020)."""
    return f"({tag[:4]},{tag[4:]})"


def read_tag(text: str) -> str | None:
    """A tag in any usual way of writing as 8 capital digits, x for any digit; None where `text` is no tag."""
    found = _TAG.fullmatch(text.strip())
    return (found[1] + found[2]).upper().replace("X", "x") if found else None


def is_private(tag: str) -> bool:
    """Whether a tag's group is odd, so that a private creator gives it its meaning (PS3.5 7.8)."""
    return tag[3] in "13579BDF"


def is_group_length(tag: str) -> bool:
    """Whether a tag is (gggg,0000) of a public group."""
    return tag.endswith("0000") and "x" not in tag and not is_private(tag)


@functools.cache
def registry() -> dict[str, Entry]:
    """All public data elements by tag, repeating groups by their masks."""
    from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary

    rows = {f"{tag:08X}": row for tag, row in DicomDictionary.items()} | RepeatersDictionary
    return {
        tag: Entry(
            tag, keyword, name or "(no name)", tuple(vr.split(" or ")) if vr != "NONE" else (), vm, bool(retired)
        )
        for tag, (vr, vm, name, retired, keyword) in rows.items()
    }


@functools.cache
def _by_keyword() -> dict[str, Entry]:
    return {entry.keyword.casefold(): entry for entry in registry().values() if entry.keyword}


@functools.cache
def _masks() -> list[tuple[re.Pattern[str], Entry]]:
    return [(re.compile(tag.replace("x", "[0-9A-Fx]")), entry) for tag, entry in registry().items() if "x" in tag]


def entry_of(tag: str) -> Entry | None:
    """The element of a tag (8 digits, x for any); a tag inside a repeating group gives the group's element.

    The length of a group, which any group could begin with before 2008 (PS3.5 7.2), counts as a retired element.
    """
    if tag in registry():
        return registry()[tag]
    if is_group_length(tag):
        return Entry(tag, "", "Group Length", ("UL",), "1", retired=True)
    return next((entry for mask, entry in _masks() if mask.fullmatch(tag)), None)


def entry_named(name: str) -> Entry | None:
    """The element of this keyword or name, in any case: PatientID, patientid, Patient ID."""
    wanted = " ".join(name.casefold().split())
    found = _by_keyword().get(wanted)
    return found or next((each for each in registry().values() if each.name.casefold() == wanted), None)


def search(words: list[str]) -> list[Entry]:
    """The elements whose keyword or name has all the `words`, of which there is one at least; best first.

    First those whose words are just these, then those that begin with the first, then whole words before parts of
    words, then the shorter; retired ones come last.
    """
    wanted = [word.casefold() for word in words]
    found = [entry for entry in registry().values() if all(word in _text(entry) for word in wanted)]

    def rank(entry: Entry) -> tuple[bool, bool, bool, int, int, str]:
        own = _words(entry.name)
        return (
            entry.retired,
            own != wanted and "".join(wanted) != entry.keyword.casefold(),
            not own or own[0] != wanted[0],
            sum(word not in own for word in wanted),
            len(own),
            entry.tag,
        )

    return sorted(found, key=rank)


def _text(entry: Entry) -> str:
    return f"{entry.keyword} {entry.name}".casefold()


def _words(name: str) -> list[str]:
    """The words of a name; Patient's counts as patient."""
    return re.findall(r"[^\W_]+", name.casefold().replace("'s", ""))


def near_names(name: str, number: int = 3) -> list[Entry]:
    """The elements whose keywords are written most like `name`, for suggestions."""
    close = difflib.get_close_matches("".join(name.casefold().split()), _by_keyword(), n=number, cutoff=0.6)
    return [_by_keyword()[keyword] for keyword in close]


def near_tags(tag: str, number: int = 3) -> list[Entry]:
    """The elements of the same group whose tags are nearest; none where the group is not in the registry."""
    same = [entry for entry in registry().values() if entry.tag[:4] == tag[:4] and "x" not in entry.tag + tag]
    return sorted(same, key=lambda entry: abs(int(entry.tag, 16) - int(tag, 16)))[:number]


@dataclass(frozen=True, slots=True)
class PrivateEntry:
    """What a private creator's element is, as far as pydicom's private dictionaries know."""

    creator: str
    name: str
    vr: str
    vm: str


def private_entries(tag: str, creator: str | None = None) -> list[PrivateEntry]:
    """The known meanings of a private tag, of all creators or of one; the block's digits (00xx) do not count."""
    from pydicom._private_dict import private_dictionaries

    found = []
    for owner, rows in private_dictionaries.items():
        if creator is not None and owner != creator:
            continue
        for written in (tag, f"{tag[:4]}xx{tag[6:]}"):
            if written in rows:
                vr, vm, name = rows[written][:3]
                found.append(PrivateEntry(owner, name, vr, vm))
                break
    return found


def is_private_creator(tag: str) -> bool:
    """Whether an element reserves a block of private elements for its creator: (gggg,0010-00FF) (PS3.5 7.8.1)."""
    return is_private(tag) and re.fullmatch(r"00[1-9A-F][0-9A-F]", tag[4:]) is not None
