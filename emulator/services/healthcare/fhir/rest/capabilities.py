"""capabilities: the CapabilityStatement of a store, made of what its version has and how it is set.

In DSTU2 it is a Conformance, which knows neither PATCH nor batches nor conditional reads.
"""

from collections.abc import Sequence

from emulator.fhir.search.parameters import Parameters
from emulator.fhir.versions import BEFORE_R4
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import operations
from emulator.services.healthcare.fhir import checks
from emulator.services.healthcare.fhir.rest import answers, paths
from emulator.services.healthcare.fhir.rest.interactions import STORE, interaction
from emulator.services.healthcare.fhir.stored import Json, Store

_INTERACTIONS = ("create", "delete", "history-instance", "patch", "read", "search-type", "update", "vread")
_SYSTEM = ("batch", "search-system", "transaction")
_LATER = frozenset(("patch", "batch"))
"""Interactions that came after DSTU2."""
_OPERATIONS = (("everything", "Patient-everything"), ("validate", "Resource-validate"))
_OPERATIONS_OF_BETA = (
    ("everything", "Patient-everything"),
    ("everything", "Encounter-everything"),
    ("lastn", "Observation-lastn"),
    ("translate", "ConceptMap-translate"),
    ("validate", "Resource-validate"),
)
"""Names and definitions, in the form that a statement of Google's has (google/fhir-gateway, capability.json)."""


@interaction("fhir.capabilities", STORE)
async def capabilities(request: Request) -> Answer:
    """Say what the store can do, in the form of Google's page "Creating and managing FHIR stores"."""
    answers.require_json(request)
    store = paths.store_in(request)
    early = store.version == "DSTU2"
    day, store_id = store.resource.updated[:10], store.name.rpartition("/")[2]
    statement = {
        "date": day,
        "description": "FHIR capability statement for the FHIR store specified by the request.",
        "experimental": True,
        "fhirVersion": store.definitions.number,
        "format": ["json"],
        **({"id": store_id} if checks.ID.fullmatch(store_id) else {}),
        "implementation": {
            "description": "FHIR store of the Healthcare Cloud POC emulator",
            "url": paths.base(request, store.name),
        },
        "kind": "instance",
        "resourceType": "Conformance" if early else "CapabilityStatement",
        "rest": [_rest(store, operations.version_of(request))],
        "status": "draft",
        "url": store.name,
        "version": day.replace("-", ""),
    }
    if not early:
        statement["patchFormat"] = ["application/json-patch+json"]
    return answers.resource(statement if store.version not in BEFORE_R4 else {**statement, "acceptUnknown": "no"})


def _rest(store: Store, api: str) -> Json:
    return {
        "documentation": f"Main FHIR endpoint for FHIR store {store.name.rpartition('/')[2]}",
        "interaction": _interactions(store, _SYSTEM),
        "mode": "server",
        "operation": _operations(store, _OPERATIONS_OF_BETA if api == "v1beta1" else _OPERATIONS),
        "resource": _resources(store),
        "searchParam": _parameters(store.parameters, "Resource"),
    }


def _resources(store: Store) -> list[Json]:
    return [
        {
            "conditionalCreate": True,
            "conditionalDelete": "multiple",
            **({} if store.version == "DSTU2" else {"conditionalRead": "full-support"}),
            "conditionalUpdate": True,
            "interaction": _interactions(store, _INTERACTIONS),
            "readHistory": store.keeps_versions,
            **_included(store.parameters, name),
            "searchParam": _parameters(store.parameters, name),
            "type": name,
            "updateCreate": store.creates_on_update,
            "versioning": "versioned" if store.keeps_versions else "no-version",
        }
        for name in sorted(store.parameters.types)
    ]


def _operations(store: Store, known: Sequence[tuple[str, str]]) -> list[Json]:
    """Operations with what defines them: a canonical URL since R4, a reference before."""
    early = store.version in BEFORE_R4
    addresses = [(name, f"OperationDefinition/{definition}") for name, definition in known]
    return [{"definition": {"reference": address} if early else address, "name": name} for name, address in addresses]


def _included(known: Parameters, base: str) -> Json:
    """What _include takes: Patient.organization, with a dot, as Google writes it."""
    found = [f"{base}.{code}" for code, each in sorted(known.by_type[base].items()) if each.type == "reference"]
    return {"searchInclude": found} if found else {}


def _interactions(store: Store, codes: Sequence[str]) -> list[Json]:
    return [{"code": code} for code in codes if store.version != "DSTU2" or code not in _LATER]


def _parameters(known: Parameters, base: str) -> list[Json]:
    return [{"name": code, "type": each.type} for code, each in sorted(known.by_type[base].items())]
