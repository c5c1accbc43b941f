"""Rules can look at all that is declared: nothing of Google's comes by another provider, and no input is hidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.policy.graph import Graph, Violation

_MARK = "4dabf18193072939515e22adb298388d"
"""The key by which Pulumi marks what a state has encrypted ("Resource property values", sig)."""
_PAYLOADS = {
    "secretmanager/secretVersion:SecretVersion": "secretData",
    "secretmanager/regionalSecretVersion:RegionalSecretVersion": "secretData",
    "storage/bucketObject:BucketObject": "content",
}
"""Inputs that may be hidden, since they are no settings, by the resource's type; the provider hides files' content."""


def check(graph: Graph) -> Iterator[Violation]:
    """Every resource of a provider that no rule knows, and every hidden input of Google's resources but payloads."""
    for kind, name in graph.others:
        provider = kind.partition(":")[0]
        yield Violation(name, f"{kind} is of the provider {provider}, which no rule looks at: declare it with gcp.")
    for each in graph.resources:
        hidden = [name for name, value in each.inputs.items() if _hides(value) and name != _PAYLOADS.get(each.kind)]
        if hidden:
            yield Violation(each.name, f"{', '.join(hidden)} of {each.called} is a secret, which no rule can read.")


def _hides(value: Any) -> bool:
    if isinstance(value, Mapping):
        return _MARK in value or any(map(_hides, value.values()))
    return isinstance(value, list | tuple) and any(map(_hides, value))
