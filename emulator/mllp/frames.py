"""Messages in MLLP's frames: a start block, the message, an end block and a carriage return.

(HL7 v2.5.1 appendix C, "Minimal Lower Layer Protocol"; HL7 "Transport Specification: MLLP, Release 1")
"""

START = b"\x0b"
END = b"\x1c"
RETURN = b"\r"
LARGEST = 32 << 20
"""Bytes: the longest message that is read. What a store takes of it, its own limit says."""


class FrameError(ValueError):
    """What arrived can't be split into messages any more; the sentence says why, without any of it."""


def wrap(message: bytes) -> bytes:
    """A message in its frame."""
    return b"".join((START, message, END, RETURN))


class Frames:
    """Splits bytes, as they arrive, into messages. What stands before a start block is dropped.

    dropped counts the bytes that belonged to no message.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._held = bytearray()
        self._inside = False
        self._searched = 0
        self.dropped = 0

    @property
    def unfinished(self) -> bool:
        """Whether a message has begun that has not ended."""
        return self._inside

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete with these bytes, in order. Raises FrameError for what is no frame."""
        self._held += data
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> bytes | None:
        if not self._inside and not self._begin():
            return None
        end = self._held.find(END, self._searched)
        if end < 0 or end + 1 == len(self._held):
            self._searched = len(self._held) if end < 0 else end
            self._check(self._searched)
            return None
        self._check(end)
        if self._held[end + 1 : end + 2] != RETURN:
            raise FrameError("An end block (0x1C) was not followed by a carriage return (0x0D).")
        message = bytes(self._held[:end])
        self._drop(end + 2)
        self._inside = False
        return message

    def _begin(self) -> bool:
        """Drop what stands before the next start block, and that; False where none has arrived."""
        start = self._held.find(START)
        self.dropped += len(self._held) if start < 0 else start
        self._drop(len(self._held) if start < 0 else start + 1)
        self._inside = start >= 0
        return self._inside

    def _drop(self, count: int) -> None:
        del self._held[:count]
        self._searched = 0

    def _check(self, size: int) -> None:
        if size > self._largest:
            raise FrameError(f"A message is longer than {self._largest} bytes.")
