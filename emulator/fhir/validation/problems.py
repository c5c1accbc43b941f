"""What is wrong with a resource: where, what, and which of a store's checks says so."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from emulator.fhir.outcomes import Issue, fault


class Aspect(Enum):
    """What kind of rule is broken. A store can switch most of them off (FhirStore.validationConfig)."""

    STRUCTURE = "JSON, names, types and codes: without these a resource can't be read"
    VALUE = "format and range of a value that could be read"
    REQUIRED = "an element that must be there"
    REFERENCE = "the type of resource that a reference points at"
    PROFILE = "a profile of an enabled implementation guide"
    INVARIANT = "a FHIRPath expression that must hold"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a resource."""

    details: str
    """What is wrong, in words that quote nothing of the resource: unknown field. For an invariant its expression."""
    diagnostics: str = ""
    """What was found. May be a patient's data: for answers, never for logs."""
    aspect: Aspect = Aspect.STRUCTURE
    path: str = ""
    """Where. A resource that could not be read has its own names (Patient.deceasedDateTime), one that could has those
    of Google's protocol buffers (Patient.deceased.dateTime)."""

    def within(self, spelled: str, named: str = "") -> "Problem":
        """This problem, seen from around it: of an element as it is spelled in JSON, and as it is named otherwise."""
        name = spelled if self.aspect is Aspect.STRUCTURE else named or spelled
        if self.aspect is Aspect.INVARIANT and name.startswith("["):
            return self
        joint = "." if self.path and not self.path.startswith("[") else ""
        return replace(self, path=f"{name}{joint}{self.path}")

    @property
    def issue(self) -> Issue:
        """The problem for the one who sent the resource, as Cloud Healthcare answers."""
        if self.aspect is Aspect.INVARIANT:
            return fault(self.discreet)
        joint = " " if self.details == "unknown field" else ": "  # as observed in answers of the service
        words = self.details + joint + self.diagnostics if self.diagnostics else self.details
        return fault(words, _printable(self.path), self.details)

    @property
    def discreet(self) -> str:
        """The problem for logs, and as Google's parser words it: with no value of the resource."""
        if self.aspect is Aspect.INVARIANT:
            return f'fhirpath-constraint-violation-{self.path}: "{self.details}"'
        return fault(self.details, _printable(self.path)).diagnostics


def _printable(path: str) -> str:
    """A path, which may hold a name or type that somebody sent, without control characters and quotes."""
    if path.isprintable() and '"' not in path:
        return path
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in path.replace('"', '\\"')
    )


def within(problems: Iterable[Problem], spelled: str, named: str = "") -> list[Problem]:
    """The problems of an element, seen from around it."""
    return [problem.within(spelled, named) for problem in problems]
