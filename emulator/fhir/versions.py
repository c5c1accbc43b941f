"""The versions of FHIR that a store may have, by the name that a store's `version` gives them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Version:
    """A published version of FHIR."""

    name: str
    """As in a store's `version`: R4."""
    number: str
    """As HL7 publishes it and as CapabilityStatement.fhirVersion has it: 4.0.1."""
    strict: bool
    """Whether null, empty objects and names that begin with a capital are refused. Google documents this for R5."""


class UnsupportedVersionError(ValueError):
    """No such version is emulated. The message is one sentence for the person who asked for it."""


VERSIONS = {
    each.name: each
    for each in (
        Version("DSTU2", "1.0.2", strict=False),
        Version("STU3", "3.0.1", strict=False),
        Version("R4", "4.0.1", strict=False),
        Version("R5", "5.0.0", strict=True),
    )
}

BEFORE_R4 = frozenset(("DSTU2", "STU3"))
"""The versions, by name, in which some elements, codes and code systems of bundles and outcomes are not yet R4's."""


def version(name: str) -> Version:
    """The version of FHIR that a store names, such as "R4"; UnsupportedVersionError for any other name."""
    if found := VERSIONS.get(name):
        return found
    known = ", ".join(VERSIONS)
    raise UnsupportedVersionError(f"{name!r} is no version of FHIR; versions are {known}.")
