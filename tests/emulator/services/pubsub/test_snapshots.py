"""Snapshots, seek and retention (Pub/Sub: "Replay and purge messages with seek", "Topic message retention")."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import pubsub_v1
from google.protobuf import field_mask_pb2

from tests.conftest import PROJECT
from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.filterwarnings("ignore:The return_immediately flag:DeprecationWarning")
Names = Callable[[str], str]
Subscriber = pubsub_v1.SubscriberClient
Publisher = pubsub_v1.PublisherClient


@pytest.fixture
def topic(publisher: Publisher, unique: Names) -> str:
    """A new topic's name."""
    return publisher.create_topic(name=f"projects/{PROJECT}/topics/{unique('topic')}").name


@pytest.fixture
def subscribe(subscriber: Subscriber, topic: str, unique: Names) -> Callable[..., str]:
    """Makes a subscription of the topic; its name."""

    def make(**settings: Any) -> str:
        name = f"projects/{PROJECT}/subscriptions/{unique('subscription')}"
        return subscriber.create_subscription(request={"name": name, "topic": topic, **settings}).name

    return make


@pytest.fixture
def snapshot(unique: Names) -> str:
    """A name for a snapshot."""
    return f"projects/{PROJECT}/snapshots/{unique('snapshot')}"


def publish(publisher: Publisher, topic: str, *data: bytes, **attributes: str) -> None:
    for one in data:
        publisher.publish(topic, one, **attributes).result(PATIENCE)  # type: ignore[arg-type]


def pull(subscriber: Subscriber, name: str, acknowledge: bool = True) -> list[bytes]:
    """All that a subscription has to deliver."""
    received = subscriber.pull(subscription=name, max_messages=100, return_immediately=True).received_messages
    if received and acknowledge:
        subscriber.acknowledge(subscription=name, ack_ids=[one.ack_id for one in received])
    return [one.message.data for one in received]


def test_a_snapshot_brings_back_what_was_to_deliver_and_what_came_later(
    publisher: Publisher, subscriber: Subscriber, topic: str, subscribe: Callable[..., str], snapshot: str
) -> None:
    name = subscribe()
    publish(publisher, topic, b"done")
    assert pull(subscriber, name) == [b"done"]
    publish(publisher, topic, b"waits")
    made = subscriber.create_snapshot(name=snapshot, subscription=name)
    assert (made.name, made.topic) == (snapshot, topic)
    publish(publisher, topic, b"later")
    assert pull(subscriber, name) == [b"waits", b"later"]
    subscriber.seek(request={"subscription": name, "snapshot": snapshot})
    assert pull(subscriber, name) == [b"waits", b"later"]
    other = subscribe()
    assert pull(subscriber, other) == []
    subscriber.seek(request={"subscription": other, "snapshot": snapshot})
    assert pull(subscriber, other) == [b"waits", b"later"]


def test_what_is_out_when_a_seek_comes_counts_no_more(
    publisher: Publisher, subscriber: Subscriber, topic: str, subscribe: Callable[..., str], snapshot: str
) -> None:
    """An acknowledgement of a delivery from before the seek has no effect."""
    name = subscribe()
    publish(publisher, topic, b"a")
    subscriber.create_snapshot(name=snapshot, subscription=name)
    [received] = subscriber.pull(subscription=name, max_messages=1).received_messages
    subscriber.seek(request={"subscription": name, "snapshot": snapshot})
    subscriber.acknowledge(subscription=name, ack_ids=[received.ack_id])
    assert pull(subscriber, name) == [b"a"]


def test_a_snapshot_passes_the_filter_of_who_seeks(
    publisher: Publisher, subscriber: Subscriber, topic: str, subscribe: Callable[..., str], snapshot: str
) -> None:
    name, picky = subscribe(), subscribe(filter='attributes.modality = "DX"')
    subscriber.create_snapshot(name=snapshot, subscription=name)
    publish(publisher, topic, b"no", modality="CT")
    publish(publisher, topic, b"yes", modality="DX")
    assert pull(subscriber, picky) == [b"yes"]
    subscriber.seek(request={"subscription": picky, "snapshot": snapshot})
    assert pull(subscriber, picky) == [b"yes"]


def test_snapshots_are_listed_labelled_and_deleted(
    publisher: Publisher, subscriber: Subscriber, topic: str, subscribe: Callable[..., str], snapshot: str
) -> None:
    name = subscribe()
    subscriber.create_snapshot(request={"name": snapshot, "subscription": name, "labels": {"a": "1"}})
    with pytest.raises(exceptions.AlreadyExists):
        subscriber.create_snapshot(name=snapshot, subscription=name)
    got = subscriber.get_snapshot(snapshot=snapshot)
    assert dict(got.labels) == {"a": "1"}
    week = got.expire_time - dt.datetime.now(dt.UTC)
    assert dt.timedelta(days=6, hours=23) < week <= dt.timedelta(days=7)
    assert snapshot in [one.name for one in subscriber.list_snapshots(project=f"projects/{PROJECT}")]
    assert list(publisher.list_topic_snapshots(topic=topic)) == [snapshot]
    assert list(publisher.list_topic_subscriptions(topic=topic)) == [name]
    mask = field_mask_pb2.FieldMask(paths=["labels"])
    changed = {"name": snapshot, "labels": {"a": "2"}}
    assert dict(subscriber.update_snapshot(request={"snapshot": changed, "update_mask": mask}).labels) == {"a": "2"}
    subscriber.delete_snapshot(snapshot=snapshot)
    with pytest.raises(exceptions.NotFound):
        subscriber.get_snapshot(snapshot=snapshot)
    with pytest.raises(exceptions.NotFound):
        subscriber.seek(request={"subscription": name, "snapshot": snapshot})


def test_a_snapshot_of_another_topic_is_refused(
    publisher: Publisher, subscriber: Subscriber, subscribe: Callable[..., str], snapshot: str, unique: Names
) -> None:
    subscriber.create_snapshot(name=snapshot, subscription=subscribe())
    other = publisher.create_topic(name=f"projects/{PROJECT}/topics/{unique('topic')}").name
    name = f"projects/{PROJECT}/subscriptions/{unique('subscription')}"
    subscriber.create_subscription(name=name, topic=other)
    with pytest.raises(exceptions.InvalidArgument, match="same as that of the subscription"):
        subscriber.seek(request={"subscription": name, "snapshot": snapshot})
    with pytest.raises(exceptions.InvalidArgument, match="either time or snapshot"):
        subscriber.seek(request={"subscription": name})


def test_a_seek_to_a_time_brings_back_what_is_retained(
    publisher: Publisher, subscriber: Subscriber, topic: str, subscribe: Callable[..., str]
) -> None:
    """And a seek to a time to come acknowledges everything."""
    forgets, retains = subscribe(), subscribe(retain_acked_messages=True)
    publish(publisher, topic, b"a")
    assert pull(subscriber, forgets) == pull(subscriber, retains) == [b"a"]
    publish(publisher, topic, b"b")
    past, future = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours) for hours in (-1, 1))
    for name, expected in ((forgets, [b"b"]), (retains, [b"a", b"b"])):
        subscriber.seek(request={"subscription": name, "time": past})
        assert pull(subscriber, name, acknowledge=False) == expected
        subscriber.seek(request={"subscription": name, "time": future})
        assert pull(subscriber, name) == []
        subscriber.seek(request={"subscription": name, "time": past})
    assert (pull(subscriber, forgets), pull(subscriber, retains)) == ([], [b"a", b"b"])


def test_a_topic_s_retention_reaches_behind_a_subscription_s_creation(
    publisher: Publisher, subscriber: Subscriber, topic: str, subscribe: Callable[..., str]
) -> None:
    before = subscribe()
    change = {"name": topic, "message_retention_duration": {"seconds": 600}}
    publisher.update_topic(request={"topic": change, "update_mask": {"paths": ["message_retention_duration"]}})
    shown = subscriber.get_subscription(subscription=before).topic_message_retention_duration
    assert shown == dt.timedelta(seconds=600)
    publish(publisher, topic, b"early")
    name = subscribe()
    assert pull(subscriber, name) == []
    subscriber.seek(request={"subscription": name, "time": dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)})
    assert pull(subscriber, name) == [b"early"]


def test_a_detached_subscription_has_no_messages(
    publisher: Publisher, subscriber: Subscriber, topic: str, subscribe: Callable[..., str], snapshot: str
) -> None:
    name = subscribe()
    publish(publisher, topic, b"lost")
    publisher.detach_subscription(request={"subscription": name})
    assert subscriber.get_subscription(subscription=name).detached
    assert list(publisher.list_topic_subscriptions(topic=topic)) == []
    with pytest.raises(exceptions.FailedPrecondition, match="detached"):
        pull(subscriber, name)
    with pytest.raises(exceptions.FailedPrecondition, match="detached"):
        subscriber.create_snapshot(name=snapshot, subscription=name)


def test_a_seek_to_a_snapshot_needs_rights_on_both(
    emulator: RunningEmulator, subscriber: Subscriber, subscribe: Callable[..., str], snapshot: str, unique: Names
) -> None:
    name = subscribe()
    subscriber.create_snapshot(name=snapshot, subscription=name)
    account = make_account(emulator, unique("seeker"))
    policy = {"policy": {"bindings": [{"role": "roles/pubsub.subscriber", "members": [account.member]}]}}
    path = f"/v1/{name}:seek"
    assert emulator.request("POST", path, {"snapshot": snapshot}, account.token)[0] == 403
    assert emulator.request("POST", f"/v1/{name}:setIamPolicy", policy)[0] == 200
    assert emulator.request("POST", path, {"snapshot": snapshot}, account.token)[0] == 403
    assert emulator.request("POST", f"/v1/{snapshot}:setIamPolicy", policy)[0] == 200
    assert emulator.request("POST", path, {"snapshot": snapshot}, account.token)[0] == 200
