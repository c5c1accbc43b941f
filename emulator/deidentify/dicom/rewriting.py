"""A dataset written anew, element by element, by a plan: what stays is not read, only passed over."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from emulator.deidentify.dicom import forms
from emulator.deidentify.dicom.deciding import Decision
from emulator.deidentify.dicom.encoding import padded
from emulator.deidentify.dicom.pieces import Pieces
from emulator.deidentify.dicom.plans import PASSING, Known, Plan
from emulator.deidentify.dicom.rules import Action
from emulator.deidentify.dicom.streams import without_remarks
from emulator.dicom import values
from emulator.dicom.errors import DicomError
from emulator.dicom.header import MAX_DEPTH
from emulator.dicom.heads import PIXEL_TAGS, SCOPED, UNDEFINED, VR_NAMES, Buffer, Heads, Scope, learn, truncated

_NEVER = 1 << 32
_LONGEST_SHORT = 0xFFFE
_MOST_SHOWN = 1 << 10


class Changes(Protocol):
    """What makes new values."""

    def value(self, action: Action, tag: int, vr: str, old: bytes, scope: Scope) -> bytes:
        """The value that takes the place of another, unpadded; `old` itself where nothing changes."""


Told = Callable[[int, str, bytes, Decision, bytes | None, Scope], None]
"""(tag, VR, value before, decision, value after or None if it is gone, scope): hears of every element, for reports."""


@dataclass(slots=True)
class Level:
    """One dataset on its way: its plan, what its elements share, where it is written."""

    plan: Plan
    scope: Scope
    out: Pieces


@dataclass(slots=True)
class Element:
    """What is known of an element, where its head begins, where its value does, and the value's length."""

    known: Known
    start: int
    at: int
    length: int

    @property
    def open_ended(self) -> bool:
        """Whether a delimiter ends it."""
        return self.length == UNDEFINED


class Rewriter(Heads):
    """The bytes of a file's dataset, and what writes them anew; DicomError where they are not sound."""

    def __init__(
        self, data: Buffer, endian: str, changes: Changes, told: Told | None = None, *, cleans_streams: bool = False
    ) -> None:
        """`cleans_streams` takes out of compressed pixels what is no picture."""
        super().__init__(data, endian)
        self._cleans_streams = cleans_streams
        self._short = struct.Struct(endian + "H")
        self._pack_long = struct.Struct(endian + "I").pack
        self._delimiter = struct.pack(endian + "HHI", 0xFFFE, 0xE00D, 0)
        self._changes = changes
        self._told = told

    def dataset(self, pos: int, end: int, level: Level, marks: list[tuple[int, bytes]]) -> int:
        """Write the elements from `pos` to `end` or an item's delimiter; give where that is.

        `marks` are new elements (tag, bytes), which take their places among the others.
        """
        plan, scope, out = level.plan, level.scope, level.out
        data, heads, short, long_at = self.data, plan.heads, self._short.unpack_from, self.long
        quick = not scope.implicit and self._told is None
        kept, due = pos, marks[0][0] if marks else _NEVER
        while end - pos >= 8:
            known = heads.get(data[pos : pos + 6]) if quick else None
            if known is None:
                element = self._read(pos, end, level)
                if element is None:
                    break
                known, at, length = element.known, element.at, element.length
            elif known.long:
                at, length = pos + 12, long_at(data, pos + 8)[0] if end - pos >= 12 else UNDEFINED
            else:
                at, length = pos + 8, short(data, pos + 6)[0]
            if known.tag >= due:
                out.keep(kept, pos)
                kept, due = pos, _mark(known.tag, out, marks)
            if known.decision is None and length <= end - at:
                pos = at + length
            elif known.gone and length <= end - at:
                out.keep(kept, pos)
                pos = kept = at + length
            elif known.form is not None and length <= end - at and known.form.fullmatch(data, at, at + length):
                pos = at + length
            else:
                out.keep(kept, pos)
                pos = kept = self._element(Element(known, pos, at, length), end, level)
        out.keep(kept, pos)
        _mark(_NEVER, out, marks)
        return pos

    def _read(self, pos: int, end: int, level: Level) -> Element | None:
        """Read a head that the plan does not know yet; None for an item's delimiter."""
        group, number = self.tag(self.data, pos)
        if group == 0xFFFE:
            if number == 0xE00D:
                return None
            raise DicomError(f"An item or delimiter tag (FFFE,{number:04X}) stands where an attribute should.")
        scope, tag = level.scope, group << 16 | number
        given, at, length = self.head(pos, end, scope.implicit)
        vr = self.found_vr(tag, given, at, length, scope, {}) if given is None or given == "UN" else given
        decision = level.plan.of(tag, vr)
        quick = vr != "SQ" and self._told is None
        gone = quick and decision.actions == (Action.DELETE,)
        form = forms.FORMS.get(vr) if quick and decision.actions == (Action.FORM,) else None
        known = Known(tag, vr, None if quick and decision.keeps else decision, at - pos == 12, gone, form)
        if tag in SCOPED or (group & 1 and number < 0x100):
            self._learn(tag, vr, self.data[at : at + length] if length <= end - at else b"", scope)
        elif not scope.implicit and given == vr and vr not in ("UN", "SQ") and tag not in PIXEL_TAGS:
            level.plan.remember(self.data[pos : pos + 6], known)
        return Element(known, pos, at, length)

    def _learn(self, tag: int, vr: str, raw: bytes, scope: Scope) -> None:
        if reader := values.TEXT_READERS.get(vr):
            learn(tag, {"Value": reader(raw, scope.charset)}, scope)
        elif vr in ("US", "SS") and len(raw) >= 2:
            learn(tag, {"Value": list(self._short.unpack_from(raw))}, scope)

    def _element(self, element: Element, end: int, level: Level) -> int:
        """Write an element as its decision says; give where the next one begins."""
        known, at = element.known, element.at
        if not element.open_ended and element.length > end - at:
            raise truncated(known.tag >> 16, known.tag & 0xFFFF)
        if known.vr == "SQ":
            return self._sequence(element, end, level)
        stop = self._end(element, end)
        decision = known.decision
        if decision is None or decision.keeps:
            self._keep(element, stop, level.out)
            self._tell(element, stop, level.scope, self.data[at:stop] if self._told else None)
        elif Action.DELETE in decision.actions:
            self._tell(element, stop, level.scope, None)
        else:
            self._change(element, stop, decision, level)
        return stop

    def _keep(self, element: Element, stop: int, out: Pieces) -> None:
        if self._cleans_streams and element.open_ended and element.known.tag in PIXEL_TAGS:
            out.keep(element.start, element.at)
            without_remarks(self.data, element.at, stop, out)
        else:
            out.keep(element.start, stop)

    def _end(self, element: Element, end: int) -> int:
        if element.open_ended:
            return self.fragments(element.at, end, element.known.tag >> 16, element.known.tag & 0xFFFF)
        return element.at + element.length

    def _change(self, element: Element, stop: int, decision: Decision, level: Level) -> None:
        """Write an element with a new value; fragments become an empty one."""
        known = element.known
        old = new = b"" if element.open_ended else self.data[element.at : stop]
        for action in decision.actions:
            if action is not Action.KEEP:
                new = self._changes.value(action, known.tag, known.vr, new, level.scope)
        self._tell(element, stop, level.scope, new)
        if new is old and not element.open_ended:
            level.out.keep(element.start, stop)
            return
        new = padded(known.vr, new)
        level.out.write(self._head(element, len(new), level.scope) + new)

    def _head(self, element: Element, length: int, scope: Scope) -> bytes:
        """The head of an element with another length."""
        data, start = self.data, element.start
        if element.at - start == 12:
            return data[start : start + 8] + self._pack_long(length)
        if scope.implicit or data[start + 4 : start + 6] not in VR_NAMES:
            return data[start : start + 4] + self._pack_long(length)
        if length > _LONGEST_SHORT:
            raise DicomError("A cleaned text has become longer than its attribute can be.")
        return data[start : start + 6] + self._short.pack(length)

    def _tell(self, element: Element, stop: int, scope: Scope, new: bytes | None) -> None:
        known = element.known
        if self._told is not None and known.decision is not None:
            old = self.data[element.at : min(stop, element.at + _MOST_SHOWN)]
            self._told(known.tag, known.vr, old, known.decision, new and new[:_MOST_SHOWN], scope)

    def _sequence(self, element: Element, end: int, level: Level) -> int:
        """Write a sequence as its decision says; give where the next element begins."""
        known, scope = element.known, level.scope
        decision = known.decision or level.plan.of(known.tag, "SQ")
        stop = end if element.open_ended else element.at + element.length
        gone = Action.DELETE in decision.actions
        self._tell(element, element.at, scope, None if gone else b"")
        if gone or decision.keeps or Action.EMPTY in decision.actions:
            reached = self._items(element, stop, PASSING, scope, Pieces()) if element.open_ended else stop
            if decision.keeps:
                level.out.keep(element.start, reached)
            elif not gone:
                level.out.write(self._head(element, 0, scope))
            return reached
        child = Pieces()
        reached = self._items(element, stop, level.plan.below(known.tag, decision), scope, child)
        if child.is_range(element.at, reached):
            level.out.keep(element.start, reached)
        else:
            level.out.write(self._head(element, UNDEFINED if element.open_ended else child.size, scope))
            level.out.extend(child)
        return reached

    def _items(self, element: Element, stop: int, plan: Plan, scope: Scope, out: Pieces) -> int:
        """Write the items of a sequence; give where it ended, behind its delimiter."""
        if scope.depth >= MAX_DEPTH:
            raise DicomError(f"Sequences are nested more than {MAX_DEPTH} deep.")
        tag, pos, number = element.known.tag, element.at, 0
        # PS3.5 6.2.2: what is inside UN is implicit.
        implicit = scope.implicit or self.data[element.start + 4 : element.start + 6] == b"UN"
        while stop - pos >= 8:
            group, kind = self.tag(self.data, pos)
            if group != 0xFFFE or kind not in (0xE000, 0xE0DD):
                raise DicomError(f"Sequence ({tag >> 16:04X},{tag & 0xFFFF:04X}) holds something that is not an item.")
            if kind == 0xE0DD:
                out.keep(pos, pos + 8)
                return pos + 8
            path = f"{scope.path}{tag:08X}/{number}/" if self._told else ""
            inner = Scope(implicit, scope.charset, scope.signed, path, scope.depth + 1)
            pos = self._item(pos, stop, Level(plan, inner, out), tag)
            number += 1
        if element.open_ended:
            raise truncated(tag >> 16, tag & 0xFFFF)
        return stop

    def _item(self, pos: int, stop: int, level: Level, tag: int) -> int:
        """Write the item at `pos`; give where it ended."""
        (size,) = self.long(self.data, pos + 4)
        if size != UNDEFINED and size > stop - pos - 8:
            raise truncated(tag >> 16, tag & 0xFFFF)
        limit, child = stop if size == UNDEFINED else pos + 8 + size, Pieces()
        reached = self.dataset(pos + 8, limit, Level(level.plan, level.scope, child), [])
        if size == UNDEFINED:
            level.out.keep(pos, pos + 8)
            level.out.extend(child)
            closed = limit - reached >= 8
            level.out.keep(reached, reached + 8) if closed else level.out.write(self._delimiter)
            return reached + 8 if closed else limit
        if child.is_range(pos + 8, limit):
            level.out.keep(pos, limit)
        else:
            level.out.write(self.data[pos : pos + 4] + self._pack_long(child.size))
            level.out.extend(child)
        return limit


def _mark(tag: int, out: Pieces, marks: list[tuple[int, bytes]]) -> int:
    """Write the marks that come before a tag; give the tag of the next one."""
    while marks and marks[0][0] <= tag:
        out.write(marks.pop(0)[1])
    return marks[0][0] if marks else _NEVER
