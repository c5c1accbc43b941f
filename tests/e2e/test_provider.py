"""What the stand-in provider does for a program, as the engine shows it (the resources: tests/emulator/provider)."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.conftest import PROJECT, MakeStack, declare

_LOCATION = f"/v1/projects/{PROJECT}/locations"


def topic(name: str, **args: Any) -> dict[str, Any]:
    """A topic of the small program, its logical name `topic`."""
    return {"type": "pubsub.Topic", "name": "topic", "args": {"name": name, **args}}


def dataset(location: str) -> dict[str, Any]:
    """A healthcare dataset of the small program."""
    return {"type": "healthcare.Dataset", "name": "dataset", "args": {"name": "moved", "location": location}}


STORE = {"type": "healthcare.DicomStore", "name": "store", "args": {"name": "s", "dataset": {"of": "dataset.id"}}}


def test_changes_in_place_replacements_and_drift(small_stack: MakeStack) -> None:
    stack = small_stack(topic("changing", labels={"team": "imaging"}), dataset("us-central1"), STORE)
    created = stack.up()
    assert created.changed == {"create": 4}
    assert created.output.count(f"is this project's stand-in, for the emulator at 127.0.0.1:{stack.emulator.port} only")
    declare(stack, topic("changing", labels={"team": "radiology"}), dataset("europe-west4"), STORE)
    previewed = stack.preview()
    assert previewed.changed == {"update": 1, "replace": 2}
    changed = stack.up()
    assert changed.changed == {"update": 1, "replace": 2}
    detailed = changed.steps("update")["topic"]["detailedDiff"]
    assert detailed == {"labels.team": {"diffKind": "update", "inputDiff": False}}
    assert stack.resource("store")["id"] == f"projects/{PROJECT}/locations/europe-west4/datasets/moved/dicomStores/s"
    assert stack.emulator.request("GET", f"{_LOCATION}/us-central1/datasets/moved")[0] == 404
    path = f"/v1/projects/{PROJECT}/topics/changing"
    stack.emulator.request("PATCH", path, {"topic": {"labels": {"team": "other"}}, "updateMask": "labels"})
    stack.emulator.request("DELETE", f"{_LOCATION}/europe-west4/datasets/moved/dicomStores/s")
    assert stack.refresh().changed == {"update": 1, "delete": 1}
    assert stack.up().changed == {"update": 1, "create": 1}
    stack.destroy()


def test_imports_and_errors(small_stack: MakeStack) -> None:
    stack = small_stack(
        topic("found", labels={"a": "1"}) | {"options": {"import_": f"projects/{PROJECT}/topics/found"}}
    )
    absent = stack.up(expect=None)
    assert "does not exist" in absent.errors
    stack.emulator.request("PUT", f"/v1/projects/{PROJECT}/topics/found", {"labels": {"a": "1"}})
    assert stack.up().changes["import"] == 1
    bucket = {"type": "storage.Bucket", "name": "landing", "args": {"name": "Not_A_Bucket!", "location": "US"}}
    declare(stack, topic("found", labels={"a": "1"}), bucket)
    failed = stack.up(expect=None)
    assert failed.code != 0
    assert "gcp:storage/bucket:Bucket landing was not created: " in failed.errors
    assert "(HTTP 400" in failed.errors
    assert "Traceback" not in failed.output
    declare(stack, topic("found", labels={"a": "1"}), topic("x") | {"name": "other", "options": {"import_": "a/b/c/d"}})
    shapes = "projects/{project}/topics/{name}, {project}/{name}, {name}"
    assert f"the id a/b/c/d is not of the form {shapes}" in stack.up(expect=None).errors
    stack.destroy()


def test_wrong_inputs_are_named_before_anything_is_done(small_stack: MakeStack) -> None:
    args = {"topic": "t", "ack_deadline_seconds": 5.5, "retry_policy": {"minimum_backof": "1s"}, "push_config": {}}
    stack = small_stack({"type": "pubsub.Subscription", "name": "wrong", "args": args})
    errors = stack.run("preview", expect=None).errors
    token = "gcp:pubsub/subscription:Subscription"
    assert f"{token}, property ackDeadlineSeconds: an integer is wanted, not a number" in errors
    assert f"{token}, property retryPolicy.minimum_backof: there is no such property; did you mean minimumB" in errors
    assert f"{token}, property pushConfig.pushEndpoint: this property is required and missing" in errors


def test_secrets_stay_secret(small_stack: MakeStack) -> None:
    channel = {
        "type": "monitoring.NotificationChannel",
        "name": "channel",
        "args": {
            "type": "slack",
            "labels": {"channel_name": "#films"},
            "sensitive_labels": {"auth_token": {"secret": "do-not-tell"}},
        },
    }
    stack = small_stack(channel, topic("secretly", labels={"team": {"secret": "hidden-label"}}))
    outcome = stack.up()
    stored = json.dumps(stack.state())
    events = json.dumps([event for event in outcome.events if "preludeEvent" not in event])  # that is the configuration
    for text in (outcome.output, events, stored):
        assert "do-not-tell" not in text
        assert "hidden-label" not in text
    assert stack.up().changed == {}
    stack.destroy()


def test_deletion_is_refused_or_left_out_where_the_program_says_so(small_stack: MakeStack) -> None:
    stack = small_stack(topic("kept", deletion_policy="PREVENT"))
    stack.up()
    refused = stack.destroy(expect=None)
    assert refused.code != 0
    assert "gcp:pubsub/topic:Topic topic was not deleted: its deletionPolicy is PREVENT" in refused.errors
    declare(stack, topic("kept", deletion_policy="ABANDON"))
    assert stack.up().changed == {"update": 1}
    stack.destroy()
    assert stack.emulator.request("GET", f"/v1/projects/{PROJECT}/topics/kept")[0] == 200


def test_objects_are_sent_again_when_their_content_changes(small_stack: MakeStack) -> None:
    bucket = {"type": "storage.Bucket", "name": "bucket", "args": {"name": "kept-notes", "location": "US"}}

    def note(text: str) -> dict[str, Any]:
        args = {"bucket": {"of": "bucket.name"}, "name": "a/b c.txt", "source": {"text": text}}
        return {"type": "storage.BucketObject", "name": "note", "args": args}

    stack = small_stack(bucket, note("one"))
    stack.up()
    assert stack.up().changed == {}
    declare(stack, bucket, note("two"))
    assert stack.up().changed == {"update": 1}
    assert stack.refresh().changed == {}
    stack.destroy()


def test_it_leaves_the_machine_for_nothing_and_says_when_nobody_answers(small_stack: MakeStack) -> None:
    stack = small_stack(topic("far"))
    config = stack.config_file.read_text()
    stack.config_file.write_text(config.replace(f"{stack.emulator.base_url}/v2/", "https://logging.googleapis.com/v2/"))
    refused = stack.run("preview", expect=None)
    assert refused.code != 0
    assert "the stand-in gcp plugin talks only to the emulator on this machine" in refused.output
    stack.config_file.write_text(config.replace(f":{stack.emulator.port}/", ":9/"))
    errors = stack.up(expect=None).errors
    assert "gcp:pubsub/topic:Topic topic was not created: the emulator does not answer at http://127.0.0.1:9" in errors
