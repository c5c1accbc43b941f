"""Where Google takes what a version's definitions forbid.

Documented: before R5, null, an empty code and names that begin with a capital are accepted; R5 refuses null and {}
where required fields are looked at (FHIR conformance statement). What else is empty HL7's definitions decide in R5. The
rest is what Google's open parser does, which knows STU3 and R4 (docs/fhir-validation.md).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Leniency:
    """What is accepted in a version beyond its definitions."""

    nulls: bool
    """null for a value, where the type of the value can be empty, and for an object or array."""
    capitals: bool
    """Names that begin with a capital (Gender) and codes of other case, or with _ for - (ENTERED_IN_ERROR)."""
    empties: bool
    """Objects, arrays and texts that are empty, blanks in URIs, and extensions in the place of a primitive's value."""
    any_contained: bool
    """Contained resources whose values, required elements and references are wrong, as long as they can be read."""
    outer_invariants: bool
    """Broken invariants of whole resources and data types, but not of types within types."""


_BY_NUMBER = {
    "1.0.2": Leniency(nulls=True, capitals=True, empties=True, any_contained=False, outer_invariants=True),
    "3.0.1": Leniency(nulls=True, capitals=True, empties=True, any_contained=False, outer_invariants=True),
    "4.0.1": Leniency(nulls=True, capitals=True, empties=True, any_contained=True, outer_invariants=False),
}
_STRICT = Leniency(nulls=False, capitals=False, empties=False, any_contained=False, outer_invariants=False)


def of(number: str) -> Leniency:
    """The leniency for a version, by its number (4.0.1); R5 and later have none."""
    return _BY_NUMBER.get(number, _STRICT)
