"""The configuration of FHIR stores: the key `fhirStores`, a map of store names to what each store is set to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.store_options import StoreKey, StoreOptions, Wrong, given, one_of, texts

VERSIONS = ("DSTU2", "STU3", "R4", "R5")
"""Versions of FHIR that a store can have."""
REFERENCE_PARSING = ("ENABLED", "DISABLED")


@dataclass(frozen=True)
class FhirStoreSettings:
    """One FHIR store: Google's own settings under their own names, then what the program adds."""

    name: str
    version: str
    enable_update_create: bool = False
    disable_referential_integrity: bool = False
    disable_resource_versioning: bool = False
    enable_history_modifications: bool = False
    default_search_handling_strict: bool = False
    complex_data_type_reference_parsing: str | None = None
    disable_profile_validation: bool = False
    disable_required_field_validation: bool = False
    disable_reference_type_validation: bool = False
    disable_fhirpath_validation: bool = False
    enabled_implementation_guides: tuple[str, ...] = ()
    notify: bool = True
    """Whether the FHIR topic is told of each change."""
    send_full_resource: bool = False
    send_previous_resource_on_delete: bool = False
    stream_to_bigquery: bool = False
    stream_resource_types: tuple[str, ...] = ()
    """Types that are streamed; empty for all."""
    loader_imports: bool = False
    """Whether the loader may import and export in bulk, for which Google knows the store's administrator only."""


def _types(value: object) -> tuple[str, ...]:
    types = texts(value)
    if not all(re.fullmatch(r"[A-Z][A-Za-z]+", item) for item in types):
        raise Wrong("must be a list of resource types, such as Patient")
    return types


STORE_KEYS = (
    StoreKey("version", "version", "Version of FHIR. Required, and never changed.", one_of(*VERSIONS)),
    StoreKey(
        "enableUpdateCreate", "enable_update_create", "Whether a PUT may create a resource with an id of its own."
    ),
    StoreKey(
        "disableReferentialIntegrity",
        "disable_referential_integrity",
        "Whether a reference may point at nothing. Changing it replaces the store.",
    ),
    StoreKey(
        "disableResourceVersioning",
        "disable_resource_versioning",
        "Whether no history is kept. Changing it replaces the store.",
    ),
    StoreKey(
        "enableHistoryModifications",
        "enable_history_modifications",
        "Whether versions of the past may be imported and deleted.",
    ),
    StoreKey(
        "defaultSearchHandlingStrict",
        "default_search_handling_strict",
        "Whether a search with an unknown parameter fails; else the parameter is ignored.",
    ),
    StoreKey(
        "complexDataTypeReferenceParsing",
        "complex_data_type_reference_parsing",
        "Whether references inside complex types, such as extensions, count as references.",
        one_of(*REFERENCE_PARSING),
    ),
    StoreKey("disableProfileValidation", "disable_profile_validation", "Whether profiles are not checked."),
    StoreKey(
        "disableRequiredFieldValidation",
        "disable_required_field_validation",
        "Whether elements that FHIR requires may be missing.",
    ),
    StoreKey(
        "disableReferenceTypeValidation",
        "disable_reference_type_validation",
        "Whether a reference may point at a type that FHIR does not allow there.",
    ),
    StoreKey("disableFhirpathValidation", "disable_fhirpath_validation", "Whether FHIR's invariants are not checked."),
    StoreKey(
        "enabledImplementationGuides",
        "enabled_implementation_guides",
        "URLs of the implementation guides in the store whose profiles are checked.",
        texts,
    ),
    StoreKey("notify", "notify", "Whether each change is told to the topic `imaging-E-fhir`, by name."),
    StoreKey(
        "sendFullResource",
        "send_full_resource",
        "Whether the message holds the whole resource: a patient's data, for whoever may read the topic.",
    ),
    StoreKey(
        "sendPreviousResourceOnDelete",
        "send_previous_resource_on_delete",
        "Whether the message of a deletion holds what was deleted.",
    ),
    StoreKey(
        "streamToBigQuery",
        "stream_to_bigquery",
        "Whether each change is written to the store's BigQuery dataset, a table a type.",
    ),
    StoreKey("streamResourceTypes", "stream_resource_types", "Types that are streamed; empty for all.", _types),
    StoreKey(
        "loaderImports",
        "loader_imports",
        "Whether the loader may import and export in bulk. Google has one role for that, which may also delete the"
        " store and change its access (`roles/healthcare.fhirStoreAdmin`, on this store only).",
    ),
)
"""Everything that a store can be set to."""


def _contradictions(settings: Mapping[str, Any]) -> Iterator[str]:
    """Settings that are missing or exclude each other (discovery: FhirStore)."""
    if "version" not in settings:
        yield "version must be set: DSTU2, STU3, R4 or R5. It can't be changed later."
    if settings.get("version") == "R5" and settings.get("complexDataTypeReferenceParsing") == "DISABLED":
        yield "complexDataTypeReferenceParsing can't be DISABLED in a store of R5."
    silent = settings.get("notify") in (False, "false")
    for key in ("sendFullResource", "sendPreviousResourceOnDelete"):
        if silent and given(settings, key):
            yield f"{key} has no effect where notify is false: leave one of them out."
    if settings.get("streamResourceTypes") and not given(settings, "streamToBigQuery"):
        yield "streamResourceTypes has no effect without streamToBigQuery: set that to true."


FHIR_STORES = StoreOptions("a FHIR store", "version: R4", FhirStoreSettings, STORE_KEYS, _contradictions)
"""The key `fhirStores`."""
