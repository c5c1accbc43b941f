"""What ends by the emulator's clock: retained messages, snapshots, and subscriptions that nobody uses."""

from typing import Any

import pytest

from emulator.services.pubsub import retention, store
from emulator.services.pubsub.broker import SUBSCRIPTIONS, TOPICS, broker
from emulator.services.pubsub.methods import SNAPSHOTS
from emulator.services.pubsub.store import NewMessage
from tests.emulator.conftest import InProcess

TOPIC = "projects/unit-project/topics/topic"
NAME = "projects/unit-project/subscriptions/subscription"
SNAPSHOT = "projects/unit-project/snapshots/snapshot"
DAY = 86400.0


@pytest.fixture
def later(in_process: InProcess, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets so many seconds pass, and Pub/Sub look at its clock."""
    clock = in_process.emulator.clock
    real = clock.seconds
    passed = [0.0]
    monkeypatch.setattr(clock, "seconds", lambda: real() + passed[0])

    def later(seconds: float) -> None:
        passed[0] += seconds
        in_process.run(retention.tick(in_process.emulator))

    return later


def make(in_process: InProcess, kind: str, name: str, **body: Any) -> None:
    parent = "projects/unit-project"
    in_process.write(lambda tx: in_process.emulator.resources.insert(tx, kind, name, parent, {"topic": TOPIC, **body}))


def link(in_process: InProcess, holder: str) -> None:
    in_process.write(store.link, TOPIC, holder, "")


def count(in_process: InProcess) -> int:
    row = in_process.emulator.db.one("SELECT count(*) FROM pubsub_messages")
    assert row is not None
    return int(row[0])


def test_messages_go_when_nobody_retains_them(in_process: InProcess, later: Any) -> None:
    make(in_process, TOPICS, TOPIC, messageRetentionDuration="7200s")
    make(in_process, SUBSCRIPTIONS, NAME, messageRetentionDuration="3600s", retainAckedMessages=True)
    link(in_process, NAME)
    link(in_process, TOPIC)
    messages = broker(in_process.emulator)
    in_process.run(messages.publish(TOPIC, [NewMessage(b"a"), NewMessage(b"b")]))
    [(lease, _)] = in_process.run(messages.pull(NAME, 1, 0.0))
    in_process.run(messages.acknowledge(NAME, [lease.ack_id]))
    later(3500)
    assert sorted(store.holders(in_process.emulator)) == [NAME, store.acknowledged_of(NAME), TOPIC]
    later(200)
    assert store.holders(in_process.emulator) == [TOPIC]
    assert in_process.run(messages.pull(NAME, 1, 0.0)) == []
    assert count(in_process) == 2
    later(4000)
    assert count(in_process) == 0


def test_a_snapshot_goes_with_its_messages_at_its_expiry(in_process: InProcess, later: Any) -> None:
    make(in_process, TOPICS, TOPIC)
    make(in_process, SNAPSHOTS, SNAPSHOT, expireTime=in_process.emulator.clock.stamp())
    link(in_process, SNAPSHOT)
    in_process.run(broker(in_process.emulator).publish(TOPIC, [NewMessage(b"a")]))
    assert count(in_process) == 1
    later(1)
    assert in_process.emulator.resources.get(SNAPSHOTS, SNAPSHOT) is None
    assert (count(in_process), store.linked(in_process.emulator, TOPIC, "/")) == (0, [])


def test_a_subscription_that_nobody_uses_goes_after_its_ttl(in_process: InProcess, later: Any) -> None:
    make(in_process, TOPICS, TOPIC)
    for name, policy in ((NAME, {"ttl": "172800s"}), (f"{NAME}-used", {"ttl": "172800s"}), (f"{NAME}-kept", {})):
        make(in_process, SUBSCRIPTIONS, name, expirationPolicy=policy)
        link(in_process, name)
    later(DAY * 1.5)
    in_process.run(broker(in_process.emulator).pull(f"{NAME}-used", 1, 0.0))
    later(DAY)
    rows, _ = in_process.emulator.resources.list(SUBSCRIPTIONS, "projects/unit-project")
    assert [row.name for row in rows] == [f"{NAME}-kept", f"{NAME}-used"]
    assert store.linked(in_process.emulator, TOPIC, "/") == [f"{NAME}-kept", f"{NAME}-used"]
