"""Files of HL7v2 messages: one or many in a file, in a batch, in MLLP's frames, or exported as NDJSON."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from scripts.documents import Document, Sort, unpacked_name

_LINED = (".ndjson", ".jsonl", ".json")
SORT = Sort((".hl7", ".hl7v2", ".txt", ".msg", ".er7", ".dat", *_LINED))
"""Files of HL7v2 messages."""
_ENVELOPE = re.compile(rb"(FHS|BHS|BTS|FTS)\b")
"""Segments around the messages of a batch (HL7 v2.5, 2.10.3)."""
_FRAME = re.compile(rb"\x0b|\x1c")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Found:
    """A message of a document, or why there is none; `label` is how reports name it."""

    label: str
    raw: bytes
    problem: str = ""


def messages_in(document: Document) -> Iterator[Found]:
    """The messages of a document, segments ended by a carriage return, whichever line ends its author had."""
    try:
        with document.open() as file:
            content = file.read().removeprefix(_BYTE_ORDER_MARK)
    except (OSError, EOFError):  # EOFError: a packed file that ends early
        yield Found(document.label, b"", "the file cannot be read to its end")
        return
    if unpacked_name(document.label).endswith(_LINED):
        yield from _exported(document.label, content)
        return
    messages = split(content)
    if not messages:
        yield Found(document.label, b"", "no line begins with MSH: it holds no message")
    for number, raw in enumerate(messages, 1):
        yield Found(f"{document.label}, message {number}" if len(messages) > 1 else document.label, raw)


def split(content: bytes) -> list[bytes]:
    """The messages of a text: each begins with a line of MSH. Frames and a batch's own segments are left out."""
    text = _FRAME.sub(b"\r", content)
    if b"\r\n" in text or b"\r" not in text:
        text = text.replace(b"\r\n", b"\r").replace(b"\n", b"\r")
    messages: list[list[bytes]] = []
    for line in re.split(rb"\r\n*(?=MSH)|\r", text.lstrip(b"\n")):
        if line.startswith(b"MSH"):
            messages.append([line])
        elif messages and line.strip() and not _ENVELOPE.match(line):
            messages[-1].append(line)
    return [b"".join(line + b"\r" for line in message) for message in messages]


def _exported(label: str, content: bytes) -> Iterator[Found]:
    """The messages of an export: in each line the JSON of one, with its bytes in `data` (hl7V2Stores.export)."""
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            name = f"{label}, line {number}"
            try:
                yield Found(name, base64.b64decode(json.loads(line)["data"], validate=True))
            except (ValueError, KeyError, TypeError, binascii.Error):
                yield Found(name, b"", "the line is not the JSON of a message with `data` in base64")
