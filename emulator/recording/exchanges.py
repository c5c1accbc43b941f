"""The file of a recording: a head, and a line of JSON for each request with its answer."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

FORMAT = "healthcare-cloud-recording/1"
WHOLE = 16 << 20
"""Bytes of a body up to which it is kept; of a longer one, length and SHA-256 are."""
TOKEN, NOBODY, OTHER = "token", "none", "other"
"""How a caller was known: by an access token, not at all, by what can't be made again (signatures, sessions)."""


class RecordingError(Exception):
    """Why a file is no recording, in one sentence."""


@dataclass(frozen=True)
class Head:
    """Where a recording was made: what differs elsewhere by nature."""

    url: str
    project: str
    number: str
    owner: str
    format: str = FORMAT


@dataclass(frozen=True)
class Body:
    """Bytes that were sent: as text, in base64, or by length and SHA-256 where there were too many."""

    text: str | None = None
    base64: str | None = None
    size: int = 0
    sha256: str = ""

    @staticmethod
    def of(data: bytes) -> Body:
        """A body that is kept."""
        if len(data) > WHOLE:
            return Body(size=len(data), sha256=hashlib.sha256(data).hexdigest())
        try:
            return Body(text=data.decode(), size=len(data))
        except UnicodeDecodeError:
            return Body(base64=base64.b64encode(data).decode(), size=len(data))

    @property
    def data(self) -> bytes | None:
        """The bytes, None where there were too many to be kept."""
        if self.text is not None:
            return self.text.encode()
        return base64.b64decode(self.base64) if self.base64 is not None else None


@dataclass(frozen=True)
class Exchange:
    """A request and its answer. path has the query; status is 0 where the connection ended before an answer."""

    number: int
    method: str
    http: str
    path: str
    principal: str
    credentials: str
    headers: dict[str, str]
    body: Body
    status: int
    answer_headers: dict[str, str] = field(default_factory=dict)
    answer: Body = field(default_factory=Body)


def encode(line: Head | Exchange) -> bytes:
    """A line of the file."""
    return orjson.dumps(asdict(line), option=orjson.OPT_APPEND_NEWLINE)


def read(path: Path) -> tuple[Head, list[Exchange]]:
    """The head, and what was asked in the order in which it began. Raises RecordingError for what is no recording."""
    try:
        first, *rest = _lines(path)
        head = Head(**first)
        if head.format != FORMAT:
            raise RecordingError(f"{path} is a recording of the form {head.format[:60]}; this emulator reads {FORMAT}.")
        exchanges = [_exchange(line) for line in rest]
    except OSError as error:
        raise RecordingError(f"{path} can't be read: {error.strerror}.") from None
    except (ValueError, TypeError, KeyError):
        raise RecordingError(f"{path} is no recording of an emulator, or was cut off.") from None
    return head, sorted(exchanges, key=lambda each: each.number)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            yield orjson.loads(line)


def _exchange(line: dict[str, Any]) -> Exchange:
    return Exchange(**{**line, "body": Body(**line["body"]), "answer": Body(**line["answer"])})
