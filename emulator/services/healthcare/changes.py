"""What follows a change in a store, in its transaction: notifications, and what streams will tell BigQuery."""

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emulator.services.healthcare import notifications
from emulator.services.healthcare.transfer import streams
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context


def announce(context: "Context", tx: sqlite3.Connection, store: Resource, changes: Sequence[Any]) -> None:
    """Publish and queue, in the transaction of the changes, what a store's settings ask for.

    A change is whatever the `message` and `stream` of the store's kind take.
    """
    if changes:
        notifications.publish(context, tx, store, changes)
        streams.queue(context, tx, store, changes)
