"""messages.create and messages.ingest: a message is parsed and stored, and its sender gets it back, or an ACK, too."""

import asyncio
import base64
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.errors import ApiError, already_exists, invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.hl7v2 import acknowledging
from emulator.hl7v2.errors import MessageError
from emulator.hl7v2.timestamps import stamp_of
from emulator.services.healthcare import changes, operations, times
from emulator.services.healthcare.hl7v2 import keeping, stored, views
from emulator.services.healthcare.hl7v2.changes import Change
from emulator.services.healthcare.hl7v2.keeping import Ready
from emulator.services.healthcare.hl7v2.stored import Body, Json, Row, State, Store
from emulator.services.healthcare.labels import check_labels
from emulator.services.healthcare.names import METHODS
from emulator.services.healthcare.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

MESSAGES = f"{METHODS}.hl7V2Stores.messages"
LARGEST = 10 << 20
"""Characters of base64 (Cloud Healthcare: quotas, "HL7v2 message size")."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message that is stored, with its body, and the control id of its ACK."""

    row: Row
    body: Body
    acknowledgement: str


@SERVICE.handles(f"{MESSAGES}.create", permission="healthcare.hl7V2Messages.create")
async def create(request: Request) -> Answer:
    """Parse and store a message; 400 for what is none, 409 for one that is there in a store that takes none twice."""
    store, given = stored.opened(request.context, request.name), _given(request)
    raw = _raw(given)
    try:
        ready = await _ready(store, raw, given)
    except MessageError as problem:
        raise _invalid(problem) from None
    received = await _stored(request.context, store, ready, ingested=False)
    return await _shown(store, received, ready)


@SERVICE.handles(f"{MESSAGES}.ingest", permission="healthcare.hl7V2Messages.ingest")
async def ingest(request: Request) -> Answer:
    """The same, with an ACK; what is refused is refused with a NACK."""
    store, given = stored.opened(request.context, request.name), _given(request)
    raw = b""
    try:
        raw = _raw(given)
        ready = await _ready(store, raw, given)
        received = await _stored(request.context, store, ready, ingested=True)
    except MessageError as problem:
        raise _nacked(request, store, raw, _invalid(problem), str(problem)) from None
    except ApiError as problem:
        if problem.code >= 500:
            raise
        raise _nacked(request, store, raw, problem, problem.message) from None
    ack = acknowledging.ack(ready.message, stamp_of(received.row.state.created), received.acknowledgement)
    return {"hl7Ack": base64.b64encode(ack).decode(), "message": await _shown(store, received, ready)}


async def _shown(store: Store, received: Received, ready: Ready) -> Json:
    """A message as it is stored, which for one that was there already may be otherwise than it would be read now."""
    message = ready.message if received.body is ready.body else None
    row, body = received.row, received.body
    return await views.aside(row.size, lambda: views.shown(store.name, store.version, row, body, message=message))


def _given(request: Request) -> Json:
    message: Json | None = (request.body or {}).get("message")
    if message is None:
        raise invalid_argument("message is required: the HL7v2 message, with its bytes in message.data.")
    check_labels(message.get("labels") or {}, capitals=True)
    return message


def _raw(given: Json) -> bytes:
    data = given.get("data") or ""
    if not data:
        raise invalid_argument("message.data is required: the bytes of the HL7v2 message in base64.")
    return base64.b64decode(data)


async def _ready(store: Store, raw: bytes, given: Json) -> Ready:
    size, labels = len(given["data"]), given.get("labels") or {}
    if size > LARGEST:
        raise invalid_argument(f"message.data has {size} characters of base64; a message takes at most {LARGEST}.")
    if len(raw) < views.SMALL:
        return keeping.made_ready(store, raw, labels)
    return await asyncio.to_thread(keeping.made_ready, store, raw, labels)


async def _stored(context: "Context", store: Store, ready: Ready, *, ingested: bool) -> Received:
    return await context.db.write(lambda tx: _receive(tx, context, store, ready, ingested=ingested))


def _receive(tx: sqlite3.Connection, context: "Context", store: Store, ready: Ready, *, ingested: bool) -> Received:
    """Store a message, and tell of it; one that is there already stays as it is, and nobody is told."""
    resource = context.resources.require(stored.KIND, store.name, tx)
    key = stored.key_in(tx, store.name)
    identifier = key.id_of(ready.body.raw)
    before = keeping.known(tx, key, identifier)
    if before is not None and before.state.live:
        if store.rejects_duplicates:
            raise already_exists("The store has a message of the same bytes, and rejectDuplicateMessage is set.")
        body = stored.body_of(tx, store, before)
        return Received(before, body, key.acknowledgement_of(identifier))
    at = times.now(context)
    state = State(live=True, changed=at, created=at, operation="", labels=ready.labels)
    row = keeping.put(tx, key, ready, identifier, state, before, stored.keeping_of(context, store.name, tx))
    if resource.body.get("notificationConfigs") or resource.body.get("notificationConfig"):
        patients = frozenset(ready.message.patient_ids())
        changes.announce(context, tx, resource, [Change(row, patients, store.zone, ingested)])
    return Received(row, ready.body, key.acknowledgement_of(identifier))


def _invalid(problem: MessageError) -> ApiError:
    """The error for what is no message, in the words of its NACK, as Google has it (GoogleCloudPlatform/mllp#9)."""
    return invalid_argument(str(problem))


def _nacked(request: Request, store: Store, raw: bytes, error: ApiError, reason: str) -> ApiError:
    """An error with the NACK that goes back to the sender."""
    context = request.context
    now = stamp_of(times.now(context))
    nack = acknowledging.nack(raw, store.terminator, now, context.ids.uuid(), reason)
    detail = {
        "@type": operations.type_url(request, "hl7v2.IngestMessageErrorDetail"),
        "hl7Nack": base64.b64encode(nack).decode(),
    }
    return ApiError(error.code, error.status, error.message, error.reason, [detail])
