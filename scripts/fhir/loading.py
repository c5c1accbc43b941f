"""Loading into a store by bundles: what it holds already is left alone, what it refuses is named, the rest goes on."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scripts.console import Progress
from scripts.documents import Document
from scripts.errors import ApiFailure, CommandError, ExitCode
from scripts.fhir.documents import entries_of
from scripts.fhir.identity import is_same
from scripts.fhir.service import FhirFailure, FhirStore, failure_of
from scripts.fhir.units import Item, Transaction, Unit, Unreadable, in_order, units_of
from scripts.parallel import run_parallel

if TYPE_CHECKING:
    from infra.outputs import FhirStoreOutputs
    from scripts.connection import Connection

Json = dict[str, Any]

_OF_THE_BUNDLE = (400, 404, 409, 412, 413, 422)
"""Refusals that are about what was sent."""
_TOO_LARGE = 413
_REFERENCES = "invalid_references"
"""Google's name for the fault that may go once more is loaded."""


@dataclass(frozen=True)
class Refusal:
    """What was refused, and why, without a value of it; `again` where it may be taken after others are."""

    label: str
    reason: str
    unit: Unit
    again: bool = False


@dataclass
class Outcome:
    """What became of a unit, in resources."""

    stored: int = 0
    already: int = 0
    refused: list[Refusal] = field(default_factory=list)


@dataclass
class Report:
    """What came of a load, in resources; a transaction that is refused counts as one."""

    stored: int = 0
    already: int = 0
    refused: list[Refusal] = field(default_factory=list)
    interrupted: bool = False
    stopped: Exception | None = None
    """What ended the load, where it would have met everything."""

    @property
    def there(self) -> int:
        """How many the store holds now."""
        return self.stored + self.already

    @property
    def exit_code(self) -> ExitCode:
        """0 when everything is there, 3 when some is, 1 when nothing is."""
        return ExitCode.of(failed=self.refused or self.interrupted, done=self.there)

    def to_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "stored": self.stored,
            "already": self.already,
            "refused": [{"file": each.label, "reason": each.reason} for each in self.refused],
            "interrupted": self.interrupted,
        }


def require_own_ids(target: Connection, chosen: FhirStoreOutputs) -> None:
    """Refuse to load where the store chooses all ids. Raises CommandError."""
    found = target.execute(target.healthcare.fhirStores().get(name=chosen.name))
    if not found.get("enableUpdateCreate"):
        name = chosen.name.rpartition("/")[2]
        raise CommandError(
            f"FHIR store {name} does not let resources keep their ids: set `healthcare-cloud-poc:fhirStores.{name}"
            ".enableUpdateCreate` to true and run `pulumi up`, or load with --import."
        )


def load(store: FhirStore, documents: Sequence[Document], bar: Progress, *, as_is: bool = False) -> Report:
    """Load documents, those whose resources others refer to first; what still refers to nothing is tried once more.

    Ctrl-C as `run_parallel`. What ends the load early is kept in the report, so that it can be shown first.
    """
    report, stop = Report(), threading.Event()
    try:
        for group in in_order(documents):
            _run(store, units_of(group, as_is=as_is), report, stop, bar)
        while not stop.is_set() and (late := [each for each in report.refused if each.again]):
            report.refused = [each for each in report.refused if not each.again]
            before = report.stored
            _run(store, _again(late), report, stop, bar)
            if report.stored == before:
                break
    except Exception as error:  # noqa: BLE001 (raised again by the command, after it has shown what was done)
        report.stopped = error
    report.interrupted = stop.is_set()
    return report


def _again(refusals: Iterable[Refusal]) -> Iterator[Unit]:
    """The units of refusals, each once."""
    return iter({id(each.unit): each.unit for each in refusals}.values())


def _run(store: FhirStore, units: Iterator[Unit], report: Report, stop: threading.Event, bar: Progress) -> None:
    if stop.is_set():
        return
    for _, outcome in run_parallel(lambda unit: send(store, unit), units, stop):
        report.stored += outcome.stored
        report.already += outcome.already
        report.refused += outcome.refused
        refused = f"{len(report.refused):,} refused" if report.refused else ""
        bar.update(report.there, note=refused)


def send(store: FhirStore, unit: Unit) -> Outcome:
    """Bring one unit into the store. Raises ApiFailure for a refusal that is not about the unit."""
    if isinstance(unit, Unreadable):
        return Outcome(refused=[Refusal(unit.label, unit.reason, unit)])
    if isinstance(unit, Transaction):
        return _execute(store, unit)
    return _put(store, unit)


def _put(store: FhirStore, items: list[Item]) -> Outcome:
    """Store resources by a batch, but for those that are there as they are."""
    there = _held(store, [item.relative for item in items])
    wanted = [item for item in items if not is_same(item.resource, there.get(item.relative, {}))]
    outcome = Outcome(already=len(items) - len(wanted))
    if wanted:
        _batch(store, wanted, outcome)
    return outcome


def _batch(store: FhirStore, items: list[Item], outcome: Outcome) -> None:
    entries = [{"resource": item.resource, "request": {"method": "PUT", "url": item.relative}} for item in items]
    try:
        answers = store.execute(_bundle("batch", entries))
    except FhirFailure as failure:
        if failure.code == _TOO_LARGE and len(items) > 1:
            _batch(store, items[: len(items) // 2], outcome)
            _batch(store, items[len(items) // 2 :], outcome)
            return
        if failure.code not in _OF_THE_BUNDLE:
            raise
        outcome.refused += [Refusal(item.label, str(failure), [item]) for item in items]
        return
    for item, answer in zip(items, answers, strict=True):
        failed = _failure_in(answer)
        if failed is None:
            outcome.stored += 1
        else:
            outcome.refused.append(_refusal(item.label, failed, [item]))


def _failure_in(answer: Json) -> FhirFailure | None:
    """The refusal that an entry of an answer tells of; None where there is none."""
    response = answer.get("response", {})
    status = int(str(response.get("status", "500")).partition(" ")[0])
    if status < 400:
        return None
    return failure_of(status, response.get("outcome") or {}, of_entry=True)


def _refusal(label: str, failure: ApiFailure, unit: Unit) -> Refusal:
    return Refusal(label, str(failure), unit, again=_REFERENCES in str(failure))


def _execute(store: FhirStore, unit: Transaction) -> Outcome:
    """Execute a bundle without the entries that are there as they are, or not at all where that leaves nothing."""
    entries = entries_of(unit.bundle)
    wanted = _unlike(store, entries)
    outcome = Outcome(already=len(entries) - len(wanted))
    if not wanted:
        return outcome
    try:
        answers = store.execute({**unit.bundle, "entry": wanted})
    except FhirFailure as failure:
        if failure.code not in _OF_THE_BUNDLE:
            raise
        outcome.refused.append(_refusal(unit.label, _renumbered(failure, entries, wanted), unit))
        return outcome
    for entry, answer in zip(wanted, answers, strict=True):
        failed = _failure_in(answer)
        if failed is None and _was_there(entry, answer):
            outcome.already += 1
        elif failed is None:
            outcome.stored += 1
        else:
            number = next(place for place, each in enumerate(entries, 1) if each is entry)
            outcome.refused.append(_refusal(f"{unit.label}, entry {number}", failed, _alone(unit, entry)))
    return outcome


def _renumbered(failure: FhirFailure, entries: list[Json], sent: list[Json]) -> FhirFailure:
    """A refusal that says the numbers of entries as the file has them, of which some were not sent."""
    numbers = {id(entry): number for number, entry in enumerate(entries)}

    def in_file(found: re.Match[str]) -> str:
        return f"Bundle.entry[{numbers[id(sent[int(found[1])])]}]" if int(found[1]) < len(sent) else found[0]

    return FhirFailure(failure.code, re.sub(r"Bundle\.entry\[(\d{1,9})\]", in_file, str(failure)), failure.diagnostics)


def _was_there(entry: Json, answer: Json) -> bool:
    """Whether a conditional create found what it would have created (FHIR: If-None-Exist, 200)."""
    made = entry.get("request", {}).get("method") == "POST"
    return made and str(answer.get("response", {}).get("status", "")).startswith("200")


def _alone(unit: Transaction, entry: Json) -> Transaction:
    return Transaction(unit.label, {**unit.bundle, "entry": [entry]})


def _unlike(store: FhirStore, entries: list[Json]) -> list[Json]:
    """The entries that would change something: all but updates to what is there."""
    updates = [str(entry["request"].get("url", "")) for entry in entries if _is_update(entry)]
    there = _held(store, updates)
    return [
        entry
        for entry in entries
        if not _is_update(entry) or not is_same(entry["resource"], there.get(entry["request"]["url"], {}))
    ]


def _is_update(entry: Json) -> bool:
    request, resource = entry.get("request"), entry.get("resource")
    if not isinstance(request, dict) or not isinstance(resource, dict) or request.get("method") != "PUT":
        return False
    return request.get("url") == f"{resource.get('resourceType')}/{resource.get('id')}" and len(request) == 2


def _held(store: FhirStore, relatives: Sequence[str]) -> dict[str, Json]:
    """What the store holds of these, Type/id, by one batch of reads; nothing for who may not read."""
    try:
        return store.held(relatives)
    except FhirFailure as failure:
        if failure.code not in (*_OF_THE_BUNDLE, 403):
            raise
        return {}


def _bundle(kind: str, entries: list[Json]) -> Json:
    return {"resourceType": "Bundle", "type": kind, "entry": entries}
