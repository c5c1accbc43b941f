"""The tables of BigQuery that exports and streams write."""

import re
from dataclasses import dataclass
from typing import Self

from emulator.errors import invalid_argument

_URI = re.compile(r"bq://([^.:/]+(?:\.com:[^.:/]+)?)[.:](\w+)\.([\w\-$]+)")


@dataclass(frozen=True, slots=True)
class TableUri:
    """bq://PROJECT.DATASET.TABLE."""

    project: str
    dataset: str
    table: str

    @classmethod
    def parse(cls, uri: str) -> Self:
        """Read the URI of a table; 400 if it is none."""
        found = _URI.fullmatch(uri)
        if found is None:
            raise invalid_argument(f'Invalid BigQuery tableUri "{uri[:200]}": it must be bq://PROJECT.DATASET.TABLE.')
        return cls(*found.groups())

    def __str__(self) -> str:
        return f"bq://{self.project}.{self.dataset}.{self.table}"
