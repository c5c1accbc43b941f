"""Explains a DICOM file: each element, what PS3.15 does with it, and whether it belongs to the file's IOD.

Values that may identify somebody are withheld unless they are asked for: a terminal's scrollback is a log. These are
the values of attributes that PS3.15 Table E.1-1 has an action for, of all that is inside such a sequence, of private
and unknown elements, and of free text and person names wherever they stand.
"""

from __future__ import annotations

import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from emulator.dicom.errors import DicomError
from emulator.dicom.header import read_header
from scripts.dicomtags import attribute, confidentiality, dictionary, standard
from scripts.dicomtags.membership import Members, missing_of
from scripts.errors import CommandError

if TYPE_CHECKING:
    from pydicom import Dataset, FileDataset
    from pydicom.dataelem import DataElement, RawDataElement

Json = dict[str, Any]

# Longer values stay in the file: nobody reads them, and a multi-frame image has gigabytes.
_LONG = 4096
_SHOWN = 64
_PADDING = "FFFCFFFC"
_UNDEFINED = 0xFFFFFFFF
_FREE_TEXT = frozenset(("PN", "LT", "ST", "UT"))
_BYTES = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))
_KINDS = {"AS": "an age", "DA": "a date", "DT": "a date and time", "PN": "a name", "TM": "a time", "UI": "a UID"}
# What pydicom raises when an element's bytes are not what its VR says.
_UNREADABLE = (ValueError, TypeError, KeyError, OverflowError, NotImplementedError, AttributeError, struct.error)


def explain(path: Path, *, values: bool = False) -> Json:
    """What `tags --file` tells: sop_class, iod (null: none known), transfer_syntax, elements and missing.

    An element has tag, keyword, name, vr, value (null where withheld or not printable), length, note (why there is no
    value), deidentification (null: left as it is), iod, and for a sequence `items`, lists of elements. Raises
    CommandError for what is no whole DICOM file.
    """
    with path.open("rb") as file:
        _check(file, path)
        with quiet():
            dataset = _read(file, path)
            sop_class = _plain_text(dataset, "SOPClassUID")
            iod = standard.iod_of(sop_class)
            members = Members.of(iod)
            elements = _Walk(values=values).elements(dataset.file_meta, Members.file_meta())
            elements += _Walk(values=values).elements(dataset, members)
            return {
                "file": path.name,
                "sop_class": sop_class,
                "sop_class_name": standard.sop_class_name(sop_class) if sop_class else "",
                "iod": iod.name if iod else None,
                "transfer_syntax": _plain_text(dataset.file_meta, "TransferSyntaxUID"),
                "elements": elements,
                "missing": missing_of(dataset, iod) if iod else [],
            }


def _plain_text(dataset: Dataset, keyword: str) -> str:
    try:
        return _printable(str(dataset.get(keyword) or ""))
    except _UNREADABLE:
        return ""


def _check(file: BinaryIO, path: Path) -> None:
    """Raise CommandError where the file is no DICOM file, or not whole: pydicom reads what it finds and is content."""
    try:
        if not path.stat().st_size:
            raise DicomError("The file is empty.")
        with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            read_header(data)
    except DicomError as error:
        text = str(error)
        told = text.removeprefix("The file ") if text.startswith("The file is ") else f"can't be read: {text}"
        raise CommandError(f"{path.name} {told}") from None


def _read(file: BinaryIO, path: Path) -> FileDataset:
    """The dataset, its long values left in the file. Raises CommandError where pydicom can't read it."""
    from pydicom import dcmread

    try:
        return dcmread(file, defer_size=_LONG)
    except (OSError, EOFError, *_UNREADABLE):
        raise CommandError(f"{path.name} is damaged: its elements can't be read one after the other.") from None


@contextmanager
def quiet() -> Iterator[None]:
    """Keep pydicom's warnings to itself: they quote values that break the rules of their VR, in its log as well."""
    log = logging.getLogger("pydicom")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


@dataclass(frozen=True, slots=True)
class _Around:
    """What the sequences around an item mean for its elements."""

    withheld: bool = False
    action: Json | None = None


_OUTSIDE = _Around()


class _Walk:
    """One walk through a dataset; `values` shows what else is withheld."""

    def __init__(self, *, values: bool) -> None:
        self._values = values

    def elements(self, dataset: Dataset, members: Members, around: _Around = _OUTSIDE) -> list[Json]:
        """The elements of a dataset or item; `around` is what the sequences that it is in mean for it."""
        # Not through get_item: that would read the long values after all.
        found = sorted(dataset.values(), key=lambda element: int(element.tag))
        return [self._element(dataset, element, members, around) for element in found]

    def _element(self, dataset: Dataset, raw: DataElement | RawDataElement, members: Members, around: _Around) -> Json:
        tag = f"{int(raw.tag):08X}"
        entry = dictionary.entry_of(tag)
        vr = str(raw.VR or (entry.vrs[0] if entry and entry.vrs else "UN"))
        rule = attribute.deidentification(tag)
        found: Json = {
            "tag": dictionary.shown(tag),
            "keyword": entry.keyword if entry else "",
            "name": entry.name if entry else _private_name(dataset, tag),
            "vr": vr,
            "value": None,
            "length": None,
            "note": "",
            "deidentification": around.action or _action(rule, members.type_of(entry.keyword if entry else "")),
            "iod": _belongs(tag, members, entry.keyword if entry else ""),
        }
        withheld = around.withheld or rule is not None or entry is None or vr in _FREE_TEXT
        if vr == "SQ":
            self._sequence(found, dataset, members, withheld=withheld)
        else:
            self._value(found, dataset, raw, withheld=withheld and not self._values)
        return found

    def _sequence(self, found: Json, dataset: Dataset, members: Members, *, withheld: bool) -> None:
        try:
            items = list(dataset[_number(found)].value or ())
        except _UNREADABLE:
            found["note"] = "not readable as a sequence"
            return
        inner = members.below(found["keyword"])
        action = found["deidentification"]
        # What happens to a sequence happens to its items; K and C are for each attribute in them to say.
        around = _Around(withheld=withheld, action=action if action and action["action"] in {"X", "Z", "D"} else None)
        found["items"] = [self.elements(item, inner, around) for item in items]
        found["note"] = f"{len(items)} item{'' if len(items) == 1 else 's'}"

    def _value(self, found: Json, dataset: Dataset, raw: DataElement | RawDataElement, *, withheld: bool) -> None:
        length = getattr(raw, "length", None)
        if length == _UNDEFINED:
            found["note"] = "compressed frames"
            return
        found["length"] = length
        if found["vr"] in _BYTES or (length or 0) > _LONG:
            found["note"] = f"{length:,} bytes" if length is not None else "bytes"
            return
        try:
            element = dataset[raw.tag]
            found["vr"] = str(element.VR)
            text = _text(element.value)
        except _UNREADABLE:
            found["note"] = f"not readable as {found['vr']}"
            return
        if found["vr"] in _BYTES:
            found["note"] = f"{length:,} bytes" if length is not None else "bytes"
        elif not withheld or not text:
            found["value"] = text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
        else:
            found["note"] = _withheld_note(found["vr"], text, element.VM)


def _number(found: Json) -> int:
    return int(found["tag"][1:5] + found["tag"][6:10], 16)


def _belongs(tag: str, members: Members, keyword: str) -> str:
    """Type and module of an element; private ones, lengths of groups and padding stand in any IOD."""
    anywhere = dictionary.is_private(tag) or tag == _PADDING or (dictionary.is_group_length(tag) and not keyword)
    return "" if anywhere else members.told(keyword)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple) or type(value).__name__ == "MultiValue":
        return _printable("\\".join(str(each) for each in value))  # type: ignore[attr-defined]
    return _printable(str(value))


def _printable(text: str) -> str:
    """One line without control characters: a file from elsewhere must not steer the terminal."""
    return "".join(each if each.isprintable() else "?" for each in " ".join(text.split()))


def _withheld_note(vr: str, text: str, number: int) -> str:
    kind = _KINDS.get(vr, "withheld") if number == 1 else f"{number} values"
    return f"{kind}, {len(text)} character{'' if len(text) == 1 else 's'}"


def _action(rule: Json | None, kind: str) -> Json | None:
    """The Basic Profile's action, as the attribute's type in the IOD decides it."""
    if rule is None:
        return None
    action = confidentiality.resolved(rule["action"], kind)
    return {"action": action, "words": confidentiality.ACTIONS[action]}


def _private_name(dataset: Dataset, tag: str) -> str:
    """The name that the known creator of a private element gives it; what else the file says there is withheld."""
    if not dictionary.is_private(tag):
        return "unknown"
    if dictionary.is_private_creator(tag):
        return "private creator"
    block = dataset.get_item((int(tag[:4], 16), int(tag[4:6], 16)))
    value = getattr(block, "value", None)
    creator = value.decode("latin-1") if isinstance(value, bytes) else str(value or "")
    known = dictionary.private_entries(tag, creator.strip(" \0"))
    return f"{known[0].name} ({known[0].creator})" if known else "private"
