"""A query job under way, and the rows of its SELECTs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.services.bigquery import warehouse
from emulator.services.bigquery.jobs.session import Session
from emulator.services.bigquery.jobs.store import Job
from emulator.services.bigquery.process.ticket import Ticket
from emulator.services.bigquery.sql import scripts
from emulator.services.bigquery.sql.catalog import Snapshot
from emulator.services.bigquery.sql.engine import stored
from emulator.services.bigquery.sql.plans import Plan, Script
from emulator.services.bigquery.sql.types import Field

if TYPE_CHECKING:
    from emulator.context import Context


@dataclass
class Query:
    """One query job under way."""

    context: Context
    job: Job
    ticket: Ticket
    script: Script
    session: Session | None = None  # of the script that the statement belongs to

    @property
    def principal(self) -> str:
        """Who asks."""
        return self.job.principal

    def seen(self, found: Snapshot) -> Snapshot:
        """What the statement reads, inside a transaction with its changes."""
        transaction = self.session.transaction if self.session else None
        return transaction.seen(found) if transaction else found


async def select_into_storage(query: Query, plan: Plan, found: Snapshot, place: str) -> tuple[list[Field], int]:
    """Run a SELECT into a new storage table of that name: its columns and number of rows."""
    house = warehouse.of(query.context)
    return await house.run(scripts.fill, query.script, plan.number, found, stored(place), ticket=query.ticket)


def read_places(found: Snapshot) -> list[str]:
    """The full names of the storage tables that a statement reads."""
    return [info.storage for info in found.tables.values() if info.storage]
