"""Confused deputies of what is delivered later: sinks, notifications, streams and schedules bring nothing where their
own account may not go, whoever set them up.

Of each kind there are two, set up in one way by the owner: one leads to what the account that delivers may write, the
other, first in order, into the vault, where it has no right. Once something has come to the first, the vault is empty.
"""

import base64
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.conftest import PROJECT
from tests.emulator.services.healthcare.instances import made
from tests.emulator.services.healthcare.topics import pull
from tests.emulator.services.healthcare.transfers import agent
from tests.support.accounts import Account, grant, make_account
from tests.support.asking import ask
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE, eventually

LOCATION = f"projects/{PROJECT}/locations/us-central1"
DATASET = f"{LOCATION}/datasets/streaming"
BIGQUERY = f"/bigquery/v2/projects/{PROJECT}/datasets"
LOG = f"projects/{PROJECT}/logs/late"
PLACES = ("vault", "own")
NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Scene:
    """An emulator with topics, buckets, datasets and FHIR stores called own and vault, and who delivers."""

    running: RunningEmulator
    agent: str
    account: Account

    def topic(self, kind: str, place: str, writer: str) -> str:
        """A new topic with a subscription, on which `writer` may publish where it is an own one."""
        name = f"projects/{PROJECT}/topics/{kind}-{place}"
        ask(self.running, "PUT", f"/v1/{name}", {})
        ask(self.running, "PUT", f"/v1/{name.replace('topics', 'subscriptions')}", {"topic": name})
        if place == "own":
            bindings = [{"role": "roles/pubsub.publisher", "members": [writer]}]
            ask(self.running, "POST", f"/v1/{name}:setIamPolicy", {"policy": {"bindings": bindings}})
        return name

    def bucket(self, kind: str, place: str, writer: str) -> str:
        """A new bucket, in which `writer` may make objects where it is an own one."""
        name = f"{PROJECT}-{kind}-{place}"
        ask(self.running, "POST", f"/storage/v1/b?project={PROJECT}", {"name": name})
        if place == "own":
            grant(self.running, f"buckets/{name}", writer, "roles/storage.objectCreator")
        return name

    def tables(self, kind: str, place: str, writer: str) -> str:
        """A new dataset, whose tables `writer` may write where it is an own one."""
        name = f"{kind}_{place}"
        access = [{"role": "OWNER", "specialGroup": "projectOwners"}]
        if place == "own":
            access.append({"role": "WRITER", "userByEmail": writer.partition(":")[2]})
        body = {"datasetReference": {"datasetId": name}, "access": access, "location": "us-central1"}
        ask(self.running, "POST", BIGQUERY, body)
        return name

    def sink(self, place: str, destination: str) -> str:
        """Make a sink of the log; its writer."""
        kind = destination.partition(".")[0]
        body = {"name": f"{kind}-{place}", "destination": destination, "filter": 'LOG_ID("late")'}
        path = f"/v2/projects/{PROJECT}/sinks?uniqueWriterIdentity=true"
        return str(ask(self.running, "POST", path, body)["writerIdentity"])

    def log(self) -> None:
        """Write an entry to the log."""
        ask(
            self.running, "POST", "/v2/entries:write", {"logName": LOG, "resource": {"type": "global"}, "entries": [{}]}
        )

    def make_store(self, kind: str, store: str, **settings: Any) -> str:
        """A new store of a kind (dicom, fhir, hl7V2)."""
        body = {"version": "R4", **settings} if kind == "fhir" else settings
        path = f"/v1/{DATASET}/{kind}Stores?{kind}StoreId={store}"
        return str(ask(self.running, "POST", path, body)["name"])

    def store_film(self, store: str) -> None:
        """Store another instance by DICOMweb."""
        film = made(uid=f"1.2.1.1.{next(NUMBERS)}")
        headers = {"Authorization": f"Bearer {self.running.owner_token}", "Content-Type": "application/dicom"}
        url = f"{self.running.base_url}/v1/{store}/dicomWeb/studies"
        assert requests.post(url, data=film, headers=headers, timeout=PATIENCE).status_code == 200

    def schedule(self, place: str, token: str | None = None, **target: Any) -> None:
        """Make a job."""
        kind = next(iter(target))
        name = f"{LOCATION}/jobs/{kind}-{place}"
        body = {"name": name, "schedule": "0 0 1 1 *", "timeZone": "UTC", **target}
        code, answer = self.running.request("POST", f"/v1/{LOCATION}/jobs", body, token)
        assert code == 200, answer

    def run(self, kind: str) -> None:
        """Run the jobs of a kind of target."""
        for place in PLACES:
            ask(self.running, "POST", f"/v1/{LOCATION}/jobs/{kind}-{place}:run", {})

    def messages(self, kind: str, place: str) -> int:
        """How many messages have come to a topic since the last look."""
        return len(pull(self.running, f"projects/{PROJECT}/topics/{kind}-{place}"))

    def objects(self, kind: str, place: str) -> int:
        """How many objects there are in a bucket, once all that waits was written."""
        ask(self.running, "POST", "/_emulator/chores", {})
        return len(ask(self.running, "GET", f"/storage/v1/b/{PROJECT}-{kind}-{place}/o").get("items", []))

    def made_tables(self, kind: str, place: str) -> int:
        """How many tables there are in a dataset."""
        return int(ask(self.running, "GET", f"{BIGQUERY}/{kind}_{place}/tables")["totalItems"])


@pytest.fixture(scope="module")
def scene(running: RunningEmulator) -> Scene:
    """An emulator of this module's own with a dataset."""
    ask(running, "POST", f"/v1/{LOCATION}/datasets?datasetId=streaming", {})
    healthcare, account = agent(running), make_account(running, "scheduled")
    grant(running, f"projects/{PROJECT}", healthcare, "roles/bigquery.jobUser")
    return Scene(running, healthcare, account)


def sink_to_topic(scene: Scene) -> Callable[[], None]:
    for place in PLACES:
        name = f"projects/{PROJECT}/topics/sink-{place}"
        writer = scene.sink(place, f"pubsub.googleapis.com/{name}")
        scene.topic("sink", place, writer)
    return scene.log


def sink_to_bucket(scene: Scene) -> Callable[[], None]:
    for place in PLACES:
        writer = scene.sink(place, f"storage.googleapis.com/{PROJECT}-sink-{place}")
        scene.bucket("sink", place, writer)
    return scene.log


def sink_to_tables(scene: Scene) -> Callable[[], None]:
    for place in PLACES:
        writer = scene.sink(place, f"bigquery.googleapis.com/projects/{PROJECT}/datasets/sink_{place}")
        scene.tables("sink", place, writer)
    return scene.log


def notification(kind: str) -> Callable[[Scene], Callable[[], None]]:
    """Set up a store of a kind that tells two topics of changes."""

    def set_up(scene: Scene) -> Callable[[], None]:
        topics = [{"pubsubTopic": scene.topic(kind.lower(), place, scene.agent)} for place in PLACES]
        store = scene.make_store(kind, "telling", notificationConfigs=topics)
        fhir, hl7v2 = f"/v1/{store}/fhir/Patient", f"/v1/{store}/messages"
        happen: dict[str, Callable[[], None]] = {
            "dicom": lambda: scene.store_film(store),
            "fhir": lambda: create(scene.running, fhir, {"resourceType": "Patient"}),
            "hl7V2": lambda: create(scene.running, hl7v2, {"message": {"data": message()}}),
        }
        return happen[kind]

    return set_up


def message() -> str:
    """Another ADT^A01, in base64."""
    text = rf"MSH|^~\&|A|A|B|B|20200101000000||ADT^A01|{next(NUMBERS)}|P|2.5"
    return base64.b64encode(text.encode()).decode()


def dicom_stream(scene: Scene) -> Callable[[], None]:
    uris = [f"bq://{PROJECT}.{scene.tables('dicom', place, scene.agent)}.films" for place in PLACES]
    streams = [{"bigqueryDestination": {"tableUri": uri}} for uri in uris]
    store = scene.make_store("dicom", "streaming", streamConfigs=streams)
    return lambda: scene.store_film(store)


def fhir_stream(scene: Scene) -> Callable[[], None]:
    schema = {"schemaType": "ANALYTICS"}
    uris = [f"bq://{PROJECT}.{scene.tables('fhir', place, scene.agent)}" for place in PLACES]
    streams = [{"bigqueryDestination": {"datasetUri": uri, "schemaConfig": schema}} for uri in uris]
    store = scene.make_store("fhir", "streaming", streamConfigs=streams)
    return lambda: create(scene.running, f"/v1/{store}/fhir/Patient", {"resourceType": "Patient"})


def scheduled_message(scene: Scene) -> Callable[[], None]:
    """The creator's right counts when a job runs, too: the vault's is taken away before."""
    member = scene.account.member
    for role in ("roles/cloudscheduler.admin", "roles/pubsub.publisher"):
        grant(scene.running, f"projects/{PROJECT}", member, role)
    for place in PLACES:
        topic = scene.topic("scheduled", place, member)
        scene.schedule(place, scene.account.token, pubsubTarget={"topicName": topic, "data": "YQ=="})
    policy = ask(scene.running, "POST", f"/v1/projects/{PROJECT}:getIamPolicy", {})
    policy["bindings"] = [each for each in policy["bindings"] if each["role"] != "roles/pubsub.publisher"]
    ask(scene.running, "POST", f"/v1/projects/{PROJECT}:setIamPolicy", {"policy": policy})
    return lambda: scene.run("pubsubTarget")


def scheduled_call(scene: Scene) -> Callable[[], None]:
    """The account of the token that a job sends decides, not who made the job."""
    for place in PLACES:
        bucket = scene.bucket("scheduled", place, scene.account.member)
        uri = f"https://storage.googleapis.com/upload/storage/v1/b/{bucket}/o?uploadType=media&name=x"
        scene.schedule(place, httpTarget={"uri": uri, "oauthToken": {"serviceAccountEmail": scene.account.email}})
    return lambda: scene.run("httpTarget")


Kind = tuple[Callable[[Scene], Callable[[], None]], Callable[[Scene, str], int]]
KINDS: dict[str, Kind] = {
    "a sink to a topic": (sink_to_topic, lambda scene, place: scene.messages("sink", place)),
    "a sink to a bucket": (sink_to_bucket, lambda scene, place: scene.objects("sink", place)),
    "a sink to tables": (sink_to_tables, lambda scene, place: scene.made_tables("sink", place)),
    "a notification of DICOM": (notification("dicom"), lambda scene, place: scene.messages("dicom", place)),
    "a notification of FHIR": (notification("fhir"), lambda scene, place: scene.messages("fhir", place)),
    "a notification of HL7v2": (notification("hl7V2"), lambda scene, place: scene.messages("hl7v2", place)),
    "a stream of DICOM": (dicom_stream, lambda scene, place: scene.made_tables("dicom", place)),
    "a stream of FHIR": (fhir_stream, lambda scene, place: scene.made_tables("fhir", place)),
    "a scheduled message": (scheduled_message, lambda scene, place: scene.messages("scheduled", place)),
    "a scheduled call": (scheduled_call, lambda scene, place: scene.objects("scheduled", place)),
}


@pytest.mark.parametrize("what", KINDS)
def test_nothing_is_delivered_where_the_one_who_delivers_may_not_go(scene: Scene, what: str) -> None:
    set_up, seen = KINDS[what]
    happen = set_up(scene)
    for _ in range(2):  # at the second time the vault has certainly had its turn
        happen()
        eventually(lambda: seen(scene, "own"))
    assert seen(scene, "vault") == 0


def create(running: RunningEmulator, path: str, body: Any) -> None:
    """Create a resource, or a message."""
    code, answer = running.request("POST", path, body)
    assert code in (200, 201), answer
