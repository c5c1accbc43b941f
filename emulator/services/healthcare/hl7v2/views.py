"""Messages as the API shows them (Cloud Healthcare: MessageView)."""

import asyncio
import base64
from collections.abc import Callable

import orjson

from emulator.hl7v2.message import Message
from emulator.hl7v2.parsed import parsed_data
from emulator.services.healthcare import times
from emulator.services.healthcare.hl7v2.stored import Body, Json, Row
from emulator.services.healthcare.hl7v2.tables import NEVER_SENT

SMALL = 1 << 16
"""Bytes of a message that is read on the event loop: to wake a thread takes longer."""
BASIC, FULL = "BASIC", "FULL"
_DATA = frozenset((FULL, "RAW_ONLY"))
_PARSED = frozenset((FULL, "PARSED_ONLY"))
_SCHEMATIZED = frozenset((FULL, "SCHEMATIZED_ONLY"))


def wanted(query: Json, default: str) -> str:
    """The view that a request asks for."""
    given = query.get("view") or query.get("messageView")
    return str(given) if given and given != "MESSAGE_VIEW_UNSPECIFIED" else default


def shown(store: str, version: str, row: Row, body: Body, view: str = FULL, message: Message | None = None) -> Json:
    """A message in any view but BASIC; `message` is its parsed form, where that is at hand."""
    if message is None:
        message = Message.parse(body.raw, body.terminator, allow_null_header=True)
    answer: Json = named(store, row)
    if view in _DATA:
        answer["data"] = base64.b64encode(body.raw).decode()
    if row.facility:
        answer["sendFacility"] = row.facility
    if row.sent != NEVER_SENT:
        answer["sendTime"] = times.written(row.sent)
    if row.type:
        answer["messageType"] = row.type
    answer["createTime"] = times.written(row.state.created)
    if patients := [_patient(value, kind) for value, kind in message.patient_ids()]:
        answer["patientIds"] = patients
    if row.state.labels != "{}":
        answer["labels"] = orjson.loads(row.state.labels)
    if view in _PARSED:
        answer["parsedData"] = parsed_data(message, version)
    if view in _SCHEMATIZED and body.schematized:
        answer["schematizedData"] = orjson.loads(body.schematized)
    return answer


async def aside(size: int, show: Callable[[], Json]) -> Json:
    """What `show` makes of a message of that many bytes: a large one by a thread, so that other requests go on."""
    return show() if size < SMALL else await asyncio.to_thread(show)


def named(store: str, row: Row) -> Json:
    """A message in the view BASIC: its name."""
    return {"name": f"{store}/messages/{row.id}"}


def _patient(value: str, kind: str) -> Json:
    return {"value": value, "type": kind} if kind else {"value": value}
