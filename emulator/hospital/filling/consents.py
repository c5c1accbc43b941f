"""What the patients agreed to, in a consent store: definitions, artifacts, consents, and whose each study is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from emulator.hospital.fhir.concepts import of_patient
from emulator.hospital.filling.api import Api
from emulator.hospital.filling.places import Places
from emulator.hospital.filling.target import Target
from emulator.hospital.story import Story
from emulator.serving.server import StartError

Json = dict[str, Any]
_DEFINITIONS: dict[str, Json] = {
    "purpose": {
        "category": "REQUEST",
        "allowedValues": ["care", "research", "teaching"],
        "description": "What the data is wanted for",
    },
    "identity": {
        "category": "RESOURCE",
        "allowedValues": ["identifiable", "de-identified"],
        "dataMappingDefaultValue": "identifiable",
        "description": "Whether the data tells who the patient is",
    },
}
_IDENTIFIABLE = [{"attributeDefinitionId": "identity", "values": ["identifiable"]}]
_TITLE = "Made-up agreement of a made-up patient"


def store(target: Target, told: Iterable[Story]) -> tuple[int, int]:
    """Record the consents and map the studies that the store lacks; how many of each."""
    api, places = target.api, target.places
    _define(api, places)
    stories = list(told)
    recorded = _record(target, stories)
    path = f"/v1/{places.consent}/userDataMappings"
    mapped = {each["dataId"] for each in api.pages(path, "userDataMappings") if not each.get("archived")}
    wanted = ((each.patient.id, places.data_id(visit.study)) for each in stories for visit in each.visits)

    def send(pair: tuple[str, str]) -> None:
        body = {"userId": pair[0], "dataId": pair[1], "resourceAttributes": _IDENTIFIABLE}
        api.call("POST", path, body)

    return recorded, api.for_each(send, target.storing(pair for pair in wanted if pair[1] not in mapped))


def rule(purposes: Sequence[str]) -> str:
    """The authorization rule that permits some purposes."""
    return f"purpose in [{', '.join(map(repr, purposes))}]"


def _define(api: Api, places: Places) -> None:
    """Make the attribute definitions. Raises StartError where one is there that the consents can't speak of."""
    for name, definition in _DEFINITIONS.items():
        path = f"/v1/{places.consent}/attributeDefinitions"
        if api.ensure(f"{path}?attributeDefinitionId={name}", definition):
            continue
        there = api.call("GET", f"{path}/{name}")
        lacking = [each for each in definition["allowedValues"] if each not in there.get("allowedValues", ())]
        if lacking or there["category"] != definition["category"]:
            raise StartError(
                f"{there['name']} is no {definition['category']} attribute with the values"
                f" {', '.join(definition['allowedValues'])}; take another store for the hospital: --consent-store."
            )


def _record(target: Target, stories: Sequence[Story]) -> int:
    """Record each patient's consent with an artifact, and withdraw what was withdrawn; how many were changed."""
    api, places = target.api, target.places
    users = {each["userId"]: each["name"] for each in _all(api, places, "consentArtifacts")}
    consents = {each["userId"]: each for each in _all(api, places, "consents")}

    def bring(story: Story) -> None:
        user = story.patient.id
        artifact = users.get(user) or _artifact(api, places, user)
        consent = consents.get(user) or api.call("POST", f"/v1/{places.consent}/consents", _consent(story, artifact))
        if story.agreement.withdrawn and consent["state"] == "ACTIVE":
            api.call("POST", f"/v1/{consent['name']}:revoke", {"consentArtifact": artifact})

    lacking = (each for each in stories if not _is_there(each, consents.get(each.patient.id)))
    return api.for_each(bring, target.storing(lacking))


def _all(api: Api, places: Places, collection: str) -> Iterable[Json]:
    return api.pages(f"/v1/{places.consent}/{collection}", collection)


def _is_there(story: Story, consent: Json | None) -> bool:
    """Whether a consent is recorded as the story ends: one that somebody else ended stays as it is."""
    return consent is not None and not (story.agreement.withdrawn and consent["state"] == "ACTIVE")


def _artifact(api: Api, places: Places, user: str) -> str:
    body = {"userId": user, "metadata": {"title": _TITLE}}
    return str(api.call("POST", f"/v1/{places.consent}/consentArtifacts", body)["name"])


def _consent(story: Story, artifact: str) -> Json:
    patient = story.patient
    return {
        "userId": patient.id,
        "consentArtifact": artifact,
        "policies": [{"authorizationRule": {"expression": rule(story.agreement.purposes)}}],
        "metadata": {"fhir-consent": f"t{patient.seed}-{of_patient(patient)}"},
        "state": "ACTIVE",
    }
