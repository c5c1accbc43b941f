"""What users of Google Cloud have reported about time, had again with a dial: each test names the report.

No test waits: the emulator's clock stands still, and is moved by what a client would have slept.
"""

from __future__ import annotations

import base64
import itertools
import queue
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.cloud import pubsub_v1
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

NOON = "2026-01-31T12:00:00Z"
NUMBERS = itertools.count(1)
MESSAGE = b"MSH|^~\\&|ADT|HOSPITAL|||20200101120000||ADT^A01|1|P|2.3\rPID|1||42^^^MRN\r"


@pytest.fixture(autouse=True)
def at_noon(running: RunningEmulator) -> Iterator[None]:
    running.request("POST", "/_emulator/clock", {"time": NOON, "stopped": True})
    yield
    for path in ("trouble", "faults", "clock"):
        running.request("DELETE", f"/_emulator/{path}")


@pytest.fixture
def turn_on(running: RunningEmulator) -> Callable[..., None]:
    def turn(profile: str = "calm", **change: Any) -> None:
        wish = {"profile": profile, "seed": 1, "change": change}
        assert running.request("POST", "/_emulator/trouble", wish)[0] == 200

    return turn


@pytest.fixture
def sleep(running: RunningEmulator) -> Callable[[float], None]:
    def move(seconds: float) -> None:
        running.request("POST", "/_emulator/clock", {"seconds": seconds})

    return move


@pytest.fixture
def datasets(running: RunningEmulator) -> str:
    return f"/v1/projects/{running.project}/locations/us-central1/datasets"


@pytest.fixture
def dataset(running: RunningEmulator, datasets: str) -> str:
    """The path of a new dataset."""
    name = f"d{next(NUMBERS)}"
    assert running.request("POST", f"{datasets}?datasetId={name}", {})[0] == 200
    return f"{datasets}/{name}"


QUICK = {"latency": [], "refusals": [], "cuts": [], "operations": [0, 0]}
"""Of the profile bad-day only what is late."""


def test_beam_9779_five_seconds_of_sleep_do_not_suffice_for_the_index_of_hl7v2(
    running: RunningEmulator, dataset: str, turn_on: Callable[..., None], sleep: Callable[[float], None]
) -> None:
    """apache/beam#11450: Beam's test writes messages, sleeps five seconds and lists them by a filter."""
    store = f"{dataset}/hl7V2Stores/s"
    running.request("POST", f"{dataset}/hl7V2Stores?hl7V2StoreId=s", {"parserConfig": {"version": "V3"}})
    turn_on("bad-day", **QUICK)
    body = {"message": {"data": base64.b64encode(MESSAGE).decode()}}
    assert running.request("POST", f"{store}/messages", body)[0] == 200
    query = f"{store}/messages?filter=messageType%3D%22ADT%22"
    sleep(5)
    assert running.request("GET", query) == (200, {})
    assert len(running.request("GET", f"{store}/messages")[1]["hl7V2Messages"]) == 1  # without a filter: no index
    sleep(55)
    assert len(running.request("GET", query)[1]["hl7V2Messages"]) == 1


def test_a_search_of_fhir_is_behind_what_was_written_but_not_one_by_identifier(
    running: RunningEmulator, dataset: str, turn_on: Callable[..., None], sleep: Callable[[float], None]
) -> None:
    """Cloud Healthcare's reference, fhir.search: "indexed asynchronously"; identifiers synchronously."""
    fhir = f"{dataset}/fhirStores/f/fhir"
    settings = {"version": "R4", "enableUpdateCreate": True}
    running.request("POST", f"{dataset}/fhirStores?fhirStoreId=f", settings)
    turn_on("bad-day", **QUICK)
    patient = {"resourceType": "Patient", "id": "p", "name": [{"family": "Doe"}], "identifier": [{"value": "42"}]}
    assert running.request("PUT", f"{fhir}/Patient/p", patient)[0] == 201

    def found(criteria: str) -> int:
        status, bundle = running.request("GET", f"{fhir}/Patient?{criteria}")
        assert status == 200
        return int(bundle["total"])

    assert running.request("GET", f"{fhir}/Patient/p")[0] == 200
    assert (found("family=Doe"), found("identifier=42"), found("identifier=42&family=Doe")) == (0, 1, 0)
    sleep(60)
    assert found("family=Doe") == 1
    running.request("PUT", f"{fhir}/Patient/p", {**patient, "active": True})
    assert found("family=Doe") == 1  # what was found before a change stays


def test_terraform_4869_11532_samples_5331_a_store_right_after_its_dataset_is_refused(
    running: RunningEmulator, datasets: str, turn_on: Callable[..., None], sleep: Callable[[float], None]
) -> None:
    """terraform-provider-google#4869, #11532, python-docs-samples#5331: "dataset not initialized"."""
    turn_on("bad-day", **QUICK)
    running.request("POST", f"{datasets}?datasetId=young", {})
    create = f"{datasets}/young/dicomStores?dicomStoreId=s"
    status, answer = running.request("POST", create, {})
    assert (status, answer["error"]["message"]) == (404, "dataset not initialized")
    sleep(30)
    assert running.request("POST", create, {})[0] == 200


def test_terraform_8128_a_dataset_is_absent_right_after_it_was_made(
    running: RunningEmulator, datasets: str, turn_on: Callable[..., None], sleep: Callable[[float], None]
) -> None:
    """terraform-provider-google#8128: "Root resource was present, but now absent"."""
    turn_on(lags={"visibility": [1, 5]})
    running.request("POST", f"{datasets}?datasetId=absent", {})
    status, answer = running.request("GET", f"{datasets}/absent")
    assert (status, answer["error"]["status"]) == (404, "NOT_FOUND")
    assert running.request("POST", f"{datasets}?datasetId=absent", {})[0] == 409
    sleep(5)
    assert running.request("GET", f"{datasets}/absent")[0] == 200


def test_terraform_13721_magic_modules_7192_what_needs_a_grant_fails_right_after_it(
    running: RunningEmulator, turn_on: Callable[..., None], sleep: Callable[[float], None]
) -> None:
    """terraform-provider-google#13721, magic-modules#7192: the grant is there, and does not count yet."""
    account = make_account(running, f"late-{next(NUMBERS)}")
    turn_on("bad-day", **QUICK)
    project = f"/v1/projects/{running.project}"
    policy = running.request("POST", f"{project}:getIamPolicy", {})[1]
    policy["bindings"].append({"role": "roles/pubsub.viewer", "members": [account.member]})
    assert running.request("POST", f"{project}:setIamPolicy", {"policy": policy})[0] == 200
    shown = running.request("POST", f"{project}:getIamPolicy", {})[1]
    assert account.member in str(shown)
    asked = [running.request("GET", f"{project}/topics", token=account.token)[0] for _ in range(2)]
    assert asked == [403, 403]
    sleep(120)
    assert running.request("GET", f"{project}/topics", token=account.token)[0] == 200


def test_terraform_19081_the_30_day_quota_of_datasets_with_keys(running: RunningEmulator, datasets: str) -> None:
    """terraform-provider-google#19081, #19808: a 429 in its words, at a known call."""
    words = f"limit for concurrent CMEK datasets in a 30 day period per region exceeded: {running.project}"
    fault = {"method": "healthcare.projects.locations.datasets.create", "code": 429, "message": words}
    running.request("POST", "/_emulator/faults", fault)
    status, answer = running.request("POST", f"{datasets}?datasetId=cmek", {})
    assert (status, answer["error"]["status"], answer["error"]["message"]) == (429, "RESOURCE_EXHAUSTED", words)


def test_terraform_7020_bigquery_80_no_grant_is_possible_before_the_agent_exists(running: RunningEmulator) -> None:
    """terraform-provider-google#7020, terraform-google-bigquery#80: the service agent is made by being asked for."""
    project = f"projects/{running.project}"
    number = running.request("GET", f"/v1/{project}")[1]["projectNumber"]
    policy = running.request("POST", f"/v1/{project}:getIamPolicy", {})[1]
    agent = f"serviceAccount:service-{number}@gcp-sa-healthcare.iam.gserviceaccount.com"
    policy["bindings"].append({"role": "roles/pubsub.publisher", "members": [agent]})
    status, answer = running.request("POST", f"/v1/{project}:setIamPolicy", {"policy": policy})
    assert (status, "does not exist" in answer["error"]["message"]) == (400, True)
    identity = f"/v1beta1/{project}/services/healthcare.googleapis.com:generateServiceIdentity"
    assert running.request("POST", identity, {})[0] == 200
    assert running.request("POST", f"/v1/{project}:setIamPolicy", {"policy": policy})[0] == 200


def test_a_client_that_does_not_heed_retry_after_does_not_get_through(
    running: RunningEmulator, turn_on: Callable[..., None], sleep: Callable[[float], None]
) -> None:
    """google-api-python-client: no retry unless asked for, and then by a back-off that is no minute long."""
    method = "healthcare.projects.locations.datasets.list"
    turn_on(quotas=[{"name": "Dataset reads", "methods": [method], "per_minute": 1}])
    options = {"api_endpoint": running.base_url}
    with build("healthcare", "v1", credentials=Credentials(running.owner_token), client_options=options) as client:

        def ask(**retrying: int) -> Any:
            parent = f"projects/{running.project}/locations/us-central1"
            request = client.projects().locations().datasets().list(parent=parent)
            request._sleep = sleep
            request._rand = lambda: 1.0
            return request.execute(**retrying)

        ask()
        with pytest.raises(HttpError, match="Quota exceeded") as refused:
            ask()
        with pytest.raises(HttpError, match="Quota exceeded"):
            ask(num_retries=3)  # after 2, 4 and 8 seconds
        sleep(float(refused.value.resp["retry-after"]))
        ask()


def test_a_subscriber_meets_late_repeated_and_unordered_messages_and_none_is_lost(
    running: RunningEmulator, turn_on: Callable[..., None], sleep: Callable[[float], None]
) -> None:
    """Pub/Sub delivers at least once and, without ordering keys, in any order (adapter and harmonization pipelines)."""
    topic, subscription = (f"projects/{running.project}/{kind}/late" for kind in ("topics", "subscriptions"))
    running.request("PUT", f"/v1/{topic}", {})
    running.request("PUT", f"/v1/{subscription}", {"topic": topic})
    happening = {"share": 0.3, "seconds": [5, 30]}
    turn_on(messages={"late": happening, "twice": happening})
    sent = [str(number) for number in range(60)]
    for text in sent:
        message = {"data": base64.b64encode(text.encode()).decode()}
        running.request("POST", f"/v1/{topic}:publish", {"messages": [message]})

    def pulled() -> list[str]:
        body = {"maxMessages": 1000, "returnImmediately": True}
        got = running.request("POST", f"/v1/{subscription}:pull", body)[1].get("receivedMessages", [])
        ids = {"ackIds": [each["ackId"] for each in got]}
        if got:
            running.request("POST", f"/v1/{subscription}:acknowledge", ids)
        return [base64.b64decode(each["message"]["data"]).decode() for each in got]

    came = pulled()
    assert 30 < len(came) < 60
    counts = running.request("GET", "/_emulator/trouble")[1]["counts"]
    until = time.monotonic() + PATIENCE
    while len(came) < 60 + counts["messages twice"] and time.monotonic() < until:
        sleep(30)
        came += pulled()
    assert sorted(set(came), key=int) == sent
    assert came != sorted(came, key=int)
    assert len(came) - len(set(came)) == counts["messages twice"] > 0
    assert pulled() == []


def test_a_subscriber_whose_stream_breaks_off_again_and_again_gets_every_message(
    running: RunningEmulator, turn_on: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pub/Sub's page "Pull subscriptions": streams of StreamingPull always end with an error, and are opened again."""
    topic, subscription = (f"projects/{running.project}/{kind}/cut" for kind in ("topics", "subscriptions"))
    running.request("PUT", f"/v1/{topic}", {})
    running.request("PUT", f"/v1/{subscription}", {"topic": topic})
    turn_on(cuts=[{"methods": ["pubsub.projects.subscriptions.pull"], "share": 1, "at": "midway"}])
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", running.grpc_address)
    came: queue.Queue[str] = queue.Queue()

    def receive(message: Any) -> None:
        came.put(message.data.decode())
        message.ack()

    with pubsub_v1.SubscriberClient() as client:
        stream = client.subscribe(subscription, callback=receive)
        for text in ("first", "second", "third"):
            message = {"data": base64.b64encode(text.encode()).decode()}
            running.request("POST", f"/v1/{topic}:publish", {"messages": [message]})
            while came.get(timeout=PATIENCE) != text:  # an acknowledgement may be lost with its stream
                pass
        stream.cancel()
        stream.result(timeout=PATIENCE)
    assert running.request("GET", "/_emulator/trouble")[1]["counts"]["midway"] >= 3
