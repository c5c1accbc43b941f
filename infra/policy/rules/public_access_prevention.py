"""Buckets refuse to become public, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator

from infra.policy.graph import BUCKET, Graph, Violation


def check(graph: Graph) -> Iterator[Violation]:
    """Every bucket that leaves public access prevention to the organization."""
    for each in graph.of(BUCKET):
        if each.inputs.get("publicAccessPrevention") != "enforced":
            yield Violation(each.name, f'Bucket {each.called} must set public_access_prevention="enforced".')
