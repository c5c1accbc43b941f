"""An HL7v2 store and a message in it as the code hands them around."""

import base64
import hmac
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from emulator.errors import ApiError, not_found
from emulator.hl7v2 import message, parsed
from emulator.hl7v2.schemas.layers import Package, package_of
from emulator.services.healthcare import keys, zones
from emulator.services.healthcare.names import DATASET
from emulator.state import data_keys
from emulator.state.data_keys import DataKeys
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
KIND = "healthcare.hl7V2Stores"
_KEPT = 256
"""Stores whose schemas are kept ready."""


@dataclass(frozen=True, slots=True)
class Store:
    """A store with what bears on its messages."""

    resource: Resource
    zone: tzinfo
    """Of its dataset: that of send times without an offset."""
    package: Package | None
    """Its schemas, None where messages are not schematized."""
    keys: DataKeys | None = None
    """Those that encrypt messages on the disk, None where nothing does."""

    @property
    def name(self) -> str:
        """projects/P/locations/L/datasets/D/hl7V2Stores/S."""
        return self.resource.name

    @property
    def parser(self) -> Json:
        """Its parserConfig."""
        found: Json = self.resource.body.get("parserConfig") or {}
        return found

    @property
    def version(self) -> str:
        """The version of its parser: V1, V2 or V3."""
        return version_of(self.parser)

    @property
    def terminator(self) -> bytes:
        """What its messages' segments are separated by."""
        return base64.b64decode(self.parser.get("segmentTerminator") or "") or message.TERMINATOR

    @property
    def rejects_duplicates(self) -> bool:
        """Whether a message can't be sent twice."""
        return bool(self.resource.body.get("rejectDuplicateMessage"))


@dataclass(frozen=True, slots=True)
class Key:
    """A store's number in the tables, and what makes names of messages."""

    number: int
    secret: bytes

    def id_of(self, raw: bytes) -> str:
        """The id of a message: 44 characters, the same for the same bytes."""
        return base64.urlsafe_b64encode(hmac.digest(self.secret, raw, "sha256")).decode()

    def acknowledgement_of(self, identifier: str) -> str:
        """The control id of a message's ACK: a UUID, as Google's are, always the same."""
        digest = hmac.digest(self.secret, identifier.encode(), "sha256")
        return str(UUID(bytes=digest[:16], version=4))


@dataclass(frozen=True, slots=True)
class State:
    """What changes of a message. Times are microseconds since 1970."""

    live: bool
    changed: int
    created: int
    operation: str
    labels: str
    """JSON."""


@dataclass(frozen=True, slots=True)
class Row:
    """A message but for its bytes."""

    number: int
    id: str
    state: State
    sent: int
    type: str
    facility: str
    size: int
    """Of its bytes."""


@dataclass(frozen=True, slots=True)
class Body:
    """A message's bytes, the terminator of its segments, and its schematizedData as JSON, "" for none."""

    raw: bytes
    terminator: bytes
    schematized: bytes


COLUMNS = "m.number, m.id, m.live, m.changed, m.created, m.operation, m.labels, m.sent, m.type, m.facility, m.size"
"""What `row_of` takes, of hl7v2_messages m."""


def row_of(values: Sequence[Any]) -> Row:
    """A row of COLUMNS."""
    number, identifier, live, changed, created, operation, labels, *rest = values
    return Row(number, identifier, State(bool(live), changed, created, operation, labels), *rest)


def version_of(parser: Json) -> str:
    """The version that a parserConfig names; unspecified is V1 (its description)."""
    return parser["version"] if parser.get("version") in (parsed.V2, parsed.V3) else parsed.V1


def opened(context: "Context", name: str, tx: sqlite3.Connection | None = None) -> Store:
    """The store of that name; 404 where there is none. Inside a write, pass its tx."""
    resource = context.resources.require(KIND, name, tx)
    dataset = context.resources.get(DATASET, resource.parent, tx)
    zone = zones.of_name(dataset.body.get("timeZone", "") if dataset is not None else "")
    return Store(resource, zone, _package(context, resource), context.blobs.keys)


def _package(context: "Context", resource: Resource) -> Package | None:
    """The schemas of a store, which are read once for each of its settings."""
    schema = (resource.body.get("parserConfig") or {}).get("schema")
    if schema is None:
        return None
    kept: dict[str, tuple[str, Package]] = context.extensions.setdefault("healthcare.hl7v2.schemas", {})
    etag, package = kept.get(resource.name, ("", None))
    if package is None or etag != resource.etag:
        if len(kept) >= _KEPT:
            kept.clear()
        package = package_of(schema)
        kept[resource.name] = (resource.etag, package)
    return package


def key_of(reader: sqlite3.Connection, name: str) -> Key | None:
    """A store's key, None before its first message."""
    row = reader.execute("SELECT key, secret FROM hl7v2_stores WHERE name = ?", (name,)).fetchone()
    return None if row is None else Key(row[0], row[1])


def key_in(tx: sqlite3.Connection, name: str) -> Key:
    """A store's key, which it gets where it has none."""
    found = key_of(tx, name)
    if found is not None:
        return found
    secret = secrets.token_bytes(32)
    made = tx.execute("INSERT INTO hl7v2_stores(name, secret) VALUES(?,?)", (name, secret))
    return Key(int(made.lastrowid or 0), secret)


def find(reader: sqlite3.Connection, store: str, identifier: str) -> Row | None:
    """A message that is there, by its id; None for one that is not."""
    sql = (
        f"SELECT {COLUMNS} FROM hl7v2_stores s JOIN hl7v2_messages m ON m.store = s.key"  # noqa: S608 (our own names)
        " WHERE s.name = ? AND m.id = ? AND m.live"
    )
    row = reader.execute(sql, (store, identifier)).fetchone()
    return None if row is None else row_of(row)


def require(reader: sqlite3.Connection, name: str) -> Row:
    """A message by its name; 404 where it is not there."""
    store, _, identifier = name.partition("/messages/")
    found = find(reader, store, identifier)
    if found is None:
        raise _missing(name)
    return found


def _missing(name: str) -> ApiError:
    return not_found(f"Resource not found: {name}.")


def keeping_of(context: "Context", name: str, tx: sqlite3.Connection) -> Callable[[bytes], bytes | str]:
    """What makes of a message's bytes in a store what its row holds: the same, or encrypted where that is asked for."""
    return partial(data_keys.kept, context.blobs.keys, keys.version_for_data(context, name, tx))


def body_of(reader: sqlite3.Connection, store: Store, row: Row) -> Body:
    """The body of a message; 404 where both went after the row was read, 400 where its key is closed."""
    sql = "SELECT raw, terminator, schematized FROM hl7v2_bodies WHERE number = ?"
    found = reader.execute(sql, (row.number,)).fetchone()
    if found is None:
        raise _missing(f"{store.name}/messages/{row.id}")
    raw, terminator, schematized = found
    return Body(data_keys.read(store.keys, raw), terminator, data_keys.read(store.keys, schematized))
