"""Service accounts have no keys: people and programs act as them with short-lived tokens."""

from __future__ import annotations

from collections.abc import Iterator

from infra.policy.graph import Graph, Violation


def check(graph: Graph) -> Iterator[Violation]:
    """Every key of a service account."""
    for each in graph.of("serviceaccount/key:Key"):
        account = each.inputs.get("serviceAccountId", "a service account")
        yield Violation(each.name, f"A key of {account} never expires: grant roles/iam.serviceAccountTokenCreator.")
