"""The hospital's FHIR resources, stored by transactions, each of which has all that its references lead to."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from emulator.hospital.fhir.concepts import SYSTEM
from emulator.hospital.fhir.places import shared
from emulator.hospital.fhir.records import records
from emulator.hospital.fhir.stu3 import in_stu3
from emulator.hospital.filling.places import Places
from emulator.hospital.filling.target import Target
from emulator.hospital.story import Story

Json = dict[str, Any]
_AT_ONCE = 10
"""Patients of a transaction."""
_PAGE = 1000


def store(target: Target, told: Iterable[Story]) -> int:
    """Store the resources that the store lacks; how many."""
    api, places = target.api, target.places
    there = _Held(target)
    stored = 0

    def send(resources: list[Json]) -> None:
        nonlocal stored
        entries = [{"resource": each, "request": {"method": "PUT", "url": _relative(each)}} for each in resources]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        api.call("POST", f"/v1/{places.fhir}/fhir", bundle, "application/fhir+json")
        stored += len(resources)

    def lacking(made: Iterable[Iterable[Json]]) -> Iterator[list[Json]]:
        found = ([each for each in _in(places, resources) if each not in there] for resources in made)
        return target.storing(filter(None, found))

    api.for_each(send, lacking([shared(target.seed, f"{api.url}/v1/{places.dicomweb}")]))
    api.for_each(send, lacking(_batches(told)))
    return stored


def _batches(told: Iterable[Story]) -> Iterator[Iterable[Json]]:
    rest = iter(told)
    while batch := list(itertools.islice(rest, _AT_ONCE)):
        yield itertools.chain.from_iterable(map(records, batch))


def _in(places: Places, resources: Iterable[Json]) -> list[Json]:
    """Resources in the version of the store."""
    return [in_stu3(each) if places.fhir_version == "STU3" else each for each in resources]


def _relative(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


class _Held:
    """The hospital's resources that the store has, looked up once for each type, by their tag."""

    def __init__(self, target: Target) -> None:
        self._api, self._fhir = target.api, f"/v1/{target.places.fhir}/fhir"
        self._tag = f"{SYSTEM}|seed-{target.seed}"
        self._types: dict[str, set[str]] = {}

    def __contains__(self, resource: Json) -> bool:
        kind = resource["resourceType"]
        if kind not in self._types:
            self._types[kind] = set(self._ids(kind))
        return resource["id"] in self._types[kind]

    def _ids(self, kind: str) -> Iterator[str]:
        path = f"{self._fhir}/{kind}?_tag={self._tag}&_elements=id&_count={_PAGE}"
        while path:
            page = self._api.call("GET", path)
            yield from (each["resource"]["id"] for each in page.get("entry", ()))
            path = next((_path(each["url"]) for each in page.get("link", ()) if each["relation"] == "next"), "")


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"
