"""What becomes of one attribute, and why: actions before options before the profile."""

from dataclasses import dataclass

from emulator.deidentify.dicom import forms, marks, tables
from emulator.deidentify.dicom.dummies import ENCAPSULATED_DOCUMENT
from emulator.deidentify.dicom.rules import TEXT_VRS, Action, DicomRules, Profile
from emulator.dicom import dictionary

CONTENT_SEQUENCE = 0x0040A730
_IDS = frozenset((0x00020003, 0x00080018, 0x0020000D, 0x0020000E))
# What else names studies, series and instances: left as it was, it would lead back to the original.
_REFERENCES = frozenset((0x00041511, 0x00080058, 0x00081155, 0x00081167, 0x0040A124))
_CLASSES = frozenset((0x00080016, 0x00081150, 0x00081151, 0x0008010C, 0x0008010D, 0x00041510, 0x0040DB0D))
_REMOVING = frozenset((Action.DELETE, Action.EMPTY, Action.DUMMY))
_NUMBERS = frozenset(("AT", "CS", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"))
# What dummies of a sequence's items leave in place: how an item is built, and by which standard's words.
_STRUCTURE = frozenset((0x0040A043, 0x004008EA, 0x0040A504))
_IMPLEMENTATION = 0x00020012
_META_OF_WRITERS = frozenset(
    (0x00020013, 0x00020016, 0x00020017, 0x00020018, 0x00020026, 0x00020027, 0x00020028, 0x00020100, 0x00020102)
)
# The value of a content item of a structured report by the attribute that has it (PS3.3 C.17.3).
_CONTENT_VALUES = {
    0x0040A120: Action.DUMMY,
    0x0040A121: Action.DUMMY,
    0x0040A122: Action.DUMMY,
    0x0040A123: Action.DUMMY,
    0x0040A124: Action.UID,
    0x0040A160: Action.TEXT,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """Actions, applied one after the other, and the rule that they follow."""

    actions: tuple[Action, ...]
    why: str

    @property
    def keeps(self) -> bool:
        """Whether the attribute stays as it is, with all that is in it."""
        return self.actions == (Action.KEEP,)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an attribute stands: the key of its object's IOD, the sequence in whose items it is (0 for none).

    `dummies` says that the items of a sequence around it are made dummies of.
    """

    iod: str
    parent: int = 0
    dummies: bool = False


def decide(rules: DicomRules, place: Place, tag: int, vr: str) -> Decision:
    """What becomes of an attribute of that VR at a place.

    Actions that would remove what no instance can be without, which only a selection by VR can ask for, do not count.
    """
    if tag & 0xFFFF == 0 and tag >> 16 != 2:
        return Decision((Action.DELETE,), "group lengths are retired (PS3.5 7.2)")
    chosen = [(number, each) for number, each in enumerate(rules.actions, 1) if each.tags.has(tag, vr)]
    if chosen and not (tag in tables.required() and any(each.action in _REMOVING for _, each in chosen)):
        return _chosen([(number, each.action) for number, each in chosen], vr)
    if place.dummies:
        return _dummy_of_item(rules, place, tag, vr)
    return _option(rules, tag, vr) or _by_profile(rules, place, tag, vr)


def _chosen(chosen: list[tuple[int, Action]], vr: str) -> Decision:
    """The actions that select an attribute; text in a VR that can't be inspected is emptied rather than passed on."""
    actions = tuple(_fitting(action, vr) for _, action in chosen)
    return Decision(actions, "actions " + ", ".join(str(number) for number, _ in chosen))


def _fitting(action: Action, vr: str) -> Action:
    if action is Action.TEXT and vr not in TEXT_VRS:
        return Action.EMPTY
    return Action.KEEP if action is Action.RECURSE and vr != "SQ" else action


def _option(rules: DicomRules, tag: int, vr: str) -> Decision | None:
    if rules.keep_ids and (tag in _IDS or (tag in _REFERENCES and not _lists(rules))):
        return Decision((Action.KEEP,), "primary ids are kept")
    if tag in _IDS or (tag in _REFERENCES and not _lists(rules) and not rules.tags.has(tag)):
        return Decision((Action.UID,), "primary ids are regenerated")
    row = tables.row(tag)
    if rules.clean_descriptors and row is not None and row.descriptor and (vr in TEXT_VRS or vr == "SQ"):
        return Decision((Action.RECURSE if vr == "SQ" else Action.TEXT,), "clean descriptors (PS3.15 E.3.5)")
    return None


def _lists(rules: DicomRules) -> bool:
    """Whether only what a list names is kept."""
    return rules.profile in (Profile.MINIMAL, Profile.KEEP_LIST)


def _by_profile(rules: DicomRules, place: Place, tag: int, vr: str) -> Decision:
    stays = Action.RECURSE if vr == "SQ" else Action.KEEP
    if rules.profile is Profile.BASIC:
        return basic(place, tag, vr) or _rowless(tag, vr, stays)
    if _lists(rules):
        return _kept_by_list(rules, tag, vr, stays)
    if rules.profile is Profile.REMOVE_LIST and rules.tags.has(tag):
        return Decision((Action.DELETE,), "in the remove list")
    if rules.profile is Profile.CONTENTS and vr in (*TEXT_VRS, "UN"):
        return Decision((Action.TEXT,), "contents are inspected")
    if rules.profile is Profile.CONTENTS and _is_disguised_text(tag, vr):
        return Decision((Action.EMPTY,), "a text whose VR keeps it from being inspected")
    return Decision((stays,), rules.profile.value)


def _rowless(tag: int, vr: str, stays: Action) -> Decision:
    """What becomes of an attribute that the Basic Profile leaves: it stays, but not where it would hide a text."""
    known = dictionary.entry(tag)
    if known is not None and known[0] == "SQ" and vr != "SQ":
        return Decision((Action.DELETE,), "a sequence whose VR keeps its items from being looked at")
    return Decision((Action.FORM if vr in forms.FORMS else stays,), "no row of PS3.15 E.1-1")


def _is_disguised_text(tag: int, vr: str) -> bool:
    """Whether a file gives a text attribute of the dictionary a VR whose contents nobody inspects."""
    known = dictionary.entry(tag)
    return known is not None and known[0] in TEXT_VRS and vr != "SQ"


def _kept_by_list(rules: DicomRules, tag: int, vr: str, stays: Action) -> Decision:
    if tag in tables.keep_by_default():
        return Decision((stays,), "kept by default")
    if not rules.tags.has(tag):
        return Decision((Action.DELETE,), "not in the keep list")
    new_uid = tag in _REFERENCES and not rules.keep_ids and vr != "SQ"
    return Decision((Action.UID if new_uid else stays,), "in the keep list")


def basic(place: Place, tag: int, vr: str) -> Decision | None:
    """What the Basic Profile says (PS3.15 E.1.1, Table E.1-1); None for an attribute that it leaves as it is."""
    if tag in _META_OF_WRITERS:
        return Decision((Action.DELETE,), "meta information of who wrote or sent the file (PS3.15 E.1.1)")
    if tag >> 24 == 0x60 and (tag >> 16 & 0xFF) < 0x20 and not tag >> 16 & 1:
        return Decision((Action.DELETE,), "E.1-1: X, overlay data; the plane without it would not be valid")
    if tag in marks.TAGS and not place.parent:
        return Decision((Action.DELETE,), marks.WHY)
    if tag == _IMPLEMENTATION:
        return Decision((Action.DUMMY,), "this program wrote the file (PS3.10 7.1)")
    if tag == ENCAPSULATED_DOCUMENT:
        return Decision((Action.DUMMY,), "a document says what the header does not say any more")
    row = tables.row(tag)
    if row is None:
        return None if place.dummies else _content_value(place, tag)
    kind = tables.type_of(place.iod, place.parent, tag)
    action = _settled(row.code, kind)
    if action is Action.UID and vr == "SQ":
        action = Action.RECURSE
    return Decision((action,), f"E.1-1: {row.code}, type {kind}")


def _content_value(place: Place, tag: int) -> Decision | None:
    """The value of a content item that is not there for the standard's table, but was asked for (recurseTag)."""
    action = _CONTENT_VALUES.get(tag) if place.parent == CONTENT_SEQUENCE else None
    return Decision((action,), "value of a content item (PS3.3 C.17.3)") if action is not None else None


def _settled(code: str, kind: str) -> Action:
    """The action of a code of E.1-1 for an attribute of a type: of those that it allows, what keeps the object valid.

    Z allows dummies, too (PS3.15 E.1.1). An X stays one where the attribute can go with its module or condition.
    """
    dummy = Action.UID if "U" in code else Action.DUMMY
    if code == "X":
        return {"1": Action.DUMMY, "2": Action.EMPTY}.get(kind, Action.DELETE)
    if code in ("D", "U") or kind in ("1", "1C"):
        return dummy
    if kind in ("2", "2C"):
        return Action.EMPTY if "Z" in code else dummy
    return Action.DELETE if "X" in code else Action.EMPTY


def _dummy_of_item(rules: DicomRules, place: Place, tag: int, vr: str) -> Decision:
    """What becomes of an attribute in a sequence of which dummies are made."""
    if (tag in _STRUCTURE and vr == "SQ") or tag in _CLASSES or vr in _NUMBERS:
        return Decision((Action.KEEP,), "how a dummy is built")
    if (found := basic(place, tag, vr)) is not None:
        return found
    if vr == "UI":
        return Decision((Action.KEEP if rules.keep_ids else Action.UID,), "a UID in a dummy")
    return Decision((Action.RECURSE if vr == "SQ" else Action.DUMMY,), "a value in a dummy")
