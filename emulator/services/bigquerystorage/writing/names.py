"""Names of write streams."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.errors import invalid_argument
from emulator.services.bigquery.names import TableName
from emulator.services.bigquerystorage.requests import table_of

if TYPE_CHECKING:
    from emulator.context import Context

DEFAULT = "_default"
_NAME = re.compile(r"(projects/[^/]+/datasets/[^/]+/tables/[^/]+)(?:/streams/([^/]+)|/(_default))\Z")


@dataclass(frozen=True)
class StreamName:
    """A write stream of a table; `id` is "_default" for the stream that every table has."""

    table: TableName
    id: str

    @property
    def is_default(self) -> bool:
        """Whether it is the table's default stream."""
        return self.id == DEFAULT

    def __str__(self) -> str:
        return f"{self.table.resource}/streams/{self.id}"

    @staticmethod
    def parse(context: Context, name: str) -> StreamName:
        """Of a resource name, its project given by id or number. Raises a 400 for another name."""
        match = _NAME.match(name)
        if match is None:
            form = "projects/PROJECT/datasets/DATASET/tables/TABLE/streams/STREAM"
            raise invalid_argument(f'"{name[:200]}" is no write stream; one is named {form}.')
        table = table_of(match[1])
        table = TableName(context.project_id(table.project), table.dataset, table.table)
        return StreamName(table, match[2] or match[3])
