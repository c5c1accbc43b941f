"""Conditions on log entries: each entry that matches opens an incident, or lets the one of its labels go on."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from emulator.services.logging import api as logging
from emulator.services.monitoring import incidents
from emulator.services.monitoring.alerting import rules
from emulator.services.monitoring.alerting.messages import labels_text, title

if TYPE_CHECKING:
    from emulator.context import Context


@logging.observes
def match(context: Context, tx: sqlite3.Connection, entries: Sequence[logging.Stored]) -> None:
    """Let the policies fire whose filter takes an entry, in the write that stores it."""
    found = rules.of(context, tx).logs
    for stored in entries if found else ():
        for rule in found.get(stored.project, ()):
            if rule.keep(stored.entry):
                incidents.fire(context, tx, rule.policy, rule.condition, _cause(context, rule, stored.entry))


def _cause(context: Context, rule: rules.LogRule, entry: dict[str, Any]) -> incidents.Cause:
    labels, resource = rule.labels(entry), entry.get("resource", {})
    about = labels_text({**resource.get("labels", {}), **labels})
    return incidents.Cause(
        series=orjson.dumps(labels, option=orjson.OPT_SORT_KEYS).decode(),
        resource=resource,
        metric={"type": "", "labels": labels},
        summary=f"Log match condition fired for {title(resource.get('type', ''))} with {about}.",
        values={},
        closes=context.clock.seconds() + rules.auto_close(rule.policy.body),
        pause=rule.pause,
    )
