"""Where protection is asked for, and in production: nothing that holds data, and no key, is deleted by accident."""

from __future__ import annotations

from collections.abc import Iterator

from infra.policy.graph import (
    BUCKET,
    HEALTHCARE_DATASET,
    KEY,
    KEY_RING,
    STORES,
    TABLES,
    Graph,
    Resource,
    Violation,
)

SHORT_LIVED_DAYS = 7
"""Files that are deleted after so many days at most are nobody's only copy."""


def check(graph: Graph) -> Iterator[Violation]:
    """What could go: unprotected by Pulumi, or deleted by the provider with all it holds."""
    if not (graph.asked.protected or graph.asked.production):
        return
    for each in graph.of(BUCKET, HEALTHCARE_DATASET, TABLES, KEY_RING, KEY, *STORES):
        if temporary(each):
            continue
        if not each.protect:
            yield Violation(each.name, f"{each.called} is not protected: set deletionProtection to true.")
        if each.inputs.get("forceDestroy") or each.inputs.get("deleteContentsOnDestroy"):
            yield Violation(
                each.name, f"{each.called} would be destroyed with all it holds: deletionProtection is off."
            )


def temporary(resource: Resource) -> bool:
    """Whether it is a bucket that deletes all its files, and not some of them only, after a few days anyway."""
    rules = resource.inputs.get("lifecycleRules") or []
    deleting = [rule.get("condition", {}) for rule in rules if rule.get("action", {}).get("type") == "Delete"]
    ages = [
        condition.get("age")
        for condition in deleting
        if {key for key, value in condition.items() if value} <= {"age", "withState"}
        and condition.get("withState") == "LIVE"
    ]
    return resource.kind == BUCKET and any(age is not None and age <= SHORT_LIVED_DAYS for age in ages)
