"""SMART scopes: what the app behind a proxy may read and write (Cloud Healthcare: SMART on FHIR).

The proxy has verified the app's token and passes its scopes and its patient on, in headers. They take away from what
IAM grants to the proxy and never add to it. Without the header of the scopes nothing is asked.
"""

import re
from dataclasses import dataclass
from typing import Literal

from emulator.gateway.request import Request
from emulator.services.healthcare.fhir import errors
from emulator.services.healthcare.fhir.consents import compartments
from emulator.services.healthcare.fhir.stored import Json, Store

SCOPE, PATIENT = "x-authorization-scope", "x-authorization-patient"
Action = Literal["read", "write"]
_CLINICAL = re.compile(r"(patient|user|system)/(\w+|\*)\.(read|write|\*)", re.ASCII)
"""SMART App Launch 1: clinical scopes. Others (openid, launch/patient, offline_access) are about the app's token."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What an app may do.

    patient   Patient/id, whose compartment the scopes of level `patient` are about; "" where the proxy names none
    scopes    level, type and action, of which the last two may be *
    """

    patient: str
    scopes: frozenset[tuple[str, str, str]]

    def require(self, action: Action, store: Store, resource_type: str, resource: Json | None = None) -> None:
        """Refuse with 403 what the app may not do with a resource; None is one that is not there.

        What is not there belongs to no patient: only scopes of the levels `user` and `system` permit to ask for it.
        """
        if not self.permits(action, store, resource_type, resource):
            raise errors.no_smart_scope(action, resource_type, self.patient if self._has(action, resource_type) else "")

    def require_type(self, action: Action, resource_type: str) -> None:
        """Refuse with 403 what no scope permits to any resource of a type."""
        if not self._has(action, resource_type):
            raise errors.no_smart_scope(action, resource_type)

    def require_all(self, action: Action, resource_type: str) -> None:
        """Refuse with 403 what may not be done to all resources of a type; * is all types."""
        if not self.permits_all(action, resource_type):
            raise errors.no_smart_scope(action, "all types" if resource_type == "*" else f"all of {resource_type}")

    def permits(self, action: Action, store: Store, resource_type: str, resource: Json | None = None) -> bool:
        """Whether the app may do something with a resource."""
        if self.permits_all(action, resource_type):
            return True
        if resource is None or not self.patient or not self._has(action, resource_type):
            return False
        return self.patient in compartments.patients(store, resource)

    def permits_all(self, action: Action, resource_type: str) -> bool:
        """Whether the app may do something with all resources of a type; * is all types."""
        return self._has(action, resource_type, ("user", "system"))

    def _has(self, action: Action, resource_type: str, levels: tuple[str, ...] = ("patient", "user", "system")) -> bool:
        return any(
            (level, name, what) in self.scopes
            for level in levels
            for name in (resource_type, "*")
            for what in (action, "*")
        )


def of(request: Request) -> Grant | None:
    """What the headers of a request permit; None where they say nothing of SMART."""
    header = request.headers.get(SCOPE, "").strip()
    if not header:
        return None
    matches = (_CLINICAL.fullmatch(each) for each in header.split())
    scopes = frozenset((match[1], match[2], match[3]) for match in matches if match)
    patient = request.headers.get(PATIENT, "").strip().removeprefix("Patient/")
    return Grant(f"Patient/{patient}" if patient else "", scopes)
