"""What a body must be before it is kept: a resource of the store's version, of the type and id that the path says."""

import re
from collections.abc import Sequence
from typing import Any

from emulator.fhir import outcomes
from emulator.fhir.outcomes import Refused
from emulator.fhir.validation.profiles import Profile, broken
from emulator.fhir.validation.validator import Checks, validate
from emulator.services.healthcare.fhir import errors
from emulator.services.healthcare.fhir.stored import Json, Store

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
"""FHIR: the data type id."""
MOST_ISSUES = 100
"""Of an answer. Google documents no such limit."""
_UNTYPED = outcomes.fault("unknown resource type", "resourceType")


def require_id(text: str) -> str:
    """An id as FHIR allows it; 400 for what is none."""
    if not ID.fullmatch(text):
        raise errors.bad_id(text)
    return text


def resource(store: Store, given: Json, resource_type: str = "", profile: Profile | None = None) -> Json:
    """A resource that the store takes, of this type if one is said; refused for any other.

    With a profile it is held to that one, and not to those that the store is set to.
    """
    found = _type_of(store, given)
    if resource_type and found != resource_type:
        raise errors.another_type(resource_type)
    _require_valid(store, given, store.profiles if profile is None else [profile])
    return given


def same_id(given: Json, identifier: str) -> Json:
    """A resource that has this id; 400 for another one or none."""
    if given.get("id") != identifier:
        raise errors.another_id(identifier, given.get("id"))
    return given


def require_own_id(given: Json) -> None:
    """Refuse a resource without an id, where the server gives none (imports)."""
    if "id" not in given:
        raise outcomes.unparseable('missing required field "id"', given["resourceType"])


def switched_on(store: Store) -> Checks:
    """Which rules count in a store."""
    config = store.settings.get("validationConfig") or {}
    return Checks(
        required=not config.get("disableRequiredFieldValidation"),
        references=not config.get("disableReferenceTypeValidation"),
        invariants=not config.get("disableFhirpathValidation"),
    )


def _type_of(store: Store, given: Json) -> str:
    found: Any = given.get("resourceType")
    if not isinstance(found, str) or found not in store.definitions.resources:
        raise Refused(400, [problem.issue for problem in validate(given, store.version)[:1]] or [_UNTYPED])
    return found


def _require_valid(store: Store, given: Json, profiles: Sequence[Profile]) -> None:
    """What the definitions of the version and profiles allow, as far as the store does not switch it off."""
    if problems := validate(given, store.version, switched_on(store)) or broken(given, profiles):
        raise Refused(400, [problem.issue for problem in problems[:MOST_ISSUES]])
    if given.get("id", "") is None:
        del given["id"]
