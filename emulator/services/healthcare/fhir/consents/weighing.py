"""Weighing the consents that bear on a resource (Cloud Healthcare: joint access control).

A deny wins. Else an admin policy may permit; else every patient that the resource belongs to must be spoken for: by a
consent of the patient's own, or by a cascading policy on the patient or on an encounter of the patient's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from emulator.services.healthcare.fhir.consents.rules import Rule
from emulator.services.healthcare.fhir.consents.scopes import Scope
from emulator.services.healthcare.fhir.consents.tables import Enforced


class Verdict(Enum):
    """What consents say of a request, as the audit log has it."""

    PERMIT = "PERMIT"
    DENY = "DENY"
    NO_CONSENT = "NO_CONSENT"
    """Nothing permits and nothing denies, which is to be refused, too."""


@dataclass(frozen=True, slots=True)
class Bearing:
    """A consent that bears on a resource.

    patient  Patient/id that it speaks for; "" of an admin policy, which speaks for all
    origin   of a cascading policy: Type/id of the patient or encounter whose compartment it is on; else ""
    """

    consent: Enforced
    rule: Rule
    patient: str = ""
    origin: str = ""


def weigh(bearings: Iterable[Bearing], patients: Sequence[str], scope: Scope) -> tuple[Verdict, list[Bearing]]:
    """The verdict for a scope on a resource of these patients, and the bearings that lead to it."""
    found = [each for each in bearings if each.rule.concerns(scope)]
    if denying := [each for each in found if each.rule.denies]:
        return Verdict.DENY, denying
    spoken = {each.patient for each in found}
    plain_policy = any(not each.patient and not each.origin for each in found)
    if plain_policy or (found and spoken.issuperset(patients)):
        return Verdict.PERMIT, found
    return Verdict.NO_CONSENT, []
