"""Topics, subscriptions and schemas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.emulator.provider.engine import Engine
from tests.emulator.provider.test_healthcare import settled
from tests.support.emulator import RunningEmulator

TOPIC = "gcp:pubsub/topic:Topic"
SUBSCRIPTION = "gcp:pubsub/subscription:Subscription"
Unique = Callable[[str], str]


def test_topic(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    inputs = {"name": unique("topic"), "labels": {"a": "1"}, "messageRetentionDuration": "86400s"}
    assert engine.up("t", TOPIC, inputs) == "create"
    assert engine.state["t"].id == f"projects/{emulator.project}/topics/{inputs['name']}"
    settled(engine, "t", inputs)
    assert engine.up("t", TOPIC, {**inputs, "messageRetentionDuration": "600s", "labels": {}}) == "update"
    _, live = emulator.request("GET", f"/v1/{engine.state['t'].id}")
    assert live["labels"] == {"goog-pulumi-provisioned": "true"}
    assert live["messageRetentionDuration"] == "600s"
    engine.delete("t")


def test_a_name_is_made_once(engine: Engine) -> None:
    engine.up("made", TOPIC, {})
    name = engine.state["made"].outputs["name"]
    assert name.startswith("made-")
    assert engine.up("made", TOPIC, {}) == "same"
    assert engine.state["made"].outputs["name"] == name
    engine.delete("made")


def test_labels_of_others_are_left_alone(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    inputs = {"name": unique("topic"), "labels": {"a": "1"}}
    engine.up("t", TOPIC, inputs)
    path = f"/v1/{engine.state['t'].id}"
    theirs = {"topic": {"labels": {"a": "9", "b": "2", "goog-pulumi-provisioned": "true"}}, "updateMask": "labels"}
    emulator.request("PATCH", path, theirs)
    difference = engine.refresh("t")
    assert difference is not None
    assert difference.details == {"labels.a": "update"}
    assert engine.state["t"].outputs["effectiveLabels"]["b"] == "2"
    assert engine.up("t", TOPIC, inputs) == "update"
    _, live = emulator.request("GET", path)
    assert live["labels"] == {"a": "1", "b": "2", "goog-pulumi-provisioned": "true"}
    engine.delete("t")


def test_subscription(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    topic, dead = unique("topic"), unique("dead")
    engine.up("t", TOPIC, {"name": topic})
    engine.up("dead", TOPIC, {"name": dead})
    inputs: dict[str, Any] = {
        "name": unique("pull"),
        "topic": topic,
        "ackDeadlineSeconds": 60,
        "enableMessageOrdering": True,
        "filter": 'attributes.action = "StoreInstances"',
        "expirationPolicy": {"ttl": ""},
        "deadLetterPolicy": {"deadLetterTopic": engine.state["dead"].id, "maxDeliveryAttempts": 5},
        "retryPolicy": {"minimumBackoff": "10s", "maximumBackoff": "600s"},
        "labels": {"a": "1"},
    }
    engine.up("s", SUBSCRIPTION, inputs)
    settled(engine, "s", inputs)
    _, live = emulator.request("GET", f"/v1/{engine.state['s'].id}")
    assert live["topic"] == f"projects/{emulator.project}/topics/{topic}"
    assert live.get("expirationPolicy", {}) == {}
    changed = {**inputs, "ackDeadlineSeconds": 90, "retryPolicy": {"minimumBackoff": "20s"}}
    assert engine.up("s", SUBSCRIPTION, changed) == "update"
    assert engine.diff("s", {**inputs, "filter": ""}).replaces == ["filter"]
    assert engine.diff("s", {**changed, "topic": engine.state["t"].id}).details == {}, "the same topic by its full name"
    for name in ("s", "t", "dead"):
        engine.delete(name)


def test_what_the_service_fills_in_is_no_difference(engine: Engine, unique: Unique) -> None:
    engine.up("t", TOPIC, {"name": unique("topic")})
    inputs = {
        "name": unique("push"),
        "topic": engine.state["t"].id,
        "pushConfig": {"pushEndpoint": "https://example.com/p"},
    }
    engine.up("s", SUBSCRIPTION, inputs)
    assert engine.state["s"].outputs["ackDeadlineSeconds"] == 10
    assert engine.state["s"].outputs["messageRetentionDuration"] == "604800s"
    settled(engine, "s", inputs)
    imported = engine.import_("i", SUBSCRIPTION, engine.state["s"].id)
    assert imported is not None
    assert engine.diff("i", inputs).details == {}
    engine.delete("s")
    engine.delete("t")


def test_schema(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    def definition(*fields: str) -> str:
        listed = ", ".join(f'{{"name": "{field}", "type": "string", "default": ""}}' for field in fields)
        return f'{{"type": "record", "name": "E", "fields": [{listed}]}}'

    token = "gcp:pubsub/schema:Schema"
    inputs = {"name": unique("schema"), "type": "AVRO", "definition": definition("a")}
    engine.up("s", token, inputs)
    first = engine.state["s"].outputs["revisionId"]
    settled(engine, "s", inputs)
    assert engine.up("s", token, {**inputs, "definition": definition("a", "b")}) == "update"
    assert engine.state["s"].outputs["revisionId"] != first
    path = f"/v1/{engine.state['s'].id}"
    engine.delete("s")
    assert emulator.request("GET", path)[0] == 404
