"""Buckets have uniform access: IAM alone says who may read, and no object has a list of its own."""

from __future__ import annotations

from collections.abc import Iterator

from infra.policy.graph import BUCKET, Graph, Violation


def check(graph: Graph) -> Iterator[Violation]:
    """Every bucket whose objects may have access control lists."""
    for each in graph.of(BUCKET):
        if each.inputs.get("uniformBucketLevelAccess") is not True:
            yield Violation(each.name, f"Bucket {each.called} must set uniform_bucket_level_access=True.")
