"""One batch of the rows of a read stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Batch:
    """Rows in the format `form` (ARROW, AVRO), their number, and the shares of the stream before and with them.

    What they are encoded as comes in pieces.
    """

    form: str
    data: Sequence[bytes | memoryview]
    rows: int
    before: float
    after: float

    @property
    def size(self) -> int:
        """How many bytes they are."""
        return sum(map(len, self.data))
