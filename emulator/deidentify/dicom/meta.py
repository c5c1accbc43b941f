"""File meta information (PS3.10 7.1), written anew: what stays of it, with its length, and an empty preamble."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from emulator.deidentify.dicom.encoding import META, element
from emulator.deidentify.dicom.plans import Plan
from emulator.deidentify.dicom.rewriting import Changes, Told
from emulator.deidentify.dicom.rules import Action
from emulator.dicom.errors import DicomError
from emulator.dicom.heads import Buffer, Heads, Scope, truncated

_START = 132
_TRANSFER_SYNTAX = 0x00020010
_SOP_CLASS = 0x00020002


@dataclass(frozen=True, slots=True)
class Meta:
    """What was read of group 0002: the new bytes from the preamble on, where the dataset starts, how it is encoded."""

    written: bytes
    dataset_offset: int
    transfer_syntax: str
    sop_class: str


def rewritten(data: Buffer, plan: Plan, changes: Changes, told: Told | None = None) -> Meta:
    """Write the meta information of a Part 10 file anew; DicomError where it is not sound or has no transfer syntax."""
    scope, written, uids, end = Scope(), b"", dict[int, str](), _START
    for tag, vr, at, end in _elements(Heads(data, "<")):
        old = data[at:end]
        if vr == "UI":
            uids[tag] = old.decode("latin-1").strip("\0 ")
        decision = plan.of(tag, vr)
        new: bytes | None = old
        for action in decision.actions:
            if action is not Action.KEEP:
                new = None if action is Action.DELETE else changes.value(action, tag, vr, new or b"", scope)
        if told is not None:
            told(tag, vr, old, decision, new, scope)
        written += b"" if new is None else element(tag, vr, new, META)
    if not uids.get(_TRANSFER_SYNTAX):
        raise DicomError("The file meta information lacks TransferSyntaxUID (0002,0010).")
    head = bytes(128) + b"DICM" + element(0x00020000, "UL", struct.pack("<I", len(written)), META)
    return Meta(head + written, end, uids[_TRANSFER_SYNTAX], uids.get(_SOP_CLASS, ""))


def _elements(heads: Heads) -> Iterator[tuple[int, str, int, int]]:
    """Tag, VR, begin and end of the value of each element but the group's length."""
    pos, size = _START, len(heads.data)
    while size - pos >= 8 and heads.tag(heads.data, pos)[0] == 2:
        group, number = heads.tag(heads.data, pos)
        vr, at, length = heads.head(pos, size, implicit=False)
        if length > size - at:
            raise truncated(group, number)
        pos = at + length
        if number and vr is not None:
            yield group << 16 | number, vr, at, pos
