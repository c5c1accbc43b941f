"""Asking a store about the resources of documents."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from scripts.console import Progress
from scripts.documents import Document
from scripts.errors import ExitCode
from scripts.fhir.service import FhirFailure, FhirStore, discreet
from scripts.fhir.units import Item, Transaction, Unit, Unreadable, items_of, units_of
from scripts.parallel import run_parallel

Json = dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """One issue of the store with a resource: without values, and in the store's whole sentence."""

    label: str
    discreet: str
    whole: str


@dataclass
class Report:
    """What the store said."""

    resources: int = 0
    refused: int = 0
    problems: list[Problem] = field(default_factory=list)
    interrupted: bool = False
    """Whether Ctrl-C ended it before the store was asked about all."""

    @property
    def exit_code(self) -> ExitCode:
        """0 when all are valid, 3 when some are or not all were looked at, 1 when none is."""
        return ExitCode.of(failed=self.refused or self.interrupted, done=self.refused < self.resources)

    def to_json(self, *, values: bool) -> dict[str, Any]:
        """The report for programs."""
        found = [{"file": each.label, "problem": each.whole if values else each.discreet} for each in self.problems]
        counted = {"resources": self.resources, "refused": self.refused, "interrupted": self.interrupted}
        return {**counted, "problems": found}


def validate_all(store: FhirStore, documents: Iterable[Document], profile: str, bar: Progress) -> Report:
    """Ask about all resources of documents, those in bundles too, several at once."""
    report, stop = Report(), threading.Event()
    items = _single(units_of(documents, as_is=True))
    for number, (_, problems) in enumerate(run_parallel(lambda each: _ask(store, each, profile), items, stop), 1):
        report.resources += 1
        report.refused += bool(problems)
        report.problems += problems
        bar.update(number, note=f"{report.refused:,} not valid" if report.refused else "")
    report.interrupted = stop.is_set()
    return report


def _single(units: Iterable[Unit]) -> Iterator[Item | Unreadable]:
    for unit in units:
        if isinstance(unit, Unreadable):
            yield unit
        elif isinstance(unit, Transaction):
            yield from items_of(unit.label, unit.bundle)
        else:
            yield from unit


def _ask(store: FhirStore, item: Item | Unreadable, profile: str) -> list[Problem]:
    if isinstance(item, Unreadable):
        return [Problem(item.label, item.reason, item.reason)]
    try:
        issues = store.validate(item.resource, profile)
    except FhirFailure as failure:
        if failure.code not in (400, 413, 422):
            raise
        return [Problem(item.label, str(failure), failure.diagnostics)]
    return [Problem(item.label, discreet(issue), str(issue.get("diagnostics", ""))) for issue in issues]
