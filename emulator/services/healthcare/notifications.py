"""Pub/Sub notifications of a store's changes, published in the transaction of the change."""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from emulator.services.healthcare import agent
from emulator.services.healthcare.stores import registry, settings
from emulator.services.healthcare.stores.kind import Message
from emulator.services.pubsub import api
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context


def time_of(moment: datetime) -> str:
    """The attribute lastUpdatedTime of a moment in UTC: "Mon, 01 Jan 2020 00:00:00 UTC"."""
    return format_datetime(moment).replace("+0000", "UTC")


def publish(context: "Context", tx: sqlite3.Connection, store: Resource, changes: Sequence[Any]) -> None:
    """Tell the topics of a store's settings of its changes, in the form of its kind.

    A topic that is gone or closed to the service agent does not fail the change: the failure is logged.
    """
    kind = registry.of_store(store.name)
    wanted: dict[str, list[Message]] = defaultdict(list)
    for config in settings.notification_configs(store.body):
        made = (kind.message(store.name, config, change) for change in changes)
        wanted[config.topic] += (message for message in made if message is not None)
    for topic, messages in wanted.items():
        if messages:
            _publish(context, tx, store.name, topic, messages)


def _publish(context: "Context", tx: sqlite3.Connection, store: str, topic: str, messages: list[Message]) -> None:
    problem = api.publish_as(tx, context, agent.principal(context, store), topic, messages)
    if problem is not None:
        code, message = problem.rpc_code, problem.message
        context.logs.write_in(tx, agent.log_entry(store, "PubsubNotificationLogEntry", code, message, source=topic))
