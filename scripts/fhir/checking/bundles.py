"""Bundles: what a store would refuse of the bundle itself, and the order in which its entries have to come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.fhir import parsing, references
from scripts.fhir.checking.findings import Finding
from scripts.fhir.checking.resources import Rules, examine, local_targets
from scripts.fhir.documents import entries_of

Json = dict[str, Any]
EXECUTED = ("transaction", "batch")
"""Types of bundles that are executed; of others the entries are stored."""


def kind_of(bundle: Json) -> str:
    """The type of a bundle, "" where it has none."""
    return str(bundle.get("type") or "")


def urns_of(bundle: Json) -> frozenset[str] | None:
    """The fullUrls that references inside of a bundle may name; None where they may name none."""
    if kind_of(bundle) != "transaction":
        return None
    return frozenset(str(entry.get("fullUrl", "")) for entry in entries_of(bundle))


def examine_shell(bundle: Json, rules: Rules, *, small: bool) -> list[Finding]:
    """What is wrong with the bundle around its resources; a small one is within all limits as it was read."""
    entries = [{name: each for name, each in entry.items() if name != "resource"} for entry in entries_of(bundle)]
    shell = {**bundle, "entry": entries} if isinstance(bundle.get("entry"), list) else bundle
    found = examine(shell, rules, urns_of(bundle)).findings
    found += _whole(bundle, small=small)
    if kind_of(bundle) in EXECUTED:
        found += _requests(entries)
        found += _twice(entries)
    if kind_of(bundle) == "batch" and rules.integrity:
        found += _out_of_order(bundle, rules)
    return found


def _whole(bundle: Json, *, small: bool) -> Iterator[Finding]:
    if kind_of(bundle) == "history":
        yield Finding("Bundle.type", "bundles of type history can't be imported", "make it a batch of the newest ones")
    if not small and kind_of(bundle) in EXECUTED and len(parsing.serialize(bundle)) > parsing.MAX_BUNDLE:
        limit = parsing.MAX_BUNDLE >> 20
        yield Finding("Bundle", f"over {limit} MB", "split it, or import it from a bucket, where bundles may be larger")


def _requests(entries: list[Json]) -> Iterator[Finding]:
    for number, entry in enumerate(entries):
        request = entry.get("request")
        if not isinstance(request, dict) or not request.get("method") or "url" not in request:
            yield Finding(
                f"Bundle.entry[{number}].request",
                "an entry of a batch or transaction needs a request with method and url",
                "add PUT and Type/id",
            )


def _twice(entries: list[Json]) -> Iterator[Finding]:
    """Entries of one bundle that change the same resource (FHIR: transaction processing rules)."""
    seen: dict[str, int] = {}
    for number, entry in enumerate(entries):
        request = entry.get("request")
        if not isinstance(request, dict) or request.get("method") not in ("PUT", "PATCH", "DELETE"):
            continue
        first = seen.setdefault(str(request.get("url")), number)
        if first != number:
            where = f"Bundle.entry[{number}].request.url"
            yield Finding(where, f"the same resource as entry[{first}]", "leave one of them out")


def _out_of_order(bundle: Json, rules: Rules) -> Iterator[Finding]:
    """Entries of a batch that refer to later ones, which are not there yet when the entry's turn comes."""
    places = {
        f"{resource.get('resourceType')}/{resource.get('id')}": number
        for number, entry in enumerate(entries_of(bundle))
        if isinstance(resource := entry.get("resource"), dict)
    }
    for number, entry in enumerate(entries_of(bundle)):
        resource = entry.get("resource")
        if not isinstance(resource, dict):
            continue
        for target in local_targets(references.texts(resource, extensions=rules.complex_references)):
            if places.get(target, -1) > number:
                where = f"Bundle.entry[{number}].resource"
                what = f"reference to entry[{places[target]}], which comes later in the batch"
                yield Finding(where, what, "reorder the entries, or make it a transaction")
                break
