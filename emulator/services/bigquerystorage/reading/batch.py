"""One batch of the rows of a read stream."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Batch:
    """Rows in the format `form` (ARROW, AVRO), their number, and the shares of the stream before and with them."""

    form: str
    data: memoryview
    rows: int
    before: float
    after: float
