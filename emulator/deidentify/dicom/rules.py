"""What a DicomConfig (v1) or DicomTagConfig (v1beta1) says, as one object: what becomes of which attribute."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Self

from emulator.dicom import dictionary, values

_REPEATING = re.compile(r"(50|60)[xX]{2}[0-9A-Fa-fxX]{4}")


class Profile(Enum):
    """What decides where no action or option does."""

    KEEP_ALL = "KEEP_ALL_PROFILE"
    BASIC = "ATTRIBUTE_CONFIDENTIALITY_BASIC_PROFILE"
    MINIMAL = "MINIMAL_KEEP_LIST_PROFILE"
    CONTENTS = "DEIDENTIFY_TAG_CONTENTS"
    KEEP_LIST = "keepList"
    REMOVE_LIST = "removeList"


class Action(Enum):
    """What becomes of an attribute. KEEP leaves the items of a sequence alone, too; RECURSE looks into them."""

    KEEP = "keep"
    EMPTY = "empty"
    DELETE = "delete"
    DUMMY = "dummy"
    UID = "new UID"
    TEXT = "clean text"
    RECURSE = "recurse"
    FORM = "keep what has the form of its VR"


TEXT_VRS = frozenset(("AE", "LO", "LT", "PN", "SH", "ST", "UC", "UT", "DA", "DT", "AS"))
"""The VRs whose contents can be inspected (Cloud Healthcare: DEIDENTIFY_TAG_CONTENTS, cleanTextTag)."""


@dataclass(frozen=True)
class Tags:
    """A selection of attributes: tags of 8 hexadecimal digits, of which those of repeating groups have x, and VRs."""

    tags: frozenset[str] = frozenset()
    vrs: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, names: list[str], *, vrs: bool = False) -> Self:
        """Read keywords and tags, and VRs where they may stand; ValueError, with the name, for one that is neither."""
        kinds = {name for name in names if vrs and name in values.KNOWN_VRS}
        return cls(frozenset(parse_tag(name) for name in names if name not in kinds), frozenset(kinds))

    def has(self, tag: int, vr: str = "") -> bool:
        """Whether an attribute is selected."""
        digits = f"{tag:08X}"
        return digits in self.tags or vr in self.vrs or any(name in self.tags for name in _group_names(digits))


def _group_names(digits: str) -> tuple[str, ...]:
    """How a selection may name the attribute of a repeating group."""
    if digits[:2] not in ("50", "60") or digits[2:4] >= "20":
        return ()
    return f"{digits[:2]}xx{digits[4:]}", f"{digits[:2]}xxxxxx"


def parse_tag(name: str) -> str:
    """A tag written as keyword or 8 hexadecimal digits; ValueError with the name if there is no such attribute.

    Private tags are taken as they are; 60xx3000 and OverlayData mean the attribute in each repeating group.
    """
    if _REPEATING.fullmatch(name):
        return name.upper().replace("X", "x")
    found = dictionary.repeating(name) or dictionary.tag_of(name)
    if found is None or not ("x" in found or int(found, 16) >> 16 & 1 or dictionary.entry(int(found, 16))):
        raise ValueError(f'"{name[:100]}" is neither the keyword nor the tag of a DICOM attribute')
    return found


@dataclass(frozen=True)
class TagAction:
    """An action of a DicomTagConfig and the attributes that it is for."""

    action: Action
    tags: Tags


@dataclass(frozen=True)
class DicomRules:
    """How DICOM files are de-identified.

    profile            what decides where nothing else does
    tags               of a keep list or remove list
    keep_ids           leave StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID and what refers to them as they are
    clean_descriptors  Clean Descriptors Option (PS3.15 E.3.5): inspect descriptions rather than follow the profile
    actions            override the others, applied one after the other
    """

    profile: Profile = Profile.KEEP_ALL
    tags: Tags = Tags()
    keep_ids: bool = False
    clean_descriptors: bool = False
    actions: tuple[TagAction, ...] = ()
