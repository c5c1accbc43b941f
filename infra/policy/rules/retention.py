"""What is deleted from a bucket can be had back for a week, unless all in it is temporary."""

from __future__ import annotations

from collections.abc import Iterator

from infra.policy.graph import BUCKET, Graph, Resource, Violation
from infra.policy.rules.protection import temporary

_WEEK_SECONDS = 7 * 24 * 60 * 60


def check(graph: Graph) -> Iterator[Violation]:
    """Every bucket with neither soft delete of a week nor a retention policy."""
    if not (graph.asked.protected or graph.asked.production):
        return
    for each in graph.of(BUCKET):
        if not temporary(each) and not each.inputs.get("retentionPolicy") and _soft_seconds(each) < _WEEK_SECONDS:
            yield Violation(each.name, f"What is deleted from {each.called} is lost: set softDeleteDays to 7 or more.")


def _soft_seconds(bucket: Resource) -> float:
    """Seconds for which a deleted object is kept; a week where nothing is said (Cloud Storage: "Soft delete")."""
    policy = bucket.inputs.get("softDeletePolicy")
    return _WEEK_SECONDS if policy is None else float(policy.get("retentionDurationSeconds", _WEEK_SECONDS))
