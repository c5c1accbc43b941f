"""When two answers are the same although they were given at two times by two servers: rules, and nothing by leave.

What the server makes up may differ, if it has the same form, and then it must differ in the same way everywhere: the
first meeting of two values binds them. What a client has sent must come back as it was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from emulator.recording.exchanges import Body

_TOKEN = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?"  # times, whose colons divide nothing
    r"|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"
    r"|%[0-9A-Fa-f]{2}|[A-Za-z0-9_+~.-]+(?:={1,2}(?!\w))?|[^A-Za-z0-9_+~.-]"  # = only as base64 ends with it
)
_SHAPES = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("time", r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?|\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT"),
        ("uuid", r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
        ("number", r"\d{10,25}"),
        ("digits", r"[0-9a-f]{12,128}"),
        ("opaque", r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_+=.~-]{16,}"),
    )
)
_MADE_UP = frozenset(
    ("etag", "nextPageToken", "pageToken", "ackId", "messageId", "messageIds", "versionId", "revisionId", "syncToken")
)
"""Keys whose values are the server's, whatever their form."""
_DURATIONS = frozenset(("totalSlotMs", "elapsedMs", "finalExecutionDurationMs", "slotMs"))
HEADERS = ("content-type", "location", "etag", "last-modified", "content-range", "content-disposition", "retry-after")
"""Headers of answers that are compared, and all that begin with x-goog-."""


class Likeness:
    """What has been bound so far: values of the recording and those that stand for them now."""

    def __init__(self, known: dict[str, str]) -> None:
        """`known` are values of the recording with those of the replay: addresses, projects."""
        self._now = dict(known)
        self._then = {now: then for then, now in known.items()}
        self._sent: set[str] = set()
        self._wholes: set[str] = set()  # bound values that are more than a word: etags in base64

    def sends(self, text: str) -> str:
        """What is to be sent in place of a text of the recording; its words are the client's from now on."""
        return "".join(self._now[part] if part in self._wholes else self._words(part) for part in self._parts(text))

    def _parts(self, text: str) -> list[str]:
        """A text cut at the bound values that are more than a word."""
        if not any(whole in text for whole in self._wholes):
            return [text]
        return re.split(f"({'|'.join(map(re.escape, self._wholes))})", text)

    def _words(self, text: str) -> str:
        tokens = _TOKEN.findall(text)
        self._sent.update(token for token in tokens if token not in self._now)
        return "".join(self._now.get(token, token) if _is_telling(token) else token for token in tokens)

    def differences(self, then: Body, now: bytes) -> Iterator[tuple[str, Any, Any]]:
        """Where a body is not what it was: place, what was there, what is there."""
        before = then.data
        if before is None:
            if (then.size, then.sha256) != (len(now), Body.of(now).sha256):
                yield "body", f"{then.size} bytes", f"{len(now)} bytes"
            return
        read = [_json(before), _json(now)]
        if read[0] is not None and read[1] is not None:
            yield from self._values("", read[0], read[1], "")
        elif before != now and not (then.text is not None and self._same_text(then.text, _text(now), "")):
            yield "body", then.text or f"{then.size} bytes", Body.of(now).text or f"{len(now)} bytes"

    def header_differences(self, then: dict[str, str], now: dict[str, str]) -> Iterator[tuple[str, Any, Any]]:
        """As `differences`, of the headers that are compared."""
        for name in sorted({*then, *now}):
            if name in HEADERS or name.startswith("x-goog-"):
                before, after = then.get(name), now.get(name)
                same = before is not None and after is not None and self._same_text(before, after, name)
                if before != after and not same:
                    yield f"header {name}", before, after

    def _values(self, place: str, then: Any, now: Any, key: str) -> Iterator[tuple[str, Any, Any]]:
        if isinstance(then, dict) and isinstance(now, dict):
            for name in [*then, *(each for each in now if each not in then)]:
                below = f"{place}.{name}" if place else str(name)
                if name in then and name in now:
                    yield from self._values(below, then[name], now[name], name)
                else:
                    yield below, then.get(name), now.get(name)
        elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
            for number, (before, after) in enumerate(zip(then, now, strict=True)):
                yield from self._values(f"{place}[{number}]", before, after, key)
        elif isinstance(then, str) and isinstance(now, str):
            if not self._same_text(then, now, key):
                yield place, then, now
        elif (type(then), then) != (type(now), now) and key not in _DURATIONS:
            yield place, then, now

    def _same_text(self, then: str, now: str, key: str) -> bool:
        if key in _DURATIONS or then in self._now:
            return key in _DURATIONS or self._now[then] == now
        before, after = _TOKEN.findall(then), _TOKEN.findall(now)
        pairs = list(zip(before, after, strict=False)) if len(before) == len(after) else [("", " ")]
        if key in _MADE_UP:
            return all(self._now.get(a, a) == b for a, b in pairs) or self._binds(then, now)
        return all(self._same_token(a, b) for a, b in pairs)

    def _same_token(self, then: str, now: str) -> bool:
        if self._now.get(then, then) == now:
            return True
        shape = _shape(then)
        if shape != _shape(now):
            return False
        return then not in self._sent if shape == "time" else bool(shape) and self._binds(then, now)

    def _binds(self, then: str, now: str) -> bool:
        """Whether two values may stand for each other: neither is the client's or stands for something else."""
        if self._now.get(then) == now:
            return True
        if then in self._sent or then in self._now or now in self._then:
            return False
        self._now[then], self._then[now] = now, then
        if _is_telling(then) and not _TOKEN.fullmatch(then):
            self._wholes.add(then)
        return True


def _is_telling(value: str) -> bool:
    """Whether a value stands for itself wherever it is met: a short number may be any number."""
    return len(value) >= (10 if value.isdigit() else 5)


def _shape(token: str) -> str:
    return next((name for name, pattern in _SHAPES if pattern.fullmatch(token)), "")


def _json(data: bytes) -> Any:
    """The value that a body is in JSON, None for none."""
    try:
        return orjson.loads(data) if data[:1] in (b"{", b"[") else None
    except orjson.JSONDecodeError:
        return None


def _text(data: bytes) -> str:
    return data.decode(errors="replace")
