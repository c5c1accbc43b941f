"""A resource's life by Terraform's calls."""

from collections.abc import Callable
from typing import Any

import pytest

from emulator.provider.terraform.packing import pack, unpack
from emulator.provider.terraform.service import Service
from emulator.provider.terraform.wire import CALLS, MESSAGES
from emulator.provider.values import UNKNOWN
from tests.support.emulator import RunningEmulator
from tests.support.endpoints import ENDPOINTS

TOPIC = "google_pubsub_topic"
Call = Callable[..., Any]


def value(of: Any) -> dict[str, bytes]:
    return {"msgpack": pack(of)}


def opened(of: Any) -> Any:
    return unpack(of.msgpack)


def caller(service: Service) -> Call:
    """Calls a service, with messages that have gone over the wire."""

    def call(name: str, **fields: Any) -> Any:
        asked, answered = CALLS[name]
        request = MESSAGES[asked].FromString(MESSAGES[asked](**fields).SerializeToString())
        return MESSAGES[answered].FromString(getattr(service, name)(request).SerializeToString())

    return call


@pytest.fixture
def call(emulator: RunningEmulator) -> Call:
    """Calls of a provider that is configured for the shared emulator."""
    made = caller(Service())
    config = {f"{name}_custom_endpoint": f"{emulator.base_url}/{ENDPOINTS[name]}" for name in ("pubsub", "storage")}
    own = {"project": emulator.project, "access_token": emulator.owner_token}
    answer = made("ConfigureProvider", config=value(config | own))
    assert ["stand-in" in each.summary for each in answer.diagnostics] == [True]
    return made


def planned(call: Call, config: dict[str, Any], prior: Any = None) -> Any:
    """The plan of a topic."""
    return call(
        "PlanResourceChange",
        type_name=TOPIC,
        prior_state=value(prior),
        proposed_new_state=value(config),
        config=value(config),
    )


def applied(call: Call, config: dict[str, Any] | None, prior: Any = None) -> Any:
    """What is made of a topic."""
    return call(
        "ApplyResourceChange",
        type_name=TOPIC,
        prior_state=value(prior),
        planned_state=value(config),
        config=value(config),
    )


def test_a_topic_is_planned_made_changed_read_and_deleted(call: Call, unique: Callable[[str], str]) -> None:
    config = {"name": unique("terraform"), "labels": {"a": "b"}}
    plan = opened(planned(call, config).planned_state)
    assert plan["id"] is UNKNOWN
    assert plan["effective_labels"] == {"a": "b", "goog-terraform-provisioned": "true"}
    state = opened(applied(call, config).new_state)
    assert state["id"].endswith(f"/topics/{config['name']}")
    assert opened(planned(call, config, state).planned_state) == state
    longer = {**config, "message_retention_duration": "600s"}
    change = planned(call, longer, state)
    assert list(change.requires_replace) == []
    state = opened(applied(call, longer, state).new_state)
    assert state["message_retention_duration"] == "600s"
    renamed = planned(call, {**longer, "name": "other"}, state)
    assert [each.attribute_name for path in renamed.requires_replace for each in path.steps] == ["name"]
    read = call("ReadResource", type_name=TOPIC, current_state=value(state))
    assert opened(read.value) == state
    found = call("ImportResourceState", type_name=TOPIC, id=state["id"])
    assert opened(found.imported_resources[0].state)["name"] == config["name"]
    assert opened(applied(call, None, state).new_state) is None
    assert opened(call("ReadResource", type_name=TOPIC, current_state=value(state)).value) is None


def test_a_refusal_is_a_sentence_and_leaves_the_state_as_it_was(call: Call, emulator: RunningEmulator) -> None:
    answer = applied(call, {"name": "no"})
    assert [each.summary.partition(":")[0] for each in answer.diagnostics] == [f"{TOPIC} was not created"]
    assert opened(answer.new_state) is None
    answer = call("ImportResourceState", type_name=TOPIC, id=f"projects/{emulator.project}/topics/none-such")
    assert "there is no such resource" in answer.diagnostics[0].summary


def test_arguments_are_checked_before_anything_is_planned() -> None:
    call = caller(Service())
    problems = call("ValidateResourceConfig", type_name=TOPIC, config=value({"name": UNKNOWN, "labels": "none"}))
    assert [each.summary for each in problems.diagnostics] == [
        f"{TOPIC}, argument labels: an object is wanted, not a text"
    ]


def test_it_leads_to_this_machine_only() -> None:
    call = caller(Service())
    answer = call("ConfigureProvider", config=value({"pubsub_custom_endpoint": "https://pubsub.googleapis.com/v1/"}))
    assert "talks only to the emulator on this machine" in answer.diagnostics[0].summary
    assert "not configured" in planned(call, {"name": "n"}).diagnostics[0].summary
