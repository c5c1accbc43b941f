"""The checks of `deliveries`, in the form of those of `status`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from scripts.access.decisions import Access
from scripts.checks import Check, place
from scripts.connection import Connection
from scripts.deliveries import alerts, notifications, schedule, sinks
from scripts.preflight import after
from scripts.preflight.needs import untold


def checks(target: Connection, hours: float) -> Iterator[Check]:
    """One check for each thing that a service of Google's does by itself for the stack, in the last `hours`.

    Where no log tells how that went, the grants are looked at by which it is done.
    """
    outputs = target.outputs
    yield from place(target)
    yield from notifications.checks(target, hours)
    if outputs.audit_bucket:
        yield from sinks.checks(target, hours)
    if outputs.access.get("alerts"):
        yield from alerts.checks(target)
    yield from after.checks_of(Access(target), untold(outputs))
    if outputs.schedule and outputs.schedule.kind == "cloud-run":
        yield Check("schedule", partial(schedule.started, target, hours))
