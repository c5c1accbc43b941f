"""Results of a few rows: they come with the end of their query, and are kept to answer without asking the engine."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

from emulator.services.bigquery.sql.encoders import row_encoder
from emulator.services.bigquery.sql.recent import Recent
from emulator.services.bigquery.sql.types import Field

ROWS, BYTES = 200, 32 << 10  # of a result, at most
RESULTS = 64  # that are kept


def pickled(rows: Sequence[tuple[Any, ...]]) -> bytes:
    """Rows as `types.python_select` reads them, pickled; nothing where that is much."""
    data = pickle.dumps(rows, pickle.HIGHEST_PROTOCOL)
    return data if len(data) <= BYTES else b""


class SmallResults:
    """The newest small results, by their storage."""

    def __init__(self) -> None:
        self._kept = Recent[bytes](RESULTS)

    def keep(self, storage: str, rows: bytes) -> None:
        """Keep the rows of a result as `pickled` gives them."""
        if rows:
            self._kept.put(storage, rows)

    def page(
        self, storage: str, fields: Sequence[Field], start: int, count: int, timestamps: str
    ) -> tuple[int, list[dict[str, Any]]] | None:
        """What `storage.encoded_page` gives of a result; None for one that is not kept."""
        data = self._kept.get(storage)
        if data is None:
            return None
        rows = pickle.loads(data)  # noqa: S301 from our own process
        return len(rows), list(map(row_encoder(fields, timestamps), rows[start : start + count]))
