"""The configuration of FHIR stores: the key `fhirStores`, a map of store names to what each store is set to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

VERSIONS = ("STU3", "R4", "R5")
"""Versions of FHIR that a store can have; DSTU2, which Google has too, isn't offered: the emulator has none."""
REFERENCE_PARSING = ("ENABLED", "DISABLED")
_STORE_NAME = r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?"
"""Names that a BigQuery dataset and a topic can be called after, too."""


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


class _Wrong(ValueError):
    """A value that can't be; the message says what it must be."""


def _flag(value: object) -> bool:
    if value in ("true", "false"):
        return value == "true"
    if not isinstance(value, bool):
        raise _Wrong("must be true or false")
    return value


def _one_of(*choices: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in choices:
            raise _Wrong(f"must be {', '.join(choices[:-1])} or {choices[-1]}")
        return str(value)

    return read


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise _Wrong("must be a list of texts")
    return tuple(value)


def _types(value: object) -> tuple[str, ...]:
    types = _texts(value)
    if not all(re.fullmatch(r"[A-Z][A-Za-z]+", item) for item in types):
        raise _Wrong("must be a list of resource types, such as Patient")
    return types


@dataclass(frozen=True)
class StoreKey:
    """One setting of a store, as the configuration spells it, and the field of FhirStoreSettings that it fills."""

    name: str
    field: str
    meaning: str
    read: Callable[[object], Any] = _flag

    @property
    def default(self) -> Any:
        """What a store has that does not set it; None for a setting that must be there."""
        return getattr(FhirStoreSettings, self.field, None)


STORE_KEYS = (
    StoreKey("version", "version", "Version of FHIR. Required, and never changed.", _one_of(*VERSIONS)),
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
        _one_of(*REFERENCE_PARSING),
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
        _texts,
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
_READERS = {key.name: key for key in STORE_KEYS}


def read_stores(value: Mapping[str, Any], key: str, problems: list[str]) -> tuple[FhirStoreSettings, ...]:
    """The stores that `value` describes, by name; each thing that is wrong is a sentence in `problems`.

    `key` is what the configuration calls `value`, for the sentences.
    """
    stores = []
    for name, settings in sorted(value.items()):
        found = list(_problems(name, settings))
        problems += [f"{key}.{problem}" for problem in found]
        if not found:
            stores.append(_store(name, settings))
    return tuple(stores)


def _store(name: str, settings: Mapping[str, Any]) -> FhirStoreSettings:
    return FhirStoreSettings(
        name, **{_READERS[key].field: _READERS[key].read(value) for key, value in settings.items()}
    )


def _problems(name: str, settings: object) -> Iterator[str]:
    """What is wrong with a store's settings, each after the store's name."""
    if not re.fullmatch(_STORE_NAME, name):
        yield f"{name} can't be a store's name: it must be at most 20 of a-z, 0-9 and -, first a letter, last no -."
    if not isinstance(settings, dict):
        yield f"{name} must be a map of settings, such as version: R4."
        return
    for key, value in settings.items():
        if key not in _READERS:
            yield f"{name}.{key} is not a setting of a FHIR store: docs/how-to/configure.md lists them."
            continue
        try:
            _READERS[key].read(value)
        except _Wrong as wrong:
            yield f"{name}.{key} {wrong}, not {value!r}."
    if "version" not in settings:
        yield f"{name}.version must be set: STU3, R4 or R5. It can't be changed later."
    yield from (f"{name}.{problem}" for problem in _contradictions(settings))


def _contradictions(settings: Mapping[str, Any]) -> Iterator[str]:
    """Settings that exclude each other (discovery: FhirStore)."""
    if settings.get("version") == "R5" and settings.get("complexDataTypeReferenceParsing") == "DISABLED":
        yield "complexDataTypeReferenceParsing can't be DISABLED in a store of R5."
    silent = settings.get("notify") in (False, "false")
    for key in ("sendFullResource", "sendPreviousResourceOnDelete"):
        if silent and settings.get(key) in (True, "true"):
            yield f"{key} has no effect where notify is false: leave one of them out."
    if settings.get("streamResourceTypes") and settings.get("streamToBigQuery") not in (True, "true"):
        yield "streamResourceTypes has no effect without streamToBigQuery: set that to true."
