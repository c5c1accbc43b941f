"""What is deleted from a bucket can be had back for a week, in production for a month, unless all is temporary."""

from __future__ import annotations

from collections.abc import Iterator

from infra.policy.graph import BUCKET, Graph, Resource, Violation
from infra.policy.rules.protection import temporary

_DAY_SECONDS = 24 * 60 * 60
_WEEK = 7
_MONTH = 30


def check(graph: Graph) -> Iterator[Violation]:
    """Every bucket with neither a retention policy nor soft delete of a week, in production of a month."""
    if not (graph.asked.protected or graph.asked.production):
        return
    days = _MONTH if graph.asked.production else _WEEK
    for each in graph.of(BUCKET):
        kept = temporary(each) or each.inputs.get("retentionPolicy") or _soft_seconds(each) >= days * _DAY_SECONDS
        if not kept:
            yield Violation(
                each.name, f"What is deleted from {each.called} is soon lost: set softDeleteDays to {days} or more."
            )


def _soft_seconds(bucket: Resource) -> float:
    """Seconds for which a deleted object is kept; a week where nothing is said (Cloud Storage: "Soft delete")."""
    policy = bucket.inputs.get("softDeletePolicy")
    week = _WEEK * _DAY_SECONDS
    return week if policy is None else float(policy.get("retentionDurationSeconds", week))
