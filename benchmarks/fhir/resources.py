"""What the servers are sent: generated resources, one by one, in bundles and as lines."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from benchmarks.fhir_search import corpus

IN_BUNDLE = 100
_PART = 50_000
Json = dict[str, Any]


def resources(count: int, first: int = 0) -> Iterator[Json]:
    """Patients and observations that refer to nothing but these patients; their numbers begin with `first`."""
    for each in corpus.resources(count, first):
        each.pop("encounter", None)
        each.pop("managingOrganization", None)
        yield each


def lines(some: Iterable[Json]) -> bytes:
    """Resources, one a line."""
    return b"\n".join(json.dumps(each).encode() for each in some)


def parts(count: int) -> Iterator[tuple[int, bytes]]:
    """So many resources in parts of some ten thousand: how many, and one a line."""
    left = resources(count)
    while some := list(islice(left, _PART)):
        yield len(some), lines(some)


def named_bundles(count: int) -> Iterator[bytes]:
    """Transactions that store so many resources under their own ids."""
    left = resources(count)
    while some := list(islice(left, IN_BUNDLE)):
        yield _transaction([_entry("PUT", f"{each['resourceType']}/{each['id']}", each) for each in some])


def new_bundle(first: int) -> bytes:
    """A transaction that creates patients and their observations, with ids of the server's."""
    entries = []
    for each in resources(IN_BUNDLE, first):
        name = f"{each['resourceType']}/{each.pop('id')}"
        if "subject" in each:
            each["subject"] = {"reference": _urn(each["subject"]["reference"])}
        entries.append({**_entry("POST", each["resourceType"], each), "fullUrl": _urn(name)})
    return _transaction(entries)


def new_observations(count: int, patients: range) -> Iterator[bytes]:
    """Observations without ids of patients that are there."""
    found = (each for each in resources(count * 2) if each["resourceType"] == "Observation")
    for number, each in zip(range(count), found, strict=False):
        del each["id"], each["identifier"]
        each["subject"] = {"reference": f"Patient/p{patients[number % len(patients)]}"}
        yield json.dumps(each).encode()


def _entry(method: str, url: str, resource: Json) -> Json:
    return {"request": {"method": method, "url": url}, "resource": resource}


def _transaction(entries: list[Json]) -> bytes:
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()


def _urn(name: str) -> str:
    """The fullUrl of an entry: a UUID that is made of its name."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, name)}"
