"""Push subscriptions (Pub/Sub: "Push subscriptions", "Payload unwrapping", "Authenticate push subscriptions")."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from google.auth.transport.requests import Request
from google.cloud import pubsub_v1
from google.oauth2 import id_token
from google.pubsub_v1.services import publisher as gapic

from emulator.settings import project_number
from tests.conftest import PROJECT, StartEmulator
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE, eventually
from tests.support.webhook import Endpoint, Posted

Names = Callable[[str], str]
Subscribe = Callable[..., str]


def data_of(posted: list[Posted]) -> list[bytes]:
    return [base64.b64decode(one.json["message"]["data"]) for one in posted]


def first_of(subscriber: pubsub_v1.SubscriberClient, name: str) -> Any:
    """The first messages of a subscription, once there are some."""
    return eventually(lambda: subscriber.pull(subscription=name, max_messages=10).received_messages)


def test_a_message_is_posted_and_acknowledged_by_the_status(
    publisher: pubsub_v1.PublisherClient, topic: str, subscribe: Subscribe, endpoint: Endpoint
) -> None:
    name = subscribe(pushConfig={"pushEndpoint": f"{endpoint.url}/push?token=a"})
    message = publisher.publish(topic, b"instance", action="StoreInstances").result(PATIENCE)
    [posted] = endpoint.wait_for(1)
    assert posted.path == "/push?token=a"
    assert posted.headers["content-type"] == "application/json"
    body = posted.json
    assert body["subscription"] == name
    assert "deliveryAttempt" not in body
    told = body["message"]
    assert (told["messageId"], told["message_id"], told["publishTime"]) == (message, message, told["publish_time"])
    assert (base64.b64decode(told["data"]), told["attributes"]) == (b"instance", {"action": "StoreInstances"})


@pytest.mark.parametrize("status", [400, 403, 500, 503, 203, 301])
def test_any_other_status_brings_the_message_again(
    publisher: pubsub_v1.PublisherClient, topic: str, subscribe: Subscribe, endpoint: Endpoint, status: int
) -> None:
    endpoint.statuses = [status, status, 200]
    subscribe(pushConfig={"pushEndpoint": endpoint.url}, retryPolicy={"minimumBackoff": "0s", "maximumBackoff": "1s"})
    publisher.publish(topic, b"again").result(PATIENCE)
    endpoint.wait_for(3)
    publisher.publish(topic, b"next").result(PATIENCE)
    assert data_of(endpoint.wait_for(4)) == [b"again"] * 3 + [b"next"]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_each_of_these_statuses_acknowledges(
    publisher: pubsub_v1.PublisherClient, topic: str, subscribe: Subscribe, endpoint: Endpoint, status: int
) -> None:
    endpoint.statuses = [status]
    subscribe(pushConfig={"pushEndpoint": endpoint.url}, enableMessageOrdering=True)
    for data in (b"first", b"second"):
        publisher.publish(topic, data).result(PATIENCE)
    assert data_of(endpoint.wait_for(2)) == [b"first", b"second"]


def test_an_unwrapped_payload_is_the_data_with_metadata_in_headers(
    publisher: pubsub_v1.PublisherClient, topic: str, subscribe: Subscribe, endpoint: Endpoint
) -> None:
    name = subscribe(pushConfig={"pushEndpoint": endpoint.url, "noWrapper": {"writeMetadata": True}})
    attributes: Any = {"modality": "DX", "no header": "1", "Host": "elsewhere", "split": "a\r\nb: c"}
    message = publisher.publish(topic, b"\x00raw", **attributes).result(PATIENCE)
    [posted] = endpoint.wait_for(1)
    assert posted.body == b"\x00raw"
    assert posted.headers["x-goog-pubsub-message-id"] == message
    assert posted.headers["x-goog-pubsub-subscription-name"] == name
    assert posted.headers["x-goog-pubsub-publish-time"].endswith("Z")
    assert posted.headers["modality"] == "DX"
    assert posted.headers["host"] != "elsewhere"
    assert {"split", "b", "no header"}.isdisjoint(posted.headers.keys())


def test_an_unwrapped_payload_without_metadata_is_the_data_alone(
    publisher: pubsub_v1.PublisherClient, topic: str, subscribe: Subscribe, endpoint: Endpoint
) -> None:
    subscribe(pushConfig={"pushEndpoint": endpoint.url, "noWrapper": {}})
    publisher.publish(topic, b"raw", modality="DX").result(PATIENCE)
    [posted] = endpoint.wait_for(1)
    assert (posted.body, posted.headers.get("modality")) == (b"raw", None)


def test_a_token_says_which_account_calls(
    emulator: RunningEmulator,
    publisher: pubsub_v1.PublisherClient,
    topic: str,
    subscribe: Subscribe,
    endpoint: Endpoint,
    unique: Names,
) -> None:
    """Verified with google-auth by the emulator's keys."""
    account = emulator.request("POST", f"/v1/projects/{PROJECT}/serviceAccounts", {"accountId": unique("pusher")})[1]
    token = {"serviceAccountEmail": account["email"], "audience": "https://viewer.example"}
    subscribe(pushConfig={"pushEndpoint": endpoint.url, "oidcToken": token})
    publisher.publish(topic, b"x").result(PATIENCE)
    [posted] = endpoint.wait_for(1)
    scheme, _, text = posted.headers["authorization"].partition(" ")
    assert scheme == "Bearer"
    certificates = f"{emulator.base_url}/oauth2/v1/certs"
    claims = id_token.verify_token(text, Request(), audience="https://viewer.example", certs_url=certificates)
    assert (claims["iss"], claims["email"], claims["email_verified"]) == (emulator.base_url, account["email"], True)
    assert claims["sub"] == claims["azp"] == account["uniqueId"]
    told = emulator.request("GET", "/.well-known/openid-configuration")[1]
    assert (told["issuer"], told["jwks_uri"]) == (emulator.base_url, f"{emulator.base_url}/oauth2/v3/certs")
    [key] = emulator.request("GET", "/oauth2/v3/certs")[1]["keys"]
    assert [key["kid"]] == list(emulator.request("GET", "/oauth2/v1/certs")[1])


def test_the_audience_is_the_endpoint_where_none_is_set(
    emulator: RunningEmulator,
    publisher: pubsub_v1.PublisherClient,
    topic: str,
    subscribe: Subscribe,
    endpoint: Endpoint,
    unique: Names,
) -> None:
    account = emulator.request("POST", f"/v1/projects/{PROJECT}/serviceAccounts", {"accountId": unique("pusher")})[1]
    url = f"{endpoint.url}/here"
    subscribe(pushConfig={"pushEndpoint": url, "oidcToken": {"serviceAccountEmail": account["email"]}})
    publisher.publish(topic, b"x").result(PATIENCE)
    text = endpoint.wait_for(1)[0].headers["authorization"].removeprefix("Bearer ")
    certificates = f"{emulator.base_url}/oauth2/v1/certs"
    assert id_token.verify_token(text, Request(), audience=url, certs_url=certificates)["aud"] == url


def test_what_is_refused_five_times_goes_to_the_dead_letter_topic(
    emulator: RunningEmulator,
    publisher: pubsub_v1.PublisherClient,
    subscriber: pubsub_v1.SubscriberClient,
    topic: str,
    subscribe: Subscribe,
    endpoint: Endpoint,
    unique: Names,
) -> None:
    dead = f"projects/{PROJECT}/topics/{unique('dead')}"
    assert emulator.request("PUT", f"/v1/{dead}", {})[0] == 200
    dead_subscription = f"projects/{PROJECT}/subscriptions/{unique('dead')}"
    assert emulator.request("PUT", f"/v1/{dead_subscription}", {"topic": dead})[0] == 200
    endpoint.statuses = [500]
    name = subscribe(
        pushConfig={"pushEndpoint": endpoint.url},
        deadLetterPolicy={"deadLetterTopic": dead, "maxDeliveryAttempts": 5},
        retryPolicy={"minimumBackoff": "0s"},
    )
    agent = f"serviceAccount:service-{project_number(PROJECT)}@gcp-sa-pubsub.iam.gserviceaccount.com"
    for resource, role in ((dead, "roles/pubsub.publisher"), (name, "roles/pubsub.subscriber")):
        policy = {"policy": {"bindings": [{"role": role, "members": [agent]}]}}
        assert emulator.request("POST", f"/v1/{resource}:setIamPolicy", policy)[0] == 200
    publisher.publish(topic, b"poison").result(PATIENCE)
    [forwarded] = first_of(subscriber, dead_subscription)
    assert forwarded.message.attributes["CloudPubSubDeadLetterSourceDeliveryCount"] == "5"
    assert [posted.json["deliveryAttempt"] for posted in endpoint.posted] == [1, 2, 3, 4, 5]


def test_messages_of_an_ordering_key_are_posted_one_after_the_other(
    publisher: pubsub_v1.PublisherClient, topic: str, subscribe: Subscribe, endpoint: Endpoint
) -> None:
    """One that fails is followed by all after it."""
    endpoint.statuses = [204, 500, 204]
    subscribe(
        pushConfig={"pushEndpoint": endpoint.url}, enableMessageOrdering=True, retryPolicy={"minimumBackoff": "0s"}
    )
    messages: Any = [{"data": str(number).encode(), "ordering_key": "study"} for number in range(4)]
    gapic.PublisherClient.publish(publisher, topic=topic, messages=messages)
    assert data_of(endpoint.wait_for(5)) == [b"0", b"1", b"1", b"2", b"3"]


def test_modify_push_config_turns_pushing_on_and_off(
    publisher: pubsub_v1.PublisherClient,
    subscriber: pubsub_v1.SubscriberClient,
    topic: str,
    subscribe: Subscribe,
    endpoint: Endpoint,
) -> None:
    """And only while nothing is pushed, the subscription can be pulled from (go-pubsub observed the sentence)."""
    name = subscribe()
    publisher.publish(topic, b"waits").result(PATIENCE)
    subscriber.modify_push_config(request={"subscription": name, "push_config": {"push_endpoint": endpoint.url}})
    assert data_of(endpoint.wait_for(1)) == [b"waits"]
    with pytest.raises(Exception, match="This method is not supported for push subscriptions"):
        subscriber.pull(subscription=name, max_messages=1)
    subscriber.modify_push_config(request={"subscription": name, "push_config": {}})
    publisher.publish(topic, b"pulled").result(PATIENCE)
    [received] = subscriber.pull(subscription=name, max_messages=1).received_messages
    assert (received.message.data, len(endpoint.posted)) == (b"pulled", 1)


@pytest.mark.parametrize("url", ["https://example.com/push", "http://10.0.0.1/", "http://127.0.0.1.example.com/"])
def test_an_endpoint_elsewhere_is_kept_and_never_called(
    publisher: pubsub_v1.PublisherClient,
    subscriber: pubsub_v1.SubscriberClient,
    topic: str,
    subscribe: Subscribe,
    url: str,
) -> None:
    """What would be pushed there can be pulled."""
    name = subscribe(pushConfig={"pushEndpoint": url})
    publisher.publish(topic, b"x").result(PATIENCE)
    [received] = subscriber.pull(subscription=name, max_messages=1).received_messages
    assert received.message.data == b"x"
    assert subscriber.get_subscription(subscription=name).push_config.push_endpoint == url


@pytest.mark.parametrize("config", [
    {"pushConfig": {"pushEndpoint": "no url"}},
    {"pushConfig": {"pushEndpoint": "ftp://localhost/"}},
    {"pushConfig": {"pushEndpoint": "http://localhost/\r\nHost: other"}},
    {"pushConfig": {"pushEndpoint": "http://localhost/", "noWrapper": {}, "pubsubWrapper": {}}},
    {"pushConfig": {"pushEndpoint": "http://localhost/"}, "bigqueryConfig": {"table": "a.b.c"}},
])  # fmt: skip
def test_a_wrong_push_config_is_refused(
    emulator: RunningEmulator, topic: str, unique: Names, config: dict[str, Any]
) -> None:
    name = f"projects/{PROJECT}/subscriptions/{unique('wrong')}"
    assert emulator.request("PUT", f"/v1/{name}", {"topic": topic, **config})[0] == 400


def test_what_is_to_be_pushed_survives_a_kill(start_emulator: StartEmulator, endpoint: Endpoint) -> None:
    running = start_emulator()
    topic, name = f"projects/{running.project}/topics/kept", f"projects/{running.project}/subscriptions/kept"
    running.request("PUT", f"/v1/{topic}", {})
    endpoint.statuses = [503]
    running.request("PUT", f"/v1/{name}", {"topic": topic, "pushConfig": {"pushEndpoint": endpoint.url}})
    message = {"data": base64.b64encode(b"kept").decode()}
    assert running.request("POST", f"/v1/{topic}:publish", {"messages": [message]})[0] == 200
    endpoint.wait_for(1)
    running.kill()
    before = len(endpoint.posted)
    endpoint.statuses = [200]
    running.start()
    assert set(data_of(endpoint.wait_for(before + 1))) == {b"kept"}
