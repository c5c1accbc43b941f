"""Messages and what each subscription still has to deliver, in SQLite."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from emulator.services.pubsub.filters import compile_filter
from emulator.services.pubsub.queues import Entry

if TYPE_CHECKING:
    from emulator.context import Context

OVERHEAD = 200  # of a message in an answer: its id, its ack id, its time, the frame around them
SCHEMA = """
CREATE TABLE IF NOT EXISTS pubsub_messages(
    id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, data BLOB NOT NULL, attributes BLOB NOT NULL,
    ordering_key TEXT NOT NULL, published REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS pubsub_deliveries(
    subscription TEXT NOT NULL, message INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY(subscription, message)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pubsub_deliveries_message ON pubsub_deliveries(message);
CREATE TABLE IF NOT EXISTS pubsub_links(
    topic TEXT NOT NULL, subscription TEXT NOT NULL, filter TEXT NOT NULL, PRIMARY KEY(topic, subscription)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class NewMessage:
    """What a publisher hands in."""

    data: bytes
    attributes: dict[str, str] = field(default_factory=dict)
    ordering_key: str = ""


@dataclass(frozen=True)
class Message(NewMessage):
    """A stored message; published is seconds since 1970."""

    id: int = 0
    published: float = 0.0


def insert(
    tx: sqlite3.Connection, context: Context, topic: str, messages: list[NewMessage]
) -> tuple[list[int], dict[str, list[Entry]]]:
    """Store messages for every subscription of the topic whose filter they pass.

    Returns their ids, and per subscription what it has to deliver.
    """
    links = tx.execute("SELECT subscription, filter FROM pubsub_links WHERE topic = ?", (topic,)).fetchall()
    filters = [(row["subscription"], compile_filter(row["filter"]) if row["filter"] else None) for row in links]
    now = context.clock.seconds()
    ids: list[int] = []
    fresh: dict[str, list[Entry]] = {}
    for message in messages:
        attributes = orjson.dumps(message.attributes)
        cursor = tx.execute(
            "INSERT INTO pubsub_messages(topic, data, attributes, ordering_key, published) VALUES(?,?,?,?,?)",
            (topic, message.data, attributes, message.ordering_key, now),
        )
        message_id = int(cursor.lastrowid or 0)
        ids.append(message_id)
        size = len(message.data) + len(attributes) + OVERHEAD
        for subscription, keep in filters:
            if keep is None or keep(message.attributes):
                fresh.setdefault(subscription, []).append(Entry(message_id, message.ordering_key, size))
    for subscription, wanted in fresh.items():
        tx.executemany(
            "INSERT INTO pubsub_deliveries(subscription, message) VALUES(?,?)",
            [(subscription, entry.message) for entry in wanted],
        )
    _drop_undeliverable(tx, ids)
    return ids, fresh


def _drop_undeliverable(tx: sqlite3.Connection, ids: list[int]) -> None:
    tx.executemany(
        "DELETE FROM pubsub_messages WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM pubsub_deliveries WHERE message = ?1)",
        [(i,) for i in ids],
    )


def acknowledge(tx: sqlite3.Connection, subscription: str, ids: list[int]) -> None:
    """Forget deliveries, and the messages that nobody waits for any more."""
    tx.executemany(
        "DELETE FROM pubsub_deliveries WHERE subscription = ? AND message = ?", [(subscription, i) for i in ids]
    )
    _drop_undeliverable(tx, ids)


def save_attempts(tx: sqlite3.Connection, subscription: str, attempts: list[tuple[int, int]]) -> None:
    """Keep (message id, deliveries so far) over a restart."""
    tx.executemany(
        "UPDATE pubsub_deliveries SET attempts = ? WHERE subscription = ? AND message = ?",
        [(count, subscription, message_id) for message_id, count in attempts],
    )


def load(context: Context, ids: list[int]) -> dict[int, Message]:
    """The stored messages of those ids."""
    found: dict[int, Message] = {}
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        marks = ",".join("?" * len(part))
        for row in context.db.all(f"SELECT * FROM pubsub_messages WHERE id IN ({marks})", part):  # noqa: S608 only marks
            found[row["id"]] = Message(
                data=row["data"],
                attributes=orjson.loads(row["attributes"]),
                ordering_key=row["ordering_key"],
                id=row["id"],
                published=row["published"],
            )
    return found


def backlog(context: Context, subscription: str) -> list[Entry]:
    """What is still to deliver, oldest first."""
    rows = context.db.all(
        "SELECT d.message, m.ordering_key, length(m.data) + length(m.attributes), d.attempts FROM pubsub_deliveries d "
        "JOIN pubsub_messages m ON m.id = d.message WHERE d.subscription = ? ORDER BY d.message",
        (subscription,),
    )
    return [Entry(row[0], row[1], row[2] + OVERHEAD, row[3]) for row in rows]


def expired(tx: sqlite3.Connection, subscription: str, before: float) -> list[int]:
    """Drop what was published before that time and never acknowledged; returns the ids."""
    rows = tx.execute(
        "SELECT d.message FROM pubsub_deliveries d JOIN pubsub_messages m ON m.id = d.message "
        "WHERE d.subscription = ? AND m.published < ?",
        (subscription, before),
    ).fetchall()
    ids = [row[0] for row in rows]
    acknowledge(tx, subscription, ids)
    return ids


def forget_subscription(tx: sqlite3.Connection, subscription: str) -> None:
    """Drop a deleted subscription's link and backlog."""
    ids = [r[0] for r in tx.execute("SELECT message FROM pubsub_deliveries WHERE subscription = ?", (subscription,))]
    acknowledge(tx, subscription, ids)
    tx.execute("DELETE FROM pubsub_links WHERE subscription = ?", (subscription,))


def link(tx: sqlite3.Connection, topic: str, subscription: str, text: str) -> None:
    """From now on the topic's messages that pass the filter go to the subscription."""
    tx.execute("INSERT OR REPLACE INTO pubsub_links VALUES(?,?,?)", (topic, subscription, text))


def unlink_topic(tx: sqlite3.Connection, topic: str) -> None:
    """The topic is gone; its subscriptions keep their backlog (their topic reads _deleted-topic_)."""
    tx.execute("DELETE FROM pubsub_links WHERE topic = ?", (topic,))
