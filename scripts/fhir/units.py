"""What is sent to a store at a time: a transaction as it is, or many resources as a batch, those referred to first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from emulator.fhir.outcomes import Refused
from scripts.documents import Document
from scripts.fhir.documents import entries_of, is_bundle, resources_in
from scripts.fhir.identity import repeatable, with_id

Json = dict[str, Any]

BATCH = 100
"""Resources of a batch."""
BATCH_BYTES = 4 << 20
_FIRST = (
    *("Organization", "Location", "Practitioner", "PractitionerRole", "Endpoint", "Device", "Medication"),
    *("Patient", "RelatedPerson", "Group", "Encounter", "ImagingStudy", "Specimen", "Condition", "Observation"),
)
"""Types in the order in which they refer to each other: none refers to a later one, as a rule."""
_TYPE = re.compile(rb'"resourceType"\s*:\s*"(?!Bundle")([A-Za-z]+)"')
_HEAD_BYTES = 1 << 16


@dataclass(frozen=True)
class Item:
    """A resource to be stored under its own id, and how reports name it."""

    label: str
    resource: Json

    @property
    def relative(self) -> str:
        """Type/id."""
        return f"{self.resource.get('resourceType')}/{self.resource['id']}"


@dataclass(frozen=True)
class Transaction:
    """A bundle that is executed as one."""

    label: str
    bundle: Json

    @property
    def size(self) -> int:
        """Its entries."""
        return len(entries_of(self.bundle))


@dataclass(frozen=True)
class Unreadable:
    """A part of a document that is no resource, and why."""

    label: str
    reason: str


Unit = list[Item] | Transaction | Unreadable


def in_order(documents: Iterable[Document]) -> list[list[Document]]:
    """The documents in groups, of which each is to be loaded before the next: by the type of their first resource."""
    ranked = sorted(((_rank(document), number, document) for number, document in enumerate(documents)), key=_by_rank)
    return [[document for _, _, document in group] for _, group in groupby(ranked, key=lambda each: each[0])]


def _by_rank(each: tuple[int, int, Document]) -> tuple[int, int]:
    return each[:2]


def _rank(document: Document) -> int:
    try:
        with document.open() as file:
            found = _TYPE.search(file.read(_HEAD_BYTES))
    except (OSError, EOFError):
        return len(_FIRST)
    name = found[1].decode() if found else ""
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)


def units_of(documents: Iterable[Document], *, as_is: bool) -> Iterator[Unit]:
    """What documents hold as units; `as_is` leaves transactions as they are, that is to say not repeatable."""
    batch: list[Item] = []
    size = 0
    for document in documents:
        for found in resources_in(document):
            if isinstance(found.content, Refused):
                yield Unreadable(found.label, found.content.issues[0].diagnostics)
            elif is_bundle(found.content) and found.content.get("type") in ("transaction", "batch"):
                yield Transaction(found.label, found.content if as_is else repeatable(found.content))
            else:
                share = found.size // max(len(entries_of(found.content)), 1)
                for item in items_of(found.label, found.content):
                    if len(batch) == BATCH or size + share > BATCH_BYTES:
                        yield batch
                        batch, size = [], 0
                    batch.append(item)
                    size += share
    if batch:
        yield batch


def items_of(label: str, content: Json) -> Iterator[Item]:
    """The resources of a bundle that is not executed, or the one resource."""
    if not is_bundle(content) or content.get("type") == "document":
        yield Item(label, with_id(content))
        return
    for number, entry in enumerate(entries_of(content), 1):
        if isinstance(entry.get("resource"), dict):
            yield Item(f"{label}, entry {number}", with_id(entry["resource"]))
