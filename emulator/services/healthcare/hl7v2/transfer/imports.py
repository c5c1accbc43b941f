"""hl7V2Stores.import: the messages of files, one in JSON a line, with their labels.

Nobody is notified; a message that is there is overwritten, which its labels show (the method's description).
"""

import base64
import binascii
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from emulator.context import Job
from emulator.errors import ApiError
from emulator.hl7v2.errors import MessageError
from emulator.services.healthcare import operations, times
from emulator.services.healthcare.hl7v2 import keeping, stored
from emulator.services.healthcare.hl7v2.keeping import Ready
from emulator.services.healthcare.hl7v2.receiving import LARGEST
from emulator.services.healthcare.hl7v2.store import HL7V2
from emulator.services.healthcare.hl7v2.stored import Json, State, Store
from emulator.services.healthcare.labels import check_labels
from emulator.services.healthcare.transfer import imports
from emulator.services.healthcare.transfer.imports import Importer
from emulator.services.healthcare.transfer.steps import Problem

if TYPE_CHECKING:
    from emulator.services.storage.api import StoredObject

_BLANKS = b" \t\r\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def _read(job: Job, path: Path, _found: "StoredObject") -> Iterator[Ready | Problem]:
    """The messages of a file, made ready to be stored; a Problem for each line that has none."""
    store = stored.opened(job.context, job.payload["store"])
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            text = (line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line).strip(_BLANKS)
            if text:
                yield _made_ready(store, text, number)


def _count(_job: Job, path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for line in file if line.strip(_BLANKS))


def _made_ready(store: Store, line: bytes, number: int) -> Ready | Problem:
    """The message of a line; a Problem says what is wrong with it, and nothing of what it holds."""
    try:
        raw, labels = _message_of(line)
        return keeping.made_ready(store, raw, labels)
    except MessageError as problem:
        return Problem(3, f"line {number}: Invalid HL7v2 message: {problem}.")
    except ApiError as problem:
        return Problem(3, f"line {number}: {problem.message}")


def _message_of(line: bytes) -> tuple[bytes, Json]:
    try:
        message: Any = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise MessageError("the line is no JSON") from None
    if not isinstance(message, dict) or not isinstance(message.get("data"), str) or not message["data"]:
        raise MessageError("the line must be a JSON object whose data is the message in base64")
    labels = message.get("labels") or {}
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        raise MessageError("labels must be an object of strings")
    check_labels(labels, capitals=True)
    if len(message["data"]) > LARGEST:
        raise MessageError(f"data has more than {LARGEST} characters of base64")
    try:
        return base64.b64decode(message["data"].replace("-", "+").replace("_", "/"), validate=True), labels
    except (binascii.Error, ValueError):
        raise MessageError("data is not in base64") from None


def _store(tx: sqlite3.Connection, job: Job, ready: Sequence[Ready]) -> list[Problem | None]:
    """Make messages be there, with their labels in the place of those that they have."""
    context = job.context
    key = stored.key_in(tx, context.resources.require(stored.KIND, job.payload["store"], tx).name)
    at, number = times.now(context), operations.number(job.operation)
    keep = stored.keeping_of(context, job.payload["store"], tx)
    for one in ready:
        identifier = key.id_of(one.body.raw)
        before = keeping.known(tx, key, identifier)
        if before is not None and before.state.live and before.state.labels == one.labels:
            continue
        created = before.state.created if before is not None and before.state.live else at
        keeping.put(
            tx,
            key,
            one,
            identifier,
            State(live=True, changed=at, created=created, operation=number, labels=one.labels),
            before,
            keep,
        )
    return [None] * len(ready)


imports.register(
    HL7V2,
    Importer(
        "hl7v2.Hl7V2Service.ImportMessages",
        "hl7v2.ImportMessagesResponse",
        "ImportHl7V2LogEntry",
        read=_read,
        store=_store,
        count=_count,
    ),
)
