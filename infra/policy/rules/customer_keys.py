"""Where keys are asked for, everything that holds data is encrypted with the key, or with one of the key ring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra.policy.graph import BUCKET, HEALTHCARE_DATASET, TABLES, TOPIC, Graph, Resource, Violation

_WHERE = {
    BUCKET: ("encryption", "defaultKmsKeyName"),
    HEALTHCARE_DATASET: ("encryptionSpec", "kmsKeyName"),
    TABLES: ("defaultEncryptionConfiguration", "kmsKeyName"),
    TOPIC: ("kmsKeyName",),
}


def check(graph: Graph) -> Iterator[Violation]:
    """Everything that holds data without a key that is asked for, or with another one."""
    wanted = graph.asked.key
    if wanted is None:
        return
    for each in graph.of(*_WHERE):
        key = _key(each)
        if key != wanted and not str(key).startswith(f"{wanted}/cryptoKeys/"):
            with_what = f"with {key}" if key else "with Google's own keys"
            a_key = wanted if "/cryptoKeys/" in wanted else f"a key of {wanted}"
            yield Violation(each.name, f"{each.called} is encrypted {with_what}: use {a_key}.")


def _key(resource: Resource) -> object:
    found: object = resource.inputs
    for name in _WHERE[resource.kind]:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
