"""How the outputs of a stack are read from plain values, checked field by field."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from infra.output_parts import (
    ConsentStoreOutputs,
    DicomStoreOutputs,
    Endpoints,
    FhirStoreOutputs,
    Hl7v2StoreOutputs,
    OutputsError,
    ResearchOutputs,
    ScheduleOutputs,
)


def upper(sentence: str) -> str:
    """A sentence with a capital at its beginning."""
    return sentence[:1].upper() + sentence[1:]


def read(name: str, item: dataclasses.Field[Any], values: Mapping[str, Any], source: str) -> Any:
    """One field of the outputs from plain values, checked against the type it declares."""
    value = values.get(name)
    if name == "endpoints":
        return _endpoints(value or {}, source)
    if name in STORES:
        return _stores(name, value or {}, source)
    if value is None:
        if item.default is None:
            return None
        if item.default_factory is dict:
            return {}
        raise OutputsError(
            f"{upper(source)} lack the field {name!r}: run `pulumi up` on this stack to bring it up to date."
        )
    if name in _OBJECTS:
        return _OBJECTS[name](value, source)
    good, wanted = _KINDS.get(name, _TEXT)
    if good(value):
        return value
    shown = "" if isinstance(value, dict) else f", not {value!r}"
    raise OutputsError(f"The field {name!r} of {source} must be {wanted}{shown}.")


def _is_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _is_maps_of_texts(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_texts, value.values()))


def _endpoints(value: object, source: str) -> Endpoints:
    """The endpoints of `source`, each a text."""
    if not isinstance(value, dict) or not all(isinstance(url, str) and url for url in value.values()):
        raise OutputsError(f"The field 'endpoints' of {source} must be an object of texts that are not empty.")
    known = {item.name for item in dataclasses.fields(Endpoints)}
    for name in sorted(set(value) - known):
        raise OutputsError(
            f"The field 'endpoints' of {source} names a service {name!r} that this version does not know."
        )
    return Endpoints(**value)


def _research(value: object, source: str) -> ResearchOutputs:
    """The research side in `source`."""
    known = {item.name for item in dataclasses.fields(ResearchOutputs)}
    optional = {"crosswalk_bucket", "fhir_stores"}
    if isinstance(value, dict) and known - optional <= set(value) <= known:
        texts = [value[name] for name in known - optional] + list((value.get("fhir_stores") or {}).values())
        if all(isinstance(text, str) and text for text in texts):
            return ResearchOutputs(**value)
    raise OutputsError(
        f"The field 'research' of {source} must be an object of texts, {', '.join(sorted(known))}:"
        " run `pulumi up` with the same version of the project as the scripts."
    )


TEXTS_BY_NAME = ("labels", "kms_keys")
"""The fields of Outputs that are maps of texts."""

_TEXT: tuple[Callable[[object], bool], str] = (
    lambda value: isinstance(value, str) and value != "",
    "a text that is not empty",
)
_KINDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    **dict.fromkeys(TEXTS_BY_NAME, (_is_texts, "an object of strings")),
    **dict.fromkeys(("access", "people"), (_is_maps_of_texts, "an object of objects of strings")),
    "deletion_protection": (lambda value: isinstance(value, bool), "true or false"),
    "delivery_attempts": (
        lambda value: isinstance(value, int) and not isinstance(value, bool) and value > 0,
        "a whole number above 0",
    ),
}
"""Whether a plain value is one of a field that holds no text, and what it must be."""


def _schedule(value: object, source: str) -> ScheduleOutputs:
    """What runs by a schedule, in `source`."""
    known = {item.name for item in dataclasses.fields(ScheduleOutputs)}
    if isinstance(value, dict) and set(value) == known and all(isinstance(text, str) for text in value.values()):
        return ScheduleOutputs(**value)
    raise OutputsError(
        f"The field 'schedule' of {source} must be an object of texts, {', '.join(sorted(known))}:"
        " run `pulumi up` with the same version of the project as the scripts."
    )


_OBJECTS: Mapping[str, Callable[[object, str], Any]] = {"research": _research, "schedule": _schedule}
"""How the fields of Outputs are read that hold one object, where they hold any."""

STORES: Mapping[str, type[Any]] = {
    "dicom_stores": DicomStoreOutputs,
    "fhir_stores": FhirStoreOutputs,
    "hl7v2_stores": Hl7v2StoreOutputs,
    "consent_stores": ConsentStoreOutputs,
}
"""The fields of Outputs that hold stores by id, and what describes a store in each."""


def _stores(name: str, value: object, source: str) -> dict[str, Any]:
    """The stores of one kind in `source` by id."""
    contract = STORES[name]
    if isinstance(value, dict) and all(_describes(store, contract) for store in value.values()):
        return {store: contract(**fields) for store, fields in value.items()}
    wanted = ", ".join(sorted(item.name for item in dataclasses.fields(contract)))
    raise OutputsError(
        f"The field {name!r} of {source} must be an object of stores, each with {wanted}:"
        " run `pulumi up` with the same version of the project as the scripts."
    )


def _describes(value: object, contract: type[Any]) -> bool:
    """Whether a plain value has the fields of a store, each of its type."""
    if not isinstance(value, dict) or set(value) != {item.name for item in dataclasses.fields(contract)}:
        return False
    return all(
        isinstance(value[item.name], bool)
        if item.type == "bool"
        else isinstance(value[item.name], str) and value[item.name]
        for item in dataclasses.fields(contract)
    )
