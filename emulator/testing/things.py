"""What tests need in an emulator, made by its owner: a dataset with stores, a bucket, a topic, a principal, a time."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulator.hospital.filling.api import Api
from emulator.hospital.filling.hospital import bring
from emulator.hospital.filling.places import Places, Wish
from emulator.hospital.story import Story, stories
from emulator.testing.running import Emulator

LOCATION = "us-central1"
_TOKENS = "roles/iam.serviceAccountTokenCreator"


@dataclass(frozen=True)
class Dataset:
    """A healthcare dataset and its stores, by their full names."""

    name: str
    dicom_store: str
    fhir_store: str
    hl7v2_store: str


@dataclass(frozen=True)
class Hospital:
    """A made-up hospital in the emulator: what happened to its patients, and the places that tell of it."""

    seed: int
    stories: tuple[Story, ...]
    places: Places


@dataclass(frozen=True)
class Message:
    """A message of a topic."""

    data: bytes
    attributes: dict[str, str]


@dataclass(frozen=True)
class Topic:
    """A topic with a subscription that takes what is published to it, by their full names."""

    name: str
    subscription: str
    emulator: Emulator

    def messages(self, least: int = 1, seconds: float = 60) -> list[Message]:
        """The messages that have come, acknowledged, once there are `least`; what there is after so many seconds."""
        found: list[Message] = []
        until = time.monotonic() + seconds
        while True:
            found += self._pulled()
            if len(found) >= least or time.monotonic() > until:
                return found
            time.sleep(0.01)

    def _pulled(self) -> list[Message]:
        body = {"maxMessages": 1000, "returnImmediately": True}
        received = self.emulator.request("POST", f"/v1/{self.subscription}:pull", body).get("receivedMessages", [])
        if received:
            ids = {"ackIds": [each["ackId"] for each in received]}
            self.emulator.request("POST", f"/v1/{self.subscription}:acknowledge", ids)
        return [_message(each["message"]) for each in received]


@dataclass(frozen=True)
class Principal:
    """A service account with an access token."""

    email: str
    token: str

    @property
    def member(self) -> str:
        """As policies name it."""
        return f"serviceAccount:{self.email}"


@dataclass(frozen=True)
class Clock:
    """What time it is for the emulator."""

    emulator: Emulator

    def freeze(self, at: datetime | None = None) -> None:
        """Let it stand still, at a time (with a zone) or where it is."""
        self._change({"stopped": True, **({"time": at.isoformat()} if at is not None else {})})

    def move(self, seconds: float) -> None:
        """Move it on, or back; it goes or stands still as before."""
        self._change({"seconds": seconds})

    def restore(self) -> None:
        """Let it be the wall clock again."""
        self.emulator.request("DELETE", "/_emulator/clock")

    def _change(self, wish: dict[str, Any]) -> None:
        self.emulator.request("POST", "/_emulator/clock", wish)


def make_dataset(emulator: Emulator, name: str = "dataset") -> Dataset:
    """A dataset with the stores `dicom`, `fhir` (R4) and `hl7v2`."""
    parent = f"projects/{emulator.project}/locations/{LOCATION}"
    emulator.request("POST", f"/v1/{parent}/datasets?datasetId={name}", {})
    dataset = f"{parent}/datasets/{name}"
    fhir = {"version": "R4", "enableUpdateCreate": True}
    hl7v2 = {"parserConfig": {"version": "V3"}}
    stores = (
        emulator.request("POST", f"/v1/{dataset}/dicomStores?dicomStoreId=dicom", {}),
        emulator.request("POST", f"/v1/{dataset}/fhirStores?fhirStoreId=fhir", fhir),
        emulator.request("POST", f"/v1/{dataset}/hl7V2Stores?hl7V2StoreId=hl7v2", hl7v2),
    )
    return Dataset(dataset, *(str(store["name"]) for store in stores))


def make_hospital(emulator: Emulator, patients: int, seed: int = 1, wish: Wish | None = None) -> Hospital:
    """The made-up hospital of a seed, with films, FHIR resources, HL7v2 messages, consents and, if wished, tables."""
    api = Api(emulator.url, emulator.token)
    try:
        brought = bring(api, emulator.project, str(emulator.running["projectNumber"]), patients, seed, wish)
    finally:
        api.close()
    return Hospital(seed, tuple(stories(seed, 1, patients)), brought.places)


def make_bucket(emulator: Emulator, name: str = "bucket") -> str:
    """The name of a new bucket."""
    emulator.request("POST", f"/storage/v1/b?project={emulator.project}", {"name": name, "location": LOCATION})
    return name


def make_topic(emulator: Emulator, name: str = "topic") -> Topic:
    """A topic to which Healthcare and Cloud Storage may publish, with a subscription."""
    topic, subscription = (f"projects/{emulator.project}/{kind}/{name}" for kind in ("topics", "subscriptions"))
    emulator.request("PUT", f"/v1/{topic}", {})
    emulator.request("PUT", f"/v1/{subscription}", {"topic": topic})
    bindings = [{"role": "roles/pubsub.publisher", "members": [f"serviceAccount:{each}" for each in _agents(emulator)]}]
    emulator.request("POST", f"/v1/{topic}:setIamPolicy", {"policy": {"bindings": bindings}})
    return Topic(topic, subscription, emulator)


def make_principal(emulator: Emulator, name: str, *roles: str) -> Principal:
    """A service account with these roles on the project, and nothing else."""
    project = f"projects/{emulator.project}"
    email = emulator.request("POST", f"/v1/{project}/serviceAccounts", {"accountId": name})["email"]
    account = f"projects/-/serviceAccounts/{email}"
    creators = {"bindings": [{"role": _TOKENS, "members": ["allAuthenticatedUsers"]}]}
    emulator.request("POST", f"/v1/{project}/serviceAccounts/{email}:setIamPolicy", {"policy": creators})
    scope = {"scope": ["https://www.googleapis.com/auth/cloud-platform"], "lifetime": "3600s"}
    token = emulator.request("POST", f"/v1/{account}:generateAccessToken", scope)["accessToken"]
    principal = Principal(email, token)
    policy = emulator.request("POST", f"/v1/{project}:getIamPolicy", {"options": {"requestedPolicyVersion": 3}})
    added = [{"role": role, "members": [principal.member]} for role in roles]
    policy = {**policy, "version": 3, "bindings": [*policy.get("bindings", []), *added]}
    emulator.request("POST", f"/v1/{project}:setIamPolicy", {"policy": policy})
    return principal


def _agents(emulator: Emulator) -> list[str]:
    """The addresses of the service agents of Healthcare and Cloud Storage, which exist from now on."""
    project = emulator.project
    healthcare = f"projects/{project}/services/healthcare.googleapis.com"
    emulator.request("POST", f"/v1beta1/{healthcare}:generateServiceIdentity", {})
    storage = emulator.request("GET", f"/storage/v1/projects/{project}/serviceAccount")["email_address"]
    return [f"service-{emulator.running['projectNumber']}@gcp-sa-healthcare.iam.gserviceaccount.com", storage]


def _message(raw: dict[str, Any]) -> Message:
    return Message(base64.b64decode(raw.get("data", "")), raw.get("attributes", {}))
