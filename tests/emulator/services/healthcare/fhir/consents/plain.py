"""Consents evaluated as Google's page words it, slowly, and from Consent resources as they are.

"FHIR access data model and control system": joint access control.
"""

from collections.abc import Iterator
from typing import Any

from tests.emulator.services.healthcare.fhir.consents.made import GOOGLE, TERMS

Json = dict[str, Any]
ORDER = "ULMNRV"


def permitted(resource: Json, scope: str, consents: list[Json], resources: dict[str, Json]) -> bool:
    """Whether a resource may be read; `resources` has all by Type/id."""
    patients = patients_of(resource)
    bases = [resources[each] for each in (*patients, *encounters_of(resource))]
    said = [each for each in consents if each["status"] == "active" and is_asked(each["provision"], scope)]
    own = [each for each in said if each["patient"] and each["patient"]["reference"] in patients]
    policies = [each for each in said if not each["patient"] and not is_cascading(each)]
    matching = [each for each in (*own, *policies) if covers(each["provision"], resource)]
    cascades = [
        (each, base) for each in said if is_cascading(each) for base in bases if covers(each["provision"], base)
    ]
    if any(each["provision"]["type"] == "deny" for each in (*matching, *(each for each, _ in cascades))):
        return False
    if any(each in policies for each in matching):
        return True
    spoken = {each["patient"]["reference"] for each in matching}
    spoken |= {patient for _, base in cascades for patient in patients_of(base)}
    return all(each in spoken for each in patients) and bool(patients or cascades)


def is_cascading(consent: Json) -> bool:
    return any(each["url"].endswith("CascadingPolicy") for each in consent.get("extension", []))


def patients_of(resource: Json) -> list[str]:
    match resource["resourceType"]:
        case "Patient":
            return [f"Patient/{resource['id']}"]
        case "Appointment":
            named = [each["actor"]["reference"] for each in resource["participant"]]
            return [each for each in named if each.startswith("Patient/")]
    return [resource["subject"]["reference"]] if "subject" in resource else []


def encounters_of(resource: Json) -> list[str]:
    if resource["resourceType"] == "Encounter":
        return [f"Encounter/{resource['id']}"]
    return [resource["encounter"]["reference"]] if "encounter" in resource else []


def is_asked(provision: Json, scope: str) -> bool:
    entries = scope.split()
    actors = [f"actor/{each['reference']['reference']}" for each in provision["actor"]]
    purposes = [f"purp/v3/{each['code']}" for each in provision.get("purpose", [])]
    places = [each["valueCodeableConcept"]["coding"][0] for each in extensions(provision, "Environment")]
    environments = [f"env/{each['system']}/{each['code']}" for each in places]
    return (
        any(each in entries for each in actors)
        and all(each in entries for each in purposes)
        and all(each in entries for each in environments)
    )


def covers(provision: Json, resource: Json) -> bool:
    meta = resource.get("meta", {})
    types = [each["code"] for each in provision.get("class", [])]
    ids = [each["reference"]["reference"] for each in provision.get("data", [])]
    sources = [each["valueUri"] for each in extensions(provision, "DataSource")]
    tags = [(each["system"], each["code"]) for each in meta.get("tag", [])]
    wanted = list(extensions(provision, "DataTag"))
    labels = provision.get("securityLabel", [])
    return (
        (not types or resource["resourceType"] in types)
        and (not ids or f"{resource['resourceType']}/{resource['id']}" in ids)
        and (not sources or meta.get("source") in sources)
        and (not wanted or any(all(each in tags for each in tags_in(one)) for one in wanted))
        and (not labels or any(holds(label, has, provision) for label in labels for has in meta.get("security", [])))
    )


def tags_in(extension: Json) -> list[tuple[str, str]]:
    each = [one["valueCoding"] for one in extension.get("extension", [extension])]
    return [(one["system"], one["code"]) for one in each]


def holds(label: Json, has: Json, provision: Json) -> bool:
    if label["system"] != has["system"]:
        return False
    if label["system"] != f"{TERMS}/v3-Confidentiality":
        return bool(label["code"] == has["code"])
    rank, other = ORDER.index(label["code"]), ORDER.index(has["code"])
    return other >= rank if provision["type"] == "deny" else other <= rank


def extensions(provision: Json, name: str) -> Iterator[Json]:
    return (each for each in provision.get("extension", []) if each["url"] == f"{GOOGLE}/{name}")
