"""Messages and who keeps them, in SQLite.

A holder of messages is a subscription that has them to deliver, what a subscription has acknowledged and retains, a
snapshot, or a topic with a retention of its own. A message that nobody holds any more is deleted.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from emulator.errors import ApiError
from emulator.services.pubsub.filters import compile_filter
from emulator.services.pubsub.queues import PAGE, Entry
from emulator.state import data_keys

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
    tx: sqlite3.Connection, context: Context, topic: str, messages: list[NewMessage], version: str = ""
) -> tuple[list[int], dict[str, list[Entry]]]:
    """Store messages for every subscription of the topic whose filter they pass.

    version is that of the topic's key, by name, "" for none. Returns their ids, and per subscription what it has to
    deliver.
    """
    links = tx.execute("SELECT subscription, filter FROM pubsub_links WHERE topic = ?", (topic,)).fetchall()
    filters = [(row["subscription"], compile_filter(row["filter"]) if row["filter"] else None) for row in links]
    now, keys = context.clock.seconds(), context.blobs.keys
    ids: list[int] = []
    fresh: dict[str, list[Entry]] = {}
    for message in messages:
        attributes = orjson.dumps(message.attributes)
        cursor = tx.execute(
            "INSERT INTO pubsub_messages(topic, data, attributes, ordering_key, published) VALUES(?,?,?,?,?)",
            (
                topic,
                data_keys.kept(keys, version, message.data),
                data_keys.text_kept(keys, version, attributes),
                message.ordering_key,
                now,
            ),
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
    kept = {entry.message for wanted in fresh.values() for entry in wanted}
    _drop_undeliverable(tx, [one for one in ids if one not in kept])
    return ids, fresh


def _drop_undeliverable(tx: sqlite3.Connection, ids: list[int]) -> None:
    tx.executemany(
        "DELETE FROM pubsub_messages WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM pubsub_deliveries WHERE message = ?1)",
        [(i,) for i in ids],
    )


def acknowledge(tx: sqlite3.Connection, subscription: str, ids: list[int], retain: bool = False) -> None:
    """Forget deliveries, and the messages that nobody keeps any more; `retain` keeps them for a seek."""
    if retain:
        tx.executemany(
            "INSERT OR IGNORE INTO pubsub_deliveries(subscription, message) "
            "SELECT ?, message FROM pubsub_deliveries WHERE subscription = ? AND message = ?",
            [(acknowledged_of(subscription), subscription, i) for i in ids],
        )
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


def load(context: Context, ids: list[int]) -> dict[int, Message | None]:
    """The stored messages of those ids; None for those whose data are encrypted by a version that is closed."""
    found: dict[int, Message | None] = {}
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        marks = ",".join("?" * len(part))
        for row in context.db.all(f"SELECT * FROM pubsub_messages WHERE id IN ({marks})", part):  # noqa: S608 only marks
            found[row["id"]] = _message(context, row)
    return found


def _message(context: Context, row: sqlite3.Row) -> Message | None:
    try:
        data = data_keys.read(context.blobs.keys, row["data"])
        attributes = orjson.loads(data_keys.text_read(context.blobs.keys, row["attributes"]))
    except ApiError:
        return None
    return Message(data, attributes, row["ordering_key"], id=row["id"], published=row["published"])


def backlog(context: Context, subscription: str, tx: sqlite3.Connection | None = None, after: int = 0) -> list[Entry]:
    """The first page of what is still to deliver after a message's id, oldest first. Inside a write, pass its tx."""
    rows = (tx or context.db.reader).execute(
        "SELECT d.message, m.ordering_key, length(m.data) + length(m.attributes), d.attempts FROM pubsub_deliveries d "
        "JOIN pubsub_messages m ON m.id = d.message WHERE d.subscription = ? AND d.message > ? "
        "ORDER BY d.message LIMIT ?",
        (subscription, after, PAGE),
    )
    return [Entry(row[0], row[1], row[2] + OVERHEAD, row[3]) for row in rows]


def expired(tx: sqlite3.Connection, holder: str, before: float) -> list[int]:
    """Drop what a holder has of messages that were published before that time; returns the ids."""
    rows = tx.execute(
        "SELECT d.message FROM pubsub_deliveries d JOIN pubsub_messages m ON m.id = d.message "
        "WHERE d.subscription = ? AND m.published < ?",
        (holder, before),
    ).fetchall()
    ids = [row[0] for row in rows]
    acknowledge(tx, holder, ids)
    return ids


def holders(context: Context) -> list[str]:
    """Who keeps messages now."""
    return [row[0] for row in context.db.all("SELECT DISTINCT subscription FROM pubsub_deliveries")]


def acknowledged_of(subscription: str) -> str:
    """The holder of what a subscription has acknowledged and retains."""
    return f"{subscription}:acknowledged"


def subscription_of(holder: str) -> str:
    """The subscription (or topic) that a holder belongs to."""
    return holder.partition(":")[0]


def oldest(context: Context, subscription: str) -> float:
    """When the oldest message of a backlog was published, in seconds since 1970; 0 for none."""
    row = context.db.one(
        "SELECT min(m.published) FROM pubsub_deliveries d JOIN pubsub_messages m ON m.id = d.message "
        "WHERE d.subscription = ?",
        (subscription,),
    )
    return float(row[0] or 0.0) if row is not None else 0.0


def copy_backlog(tx: sqlite3.Connection, subscription: str, holder: str) -> None:
    """Let another holder keep what a subscription has to deliver."""
    tx.execute(
        "INSERT OR IGNORE INTO pubsub_deliveries(subscription, message) "
        "SELECT ?, message FROM pubsub_deliveries WHERE subscription = ?",
        (holder, subscription),
    )


def held(tx: sqlite3.Connection, names: list[str], since: float = 0.0) -> list[int]:
    """The messages that one of those holders keeps and that were published at that time or later, oldest first."""
    marks = ",".join("?" * len(names))
    rows = tx.execute(
        f"SELECT DISTINCT d.message FROM pubsub_deliveries d JOIN pubsub_messages m ON m.id = d.message "  # noqa: S608
        f"WHERE d.subscription IN ({marks}) AND m.published >= ? ORDER BY d.message",
        (*names, since),
    )
    return [row[0] for row in rows]


def replace_backlog(
    context: Context, tx: sqlite3.Connection, subscription: str, due: list[int], text: str, retain: bool
) -> None:
    """Make a subscription's backlog those of the messages that pass its filter; all others are acknowledged."""
    wanted = set(_passing(context, tx, due, text))
    before = {r[0] for r in tx.execute("SELECT message FROM pubsub_deliveries WHERE subscription = ?", (subscription,))}
    insert = "INSERT OR IGNORE INTO pubsub_deliveries(subscription, message) VALUES(?,?)"
    tx.executemany(insert, [(subscription, message) for message in sorted(wanted - before)])
    tx.execute("UPDATE pubsub_deliveries SET attempts = 0 WHERE subscription = ?", (subscription,))
    acknowledge(tx, subscription, sorted(before - wanted), retain)
    forget = "DELETE FROM pubsub_deliveries WHERE subscription = ? AND message = ?"
    tx.executemany(forget, [(acknowledged_of(subscription), message) for message in wanted])


def _passing(context: Context, tx: sqlite3.Connection, ids: list[int], text: str) -> list[int]:
    """Those of the messages that pass a filter, and those of which that can't be told: their version is closed."""
    if not text:
        return ids
    keep, read = compile_filter(text), "SELECT attributes FROM pubsub_messages WHERE id = ?"

    def passes(message: int) -> bool:
        try:
            attributes = data_keys.text_read(context.blobs.keys, tx.execute(read, (message,)).fetchone()[0])
        except ApiError:
            return True
        return keep(orjson.loads(attributes))

    return [one for one in ids if passes(one)]


def forget_holder(tx: sqlite3.Connection, holder: str) -> None:
    """Drop a holder's links and all that it keeps."""
    ids = [r[0] for r in tx.execute("SELECT message FROM pubsub_deliveries WHERE subscription = ?", (holder,))]
    acknowledge(tx, holder, ids)
    tx.execute("DELETE FROM pubsub_links WHERE subscription = ?", (holder,))


def forget_subscription(tx: sqlite3.Connection, subscription: str) -> None:
    """Drop a subscription's link, its backlog, and what it has acknowledged and retains."""
    forget_holder(tx, subscription)
    forget_holder(tx, acknowledged_of(subscription))


def link(tx: sqlite3.Connection, topic: str, holder: str, text: str) -> None:
    """From now on the topic's messages that pass the filter go to the holder."""
    tx.execute("INSERT OR REPLACE INTO pubsub_links VALUES(?,?,?)", (topic, holder, text))


def linked(context: Context, topic: str, segment: str) -> list[str]:
    """The names of a topic's subscriptions ("/subscriptions/") or snapshots ("/snapshots/"), in order."""
    rows = context.db.all("SELECT subscription FROM pubsub_links WHERE topic = ? ORDER BY 1", (topic,))
    return [row["subscription"] for row in rows if segment in row["subscription"]]


def unlink_topic(tx: sqlite3.Connection, topic: str) -> None:
    """The topic is gone; its subscriptions keep their backlog (their topic reads _deleted-topic_)."""
    forget_holder(tx, topic)
    tx.execute("DELETE FROM pubsub_links WHERE topic = ?", (topic,))
