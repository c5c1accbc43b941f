"""Decisions that were taken once, by the head of an element: so most attributes of most files are only looked up."""

import functools
import re
from dataclasses import dataclass, field

from emulator.deidentify.dicom.deciding import Decision, Place, decide
from emulator.deidentify.dicom.rules import Action, DicomRules

MOST_HEADS = 1 << 14
"""As many heads are remembered for a place: files with more different ones are somebody's joke."""


@dataclass(slots=True)
class Known:
    """What the bytes of a head say: tag, VR, the decision (None to keep), and whether the length has 32 bits.

    `gone` says that the decision is to leave it out, with no more ado; `form` what a value has to match to be kept so.
    """

    tag: int
    vr: str
    decision: Decision | None
    long: bool
    gone: bool = False
    form: re.Pattern[bytes] | None = None


@dataclass
class Plan:
    """The decisions for one place in files of an endianness: `heads` by bytes of tag and VR, `of` by both as read."""

    rules: DicomRules
    place: Place
    endian: str = "<"
    heads: dict[bytes, Known] = field(default_factory=dict)
    _decisions: dict[tuple[int, str], Decision] = field(default_factory=dict)

    def of(self, tag: int, vr: str) -> Decision:
        """What becomes of an attribute."""
        found = self._decisions.get((tag, vr))
        if found is None:
            if len(self._decisions) >= MOST_HEADS:
                self._decisions.clear()
            found = self._decisions[tag, vr] = decide(self.rules, self.place, tag, vr)
        return found

    def remember(self, head: bytes, known: Known) -> None:
        """Look a head up from now on."""
        if len(self.heads) >= MOST_HEADS:
            self.heads.clear()
        self.heads[head] = known

    def below(self, tag: int, decision: Decision) -> "Plan":
        """The plan for the items of a sequence."""
        dummies = self.place.dummies or Action.DUMMY in decision.actions
        return plan(self.rules, Place(self.place.iod, tag, dummies), self.endian)


@functools.lru_cache(maxsize=1024)
def plan(rules: DicomRules, place: Place, endian: str = "<") -> Plan:
    """The (shared) plan for a place in files of an endianness."""
    return Plan(rules, place, endian)


class _Passing(Plan):
    """The plan that leaves everything as it is: for what is passed over, whatever becomes of it as a whole."""

    def of(self, tag: int, vr: str) -> Decision:  # noqa: ARG002 (whatever it is)
        return Decision((Action.KEEP,), "passed over")


PASSING = _Passing(DicomRules(), Place(""))
