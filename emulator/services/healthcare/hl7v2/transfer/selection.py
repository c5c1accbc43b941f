"""Which messages an export takes: those of a time of sending that fit a filter, in batches that can be continued."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from emulator.context import Job
from emulator.errors import invalid_argument
from emulator.services.healthcare import times
from emulator.services.healthcare.hl7v2 import filters, listing, stored
from emulator.services.healthcare.hl7v2.filters import Condition
from emulator.services.healthcare.hl7v2.listing import Order
from emulator.services.healthcare.hl7v2.stored import Json, Key, Row, Store
from emulator.services.healthcare.hl7v2.tables import NEVER_SENT

BATCH = 200
_ORDER = Order(by_send_time=True)


def options(body: Json) -> Json:
    """What the job keeps of a request; 400 for times and a filter that can't be read, or an end before its start."""
    start, end = (_time(body, field) for field in ("startTime", "endTime"))
    if start is not None and end is not None and start >= end:
        raise invalid_argument("endTime must be after startTime.")
    filters.compiled(body.get("filter") or "", UTC)
    return {field: body[field] for field in ("startTime", "endTime", "filter") if body.get(field)}


@dataclass(frozen=True, slots=True)
class Selection:
    """The messages that a job is to export."""

    job: Job
    store: Store
    key: Key | None
    condition: Condition

    @classmethod
    def of(cls, job: Job) -> Self:
        """That of a job, whose payload has what `options` gave."""
        store = stored.opened(job.context, job.payload["store"])
        key = stored.key_of(job.context.db.reader, store.name)
        return cls(job, store, key, _condition(job, store))

    def count(self) -> int:
        """How many there are."""
        if self.key is None:
            return 0
        sql = f"SELECT count(*) FROM hl7v2_messages m WHERE m.store = ?1 AND m.live = 1 AND {self.condition.sql}"  # noqa: S608
        row = self.job.context.db.one(sql, (self.key.number, *self.condition.values))
        return 0 if row is None else int(row[0])

    def batches(self, after: int) -> Iterator[list[Row]]:
        """Those after the one of that number, by their send time (Cloud Healthcare: exporting HL7v2 messages)."""
        while self.key is not None:
            reader = self.job.context.db.reader
            found = list(listing.rows(reader, self.key, self.condition, _ORDER, after, BATCH))
            if not found:
                return
            yield found
            after = found[-1].number


def _time(body: Json, field: str) -> int | None:
    text = body.get(field)
    return times.required_instant(text, field) if text else None


def _condition(job: Job, store: Store) -> Condition:
    """The filter, and send times from startTime to before endTime, which is when the export was asked for.

    Messages without a send time go with those of any time, where the request sets neither.
    """
    payload, wanted = job.payload, filters.compiled(job.payload.get("filter") or "", store.zone)
    start, end = _time(payload, "startTime"), _time(payload, "endTime")
    unsent = "" if start is not None or end is not None else f" OR m.sent = {NEVER_SENT}"
    if end is None:
        end = times.of_moment(datetime.fromisoformat(job.operation.created))
    sql = f"(m.sent >= ? AND m.sent < ?{unsent}) AND {wanted.sql}"
    return Condition(sql, (start or 0, end, *wanted.values), wanted.holds)
