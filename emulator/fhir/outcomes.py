"""OperationOutcome as Cloud Healthcare words it: what went wrong with a FHIR request, or that nothing did.

Observed answers have `code`, `details.text`, `diagnostics` and `severity` in each issue, keys sorted. Newer ones have
the place of a fault in `expression`, older ones in `diagnostics` (error at "Patient.name"): here it is in both.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from emulator.fhir.versions import BEFORE_R4

Json = dict[str, Any]

_SINCE_R4 = {"deleted": "not-found"}
"""Codes that issue-type has since R4, with those around them, which older versions have."""


@dataclass(frozen=True)
class Issue:
    """One issue of an OperationOutcome."""

    code: str
    """Of the value set issue-type: structure, not-found, conflict ..."""
    text: str
    """Google's name for the kind of error: unparseable_resource."""
    words: str
    """What is wrong, for the person. May quote the resource, so it belongs into the answer and never into a log."""
    severity: str = "error"
    place: str = ""
    """Where in the body, if it is somewhere: Bundle.entry[4].resource.Patient."""
    unquoted: str = ""
    """The words without what the body says, "" where nothing is left of them."""

    @property
    def diagnostics(self) -> str:
        """The sentence for the person, with the place."""
        return f'error at "{self.place}": {self.words}' if self.place else self.words

    @property
    def discreet(self) -> str:
        """What is wrong, and where, for logs: with nothing that the body says but names of types and elements."""
        words = replace(self, words=self.unquoted).diagnostics
        return f"{self.text}: {words}" if self.unquoted else self.text

    def within(self, around: str) -> "Issue":
        """The issue, seen from around what it is of: Bundle.entry[4].resource."""
        return replace(self, place=f"{around}.{self.place}" if self.place else around)

    def encoded(self, version: str) -> Json:
        """The issue as JSON of an OperationOutcome of that version of FHIR: R4. DSTU2 has no `expression`."""
        return {
            "code": _SINCE_R4.get(self.code, self.code) if version in BEFORE_R4 else self.code,
            "details": {"text": self.text},
            "diagnostics": self.diagnostics,
            **({"expression": [self.place]} if self.place and version != "DSTU2" else {}),
            "severity": self.severity,
        }


def outcome(issues: Iterable[Issue], version: str) -> Json:
    """An OperationOutcome of that version of FHIR, which tells of these issues."""
    return {"issue": [issue.encoded(version) for issue in issues], "resourceType": "OperationOutcome"}


MOST_TOLD = 3
"""Issues of a resource in one sentence of a log."""
SUCCESS = Issue("informational", "success", "success", severity="information")
"""What Resource-validate says of a resource that is right."""


class Refused(ValueError):
    """A request that FHIR's rules forbid: its HTTP status and its issues. The message quotes nothing of a resource."""

    def __init__(self, status: int, issues: Iterable[Issue]) -> None:
        self.status = status
        self.issues = tuple(issues)
        super().__init__(", ".join(sorted({issue.text for issue in self.issues})))

    @property
    def discreet(self) -> str:
        """The first issues, for logs: with nothing that the body says but names of types and elements."""
        told = list(dict.fromkeys(issue.discreet for issue in self.issues))
        more = f"; and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
        return "; ".join(told[:MOST_TOLD]) + more

    def within(self, around: str) -> "Refused":
        """The same refusal, seen from around what it is of: Bundle.entry[4].resource."""
        return Refused(self.status, [issue.within(around) for issue in self.issues])

    def outcome(self, version: str) -> Json:
        """The body of the answer of a store of that version of FHIR: R4."""
        return outcome(self.issues, version)


def unparseable(words: str, place: str = "", unquoted: str = "") -> Refused:
    """A body that is no JSON, or not what the definitions of its version allow."""
    return Refused(400, [fault(words, place, unquoted)])


def fault(words: str, place: str = "", unquoted: str = "") -> Issue:
    """What of a body is not what it must be; `unquoted` where the words quote something of it."""
    return Issue("structure", "unparseable_resource", words, place=place, unquoted=unquoted or words)


def too_large(sentence: str) -> Refused:
    """A body over the limit for its kind. Google documents the limits and the status, not the words."""
    return Refused(413, [Issue("too-long", "request_too_large", sentence)])
