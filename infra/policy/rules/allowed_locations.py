"""All data stays in the stack's location."""

from __future__ import annotations

from collections.abc import Iterator

from infra.locations import key_location
from infra.policy.graph import BUCKET, HEALTHCARE_DATASET, KEY_RING, SCHEDULED, TABLES, TOPIC, Graph, Violation

_MULTI_REGIONS = ("us", "eu")


def check(graph: Graph) -> Iterator[Violation]:
    """What holds data elsewhere, and topics that let messages lie elsewhere."""
    wanted = graph.asked.location
    if wanted is None:
        return
    for each in graph.of(BUCKET, HEALTHCARE_DATASET, TABLES, *SCHEDULED):
        location = str(each.inputs.get("location") or each.inputs.get("region") or "no location")
        if location.lower() != wanted.lower():
            yield Violation(each.name, f"{each.called} is in {location}: put it in {wanted}.")
    for each in graph.of(KEY_RING):
        if (location := str(each.inputs.get("location"))) != key_location(wanted):
            yield Violation(each.name, f"Key ring {each.called} is in {location}: put it in {key_location(wanted)}.")
    # A topic can be held to regions only.
    for each in graph.of(*([] if wanted in _MULTI_REGIONS else [TOPIC])):
        regions = (each.inputs.get("messageStoragePolicy") or {}).get("allowedPersistenceRegions", [])
        if list(regions) != [wanted]:
            where = ", ".join(regions) or "any region"
            yield Violation(each.name, f"Messages of {each.called} may lie in {where}: allow {wanted} only.")
