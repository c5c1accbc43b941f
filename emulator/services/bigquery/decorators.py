"""What follows the name of a table: $20201231, one of its partitions.

https://cloud.google.com/bigquery/docs/managing-partitioned-table-data#partition_decorators
"""

from __future__ import annotations

from typing import Any

from emulator.services.bigquery import catalog, errors
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql import ingestion
from emulator.services.bigquery.sql.partitions import partition_id
from emulator.services.bigquery.sql.storage import Partition
from emulator.services.bigquery.sql.types import literal

UNITS = {4: "YEAR", 6: "MONTH", 8: "DAY", 10: "HOUR"}  # by the length of an id
SPECIAL = ("__NULL__", "__UNPARTITIONED__")


def split(name: TableName) -> tuple[TableName, str]:
    """The table, and the id of the partition after the $; "" for the whole table."""
    table, _, partition = name.table.partition("$")
    return name.parent.table(table), partition


def split_time(name: TableName) -> tuple[TableName, int | None]:
    """The table, and the milliseconds after the @, since 1970 or, below zero, from now; None where there is no @.

    Raises a 400 for what is no number.
    """
    table, at, moment = name.table.partition("@")
    if not at:
        return name, None
    if not moment.lstrip("-").isdigit():
        raise errors.invalid(f"Invalid snapshot decorator @{moment} of table {name.parent.table(table)}.")
    return name.parent.table(table), int(moment)


def partition(name: TableName, body: dict[str, Any], identifier: str, *, emptied: bool = False) -> Partition:
    """The partition of a table (REST resource) that has this id. Raises a 400 where it can have none such."""
    partitioning = body.get("timePartitioning") or body.get("rangePartitioning")
    if not partitioning:
        raise errors.invalid(f"Cannot use the partition decorator ${identifier}: table {name} is not partitioned.")
    moment = None
    if identifier not in SPECIAL:
        moment = _moment(name, partitioning, identifier)
    by_ingestion = bool(ingestion.unit_of(body))
    condition = f"{partition_id(partitioning, catalog.fields_of(body))} = {literal(identifier)}"
    return Partition(identifier, condition, moment if by_ingestion else None, emptied)


def _moment(name: TableName, partitioning: dict[str, Any], identifier: str) -> int | None:
    """When a partition by time starts, in microseconds since 1970; None for one by a range of numbers."""
    if "range" in partitioning:
        if not identifier.lstrip("-").isdigit():
            raise errors.invalid(f"Invalid partition id {identifier} of table {name}: it is the start of its range.")
        return None
    moment = ingestion.microseconds(identifier)
    if moment is None or UNITS[len(identifier)] != str(partitioning.get("type")).upper():
        unit = partitioning.get("type")
        raise errors.invalid(f"Invalid partition id {identifier} of table {name}, which is partitioned by {unit}.")
    return moment


def partitioning_of(identifier: str) -> dict[str, Any]:
    """The timePartitioning of a table that is made by writing to a partition of this id. Raises a 400."""
    if ingestion.microseconds(identifier) is None:
        raise errors.invalid(f"Invalid partition id {identifier}; write it as 20201231.")
    return {"type": UNITS[len(identifier)]}
