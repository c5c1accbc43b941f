"""What a FHIR configuration says, in one form for v1 and v1beta1: which fields, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

import orjson

from emulator.deidentify.fhir import paths
from emulator.deidentify.keys import Secret

_DATA = Path(__file__).parents[1] / "data"
_TEXTS = frozenset(("Code", "HumanName", "Id", "LanguageCode", "Markdown", "Oid", "String", "Uri", "Uuid", "Xhtml"))


class Action(Enum):
    """What becomes of a field. What can't be done to a field's type removes the field."""

    KEEP = "stays as it is"
    CHECK = "stays, unless the patient's record says it"
    REMOVE = "is removed"
    CLEAN = "is inspected, and what identifies a person in it is transformed"
    TRANSFORM = "is transformed as a whole, by the transformation that the text rules have for its kind"
    MASK = "every character becomes a masking character"
    HASH = "becomes a hash of itself"
    SHIFT = "is moved by as many days as all dates of the patient"


SUPPORTED = {
    Action.CLEAN: _TEXTS | {"Date", "DateTime", "Decimal"},
    Action.MASK: _TEXTS | {"Decimal"},
    Action.HASH: _TEXTS | {"Decimal"},
    Action.SHIFT: frozenset(("Date", "DateTime")),
}
"""The types that a field action of v1beta1 is for (discovery: CleanTextField, CharacterMaskField and so on)."""
LISTED_TYPES = SUPPORTED[Action.CLEAN] | frozenset(
    ("AdministrativeGenderCode", "Base64Binary", "Boolean", "Instant", "Integer", "PositiveInt", "UnsignedInt")
)
"""The types that a path may end with (discovery: FieldMetadata.paths)."""


@dataclass(frozen=True)
class FieldRule:
    """Paths of fields, each as its components, and what becomes of what they match."""

    paths: tuple[tuple[str, ...], ...]
    action: Action

    @classmethod
    def of(cls, action: Action, texts: Iterable[str]) -> FieldRule:
        """A rule from paths as they are written: Patient.name. ValueError for what is no path."""
        return cls(tuple(paths.parsed(text) for text in texts), action)


@dataclass(frozen=True)
class FhirRules:
    """What becomes of each field of a resource. The first rule that matches a field, or what it lies in, holds.

    fields            what no rule matches stays as it is
    keep_extensions   whether extensions that no rule matches stay, with what the rules make of their content
    regenerate_uids   True where the UIDs of DICOM studies, series and instances become those that Secret.uid gives,
                      False where they stay, None where fields say so as for all else
    cap_ages          whether ages over 89 become 90, and birth dates that tell of such an age are removed
    contextual        whether values that the profile BASIC takes out of a resource become [CTX] in its texts
    mask              the masking character
    hash_secret       the key of hashes; None for the run's
    date_secret       the key of date shifts; None for the run's
    """

    fields: tuple[FieldRule, ...] = ()
    keep_extensions: bool = False
    regenerate_uids: bool | None = None
    cap_ages: bool = False
    contextual: bool = False
    mask: str = "*"
    hash_secret: Secret | None = None
    date_secret: Secret | None = None


@cache
def basic() -> tuple[FieldRule, ...]:
    """The profile BASIC: HIPAA's identifiers are transformed and texts are cleaned (data/fhir_basic.json)."""
    table = orjson.loads((_DATA / "fhir_basic.json").read_bytes())
    return tuple(FieldRule.of(Action[row["action"]], row["paths"]) for row in table["fields"])


@cache
def clean_all() -> tuple[FieldRule, ...]:
    """The profile CLEAN_ALL: every field of the types that can be cleaned is."""
    return (FieldRule.of(Action.CLEAN, sorted(SUPPORTED[Action.CLEAN])),)
