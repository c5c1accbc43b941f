"""Everything that can have labels says which application and environment it belongs to, and what manages it."""

from __future__ import annotations

from collections.abc import Iterator

from infra.labels import COMMON_LABELS
from infra.policy.graph import BUCKET, KEY, SCHEDULED, STORES, SUBSCRIPTION, TABLES, TOPIC, Graph, Violation


def check(graph: Graph) -> Iterator[Violation]:
    """Every resource that lacks one of the labels."""
    for each in graph.of(BUCKET, KEY, TABLES, TOPIC, SUBSCRIPTION, *STORES, *SCHEDULED):
        labels = each.inputs.get("labels") or {}
        if missing := [name for name in COMMON_LABELS if not labels.get(name)]:
            yield Violation(
                each.name, f"{each.called} lacks the label {', '.join(missing)}: give it the stack's labels."
            )
