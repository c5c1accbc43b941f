"""What a kind of store says about itself. All that stores share asks it, and knows no kind by name."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError
from emulator.gateway.discovery import Method
from emulator.gateway.request import Request, Response
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
Message = tuple[bytes, dict[str, str]]
"""The data and the attributes of a Pub/Sub message."""


@dataclass(frozen=True, slots=True)
class NotificationConfig:
    """One topic that is told of a store's changes, with all settings for it.

    older says that they are the store's notificationConfig, not one of its notificationConfigs.
    """

    topic: str
    settings: Json
    older: bool


@dataclass(frozen=True)
class Stream:
    """How changes of a kind of store reach BigQuery.

    uri      streamConfig -> the URI of its destination, which tells the store's configs apart
    payload  (streamConfig, change) -> what is kept of the change until it is delivered; None for one that is not meant
    append   writes payloads, oldest first, to a streamConfig's destination: (context, store's name, config, payloads).
             An ApiError below 500 is logged and ends it; what else is raised is tried again
    """

    uri: Callable[[Json], str]
    payload: Callable[[Json, Any], bytes | None]
    append: Callable[[Context, str, Json, Sequence[bytes]], Awaitable[None]]


def _takes_all(_old: Json | None, _new: Json) -> None:
    return None


def _allows_all(_request: Request, _old: Json | None, _new: Json) -> None:
    return None


def _as_wanted(_old: Json, new: Json) -> Json:
    return new


def _entails_nothing(_tx: sqlite3.Connection, _store: str, _settings: Json) -> None:
    return None


def _holds_nothing(_context: Context, _tx: sqlite3.Connection, _store: str) -> None:
    return None


def _encrypts_nothing(_context: Context, _tx: sqlite3.Connection, _store: Resource, _start: bytes) -> None:
    return None


def _in_json(_method: Method, _error: ApiError) -> Response | None:
    return None


def _silent(_store: str, _config: NotificationConfig, _change: Any) -> Message | None:
    return None


@dataclass(frozen=True)
class StoreKind:
    """One kind of store.

    name        its word in Cloud Logging: "dicom" for the log healthcare.googleapis.com/dicom, the resource type
                healthcare_dicom_store and the label dicom_store_id
    collection  its segment in names and in method ids: "dicomStores"
    schema      SQL of its tables (CREATE ... IF NOT EXISTS)
    immutable   fields that a patch may not change
    check       (settings before, None for a new store; settings wanted): raises 400 for what Google refuses, beyond
                the labels and topics that every kind has
    empty       (context, tx, store's name): deletes all that a store holds, when it goes or its dataset does
    data        what the ids of its data-plane methods begin with after the collection: ("dicomWeb.", "studies.").
                Those count as data access in audit logs
    word_error  the answer for an error of a data-plane method; None for one that is in Google's JSON
    message     (store's name, notification config, change) -> its message; None where the config wants none
    stream      how changes reach BigQuery; None where they don't
    kept        (settings before, settings wanted) -> settings as they are kept: what only the server sets stays
    patched     (tx, store's name, new settings): does what a patch entails, in its transaction
    allowed     (request, settings before, settings wanted): raises for other resources that settings name and that are
                not as they must be
    erase       (context, tx, store, start): takes out of a store what begins so in its rows, because the version of a
                key that encrypted it is destroyed; nobody is told
    """

    name: str
    collection: str
    schema: str = ""
    immutable: frozenset[str] = frozenset()
    check: Callable[[Json | None, Json], None] = _takes_all
    empty: Callable[[Context, sqlite3.Connection, str], None] = _holds_nothing
    data: tuple[str, ...] = ()
    word_error: Callable[[Method, ApiError], Response | None] = _in_json
    message: Callable[[str, NotificationConfig, Any], Message | None] = _silent
    stream: Stream | None = None
    kept: Callable[[Json, Json], Json] = _as_wanted
    patched: Callable[[sqlite3.Connection, str, Json], None] = _entails_nothing
    allowed: Callable[[Request, Json | None, Json], None] = _allows_all
    erase: Callable[[Context, sqlite3.Connection, Resource, bytes], None] = _encrypts_nothing

    @property
    def resource(self) -> str:
        """The kind of its stores in the table of resources."""
        return f"healthcare.{self.collection}"

    @property
    def log(self) -> str:
        """The id of its log in a logName."""
        return f"healthcare.googleapis.com%2F{self.name}"

    @property
    def log_type(self) -> str:
        """The type of the monitored resource that its log entries are of."""
        return f"healthcare_{self.name}_store"

    @property
    def log_label(self) -> str:
        """The label of that resource which holds a store's id."""
        return f"{self.name}_store_id"
