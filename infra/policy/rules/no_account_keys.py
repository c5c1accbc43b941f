"""Service accounts have no keys: people and programs act as them with short-lived tokens."""

from __future__ import annotations

from collections.abc import Iterator

from infra.policy.graph import Graph, Violation

_FOREVER = {
    "serviceaccount/key:Key": "serviceAccountId",
    "storage/hmacKey:HmacKey": "serviceAccountEmail",
    "projects/apiKey:ApiKey": "serviceAccountEmail",
}
"""Types of keys that stand for an account until somebody deletes them, and the input that says for which."""


def check(graph: Graph) -> Iterator[Violation]:
    """Every key of a service account, those of Cloud Storage's XML API and of APIs among them."""
    for each in graph.of(*_FOREVER):
        account = each.inputs.get(_FOREVER[each.kind]) or "a service account"
        yield Violation(each.name, f"A key of {account} never expires: grant roles/iam.serviceAccountTokenCreator.")
