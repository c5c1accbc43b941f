"""Checking many documents: what each resource would meet, which references lead out of them, and the mended files."""

from __future__ import annotations

import gc
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from emulator.fhir import definitions, parsing
from emulator.fhir.canonicals import is_canonical
from emulator.fhir.outcomes import Refused
from emulator.pool import Pool, WorkerLost, make_pool_of_copies
from scripts.documents import Document
from scripts.errors import CommandError, ExitCode
from scripts.fhir.checking import bundles
from scripts.fhir.checking.findings import Finding
from scripts.fhir.checking.mended import MendedFiles
from scripts.fhir.checking.resources import Examined, Rules, examine, local_targets
from scripts.fhir.documents import Found, Piece, entries_of, is_bundle, pieces_in, resources_of

T = TypeVar("T")
Json = dict[str, Any]
_HERE = 2 << 20
"""Bytes that are looked at without other processes, so that these find most rules made that they need."""
_LARGE = 100_000
"""Bytes of a piece that another process is given."""
_WORKERS = os.cpu_count() or 1
_AHEAD = 3
"""Pieces of documents that are under way, for each process."""
Verdict = tuple[str, Finding]
"""Where a resource is, as a report names it, and what is wrong with it."""


@dataclass
class Report:
    """What checking found, in resources; a bundle counts as its entries, and one more where it is itself refused."""

    resources: int = 0
    refused: int = 0
    mended: int = 0
    """Of the refused: those that pass with the changes that `--write` makes."""
    without_id: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    wanted: dict[str, int] = field(default_factory=dict)
    """How often each Type/id is referred to."""
    canonical: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Definitions, by their types, URLs and versions: the id of the first one, or where it is, and where it is."""

    def define(self, name: str, own: str, label: str) -> None:
        """Take in a definition; one that another resource is already is refused, as a store does with 409."""
        if self.canonical.setdefault(name, (own, label))[0] != own:
            kind, _, url = name.partition(" ")
            what = "another resource has this url and version"
            self.refused += 1
            self.verdicts.append((label, Finding(f"{kind}.url", what, "change one of them", url)))

    def add(self, other: Report) -> None:
        """Take in what was found in another part, which follows."""
        self.resources += other.resources
        self.refused += other.refused
        self.mended += other.mended
        self.without_id += other.without_id
        self.verdicts += other.verdicts
        self.held |= other.held
        for target, number in other.wanted.items():
            self.wanted[target] = self.wanted.get(target, 0) + number
        for name, (own, label) in other.canonical.items():
            self.define(name, own, label)

    @property
    def absent(self) -> dict[str, int]:
        """References to resources that none of the documents has, by type."""
        found: dict[str, int] = {}
        for target, number in self.wanted.items():
            if target not in self.held:
                kind = target.partition("/")[0]
                found[kind] = found.get(kind, 0) + number
        return found

    @property
    def exit_code(self) -> ExitCode:
        """0 when nothing would be refused, 3 when some, 1 when all."""
        return ExitCode.of(failed=self.refused, done=self.refused < self.resources)

    def to_json(self, *, values: bool) -> dict[str, Any]:
        """The report for programs."""
        return {
            "resources": self.resources,
            "refused": self.refused,
            "mended": self.mended,
            "withoutId": self.without_id,
            "references": self.absent,
            "findings": [{"file": label, **finding.to_json(values=values)} for label, finding in self.verdicts],
        }


Outcome = Callable[[], tuple[Report, bytes]]
"""Waits for what `examined` gives of a piece."""


class Check:
    """One run over documents, which may write what it mends into a folder."""

    def __init__(self, rules: Rules, folder: Path | None = None, *, here: int = _HERE) -> None:
        """Take the rules of the store; `folder` is where mended files go, None for nowhere.

        After so many bytes as `here` says, large pieces are looked at by a process on each core.
        """
        self._rules = rules
        self._folder = folder
        self._here = here
        self._pool: Pool | None = None
        self.report = Report()

    def run(self, documents: Iterable[Document]) -> Generator[Document, None, None]:
        """Check the documents, giving each when it is done. The report is in their order.

        Raises CommandError where a process is gone.
        """
        mended = MendedFiles(self._folder)
        try:
            for document, outcome in _lagging(self._begun(documents), _AHEAD * _WORKERS):
                if outcome is None:
                    mended.finish(document)
                    yield document
                else:
                    report, text = outcome()
                    self.report.add(report)
                    mended.write(document, text)
        except WorkerLost as lost:
            raise CommandError(f"Checking was ended: {lost}.") from None
        finally:
            mended.drop()
            if self._pool is not None:
                self._pool.shutdown(wait=False, cancel_futures=True)
                self._pool = None

    def _begun(self, documents: Iterable[Document]) -> Iterator[tuple[Document, Outcome | None]]:
        """The pieces of the documents, as what waits for their outcome; None at the end of each document."""
        for document in documents:
            for piece in pieces_in(document):
                look = partial(examined, piece, self._rules, mend=self._folder is not None)
                yield document, self._handed_out(look) if self._is_large(piece) else look
            yield document, None

    def _is_large(self, piece: Piece | Found) -> bool:
        size = len(piece.raw) if isinstance(piece, Piece) else 0
        self._here -= size
        return self._here < 0 and size >= _LARGE

    def _handed_out(self, look: Outcome) -> Outcome:
        """What waits for a process that looks."""
        if self._pool is None:
            self._pool = make_pool_of_copies(_WORKERS)
        return self._pool.submit(look).result


def _lagging(items: Iterable[T], by: int) -> Iterator[T]:
    """The items, each only when so many more are there: what was begun with these goes on meanwhile."""
    waiting: deque[T] = deque()
    for item in items:
        waiting.append(item)
        if len(waiting) > by:
            yield waiting.popleft()
    yield from waiting


def examined(piece: Piece | Found, rules: Rules, *, mend: bool) -> tuple[Report, bytes]:
    """What a piece of a document would meet, and its resources, one a line, with all changes where these are wanted."""
    looking, texts = _Looking(rules), []
    with _uncollected():
        for found in [piece] if isinstance(piece, Found) else resources_of(piece):
            mended = looking.found(found)
            if mend and mended is not None:
                texts.append(parsing.serialize(mended) + b"\n")
    return looking.report, b"".join(texts)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no garbage meanwhile: JSON has no cycles, and its many objects make that take a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class _Looking:
    """Looking at resources and bundles one after the other."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.report = Report()

    def found(self, found: Found) -> Json | None:
        """What becomes of a resource or bundle; None for what is not even JSON."""
        if isinstance(found.content, Refused):
            self.report.resources += 1
            self._refuse(found.label, [_unread(found.content)])
            return None
        if is_bundle(found.content) and bundles.kind_of(found.content) != "document":
            return self._bundle(found.label, found.content, small=found.size <= parsing.MAX_RESOURCE)
        return self._resource(found.label, found.content, None, small=found.size <= parsing.MAX_RESOURCE)

    def _bundle(self, label: str, bundle: Json, *, small: bool) -> Json:
        shell = bundles.examine_shell(bundle, self._rules, small=small)
        if shell:
            self.report.resources += 1
            self._refuse(label, shell)
        urns = bundles.urns_of(bundle)
        entries = []
        for number, entry in enumerate(entries_of(bundle)):
            resource = entry.get("resource")
            if isinstance(resource, dict):
                entry = {**entry, "resource": self._resource(_in_entry(label, number), resource, urns, small=small)}  # noqa: PLW2901
            entries.append(entry)
        return {**bundle, "entry": entries}

    def _resource(self, label: str, resource: Json, urns: frozenset[str] | None, *, small: bool) -> Json:
        self.report.resources += 1
        examined = examine(resource, self._rules, urns)
        findings = examined.findings or ([] if small else _size(resource))
        if findings:
            self._refuse(label, findings)
            self.report.mended += examined.mended and not examined.passes
        elif resource.get("url"):
            self._define(label, resource)
        self._remember(examined)
        return examined.resource

    def _define(self, label: str, resource: Json) -> None:
        kind = str(resource["resourceType"])
        if is_canonical(definitions.load(self._rules.version), kind):
            name = f"{kind} {resource['url']}|{resource.get('version', '')}"
            self.report.define(name, str(resource.get("id") or label), label)

    def _refuse(self, label: str, findings: Iterable[Finding]) -> None:
        self.report.refused += 1
        self.report.verdicts += [(label, each) for each in findings]

    def _remember(self, examined: Examined) -> None:
        resource, report = examined.resource, self.report
        if "id" in resource:
            report.held.add(f"{resource.get('resourceType')}/{resource['id']}")
        else:
            report.without_id += 1
        for target in local_targets(examined.references):
            report.wanted[target] = report.wanted.get(target, 0) + 1


def _in_entry(label: str, number: int) -> str:
    return f"{label}, entry {number + 1}"


def _unread(problem: Refused) -> Finding:
    """What is no JSON, in the parser's words, which quote no value."""
    return Finding("", problem.issues[0].diagnostics, "mend the file")


def _size(resource: Json) -> list[Finding]:
    """The limit of a resource (Cloud Healthcare: quotas and limits)."""
    if len(parsing.serialize(resource)) <= parsing.MAX_RESOURCE:
        return []
    return [Finding("", f"over {parsing.MAX_RESOURCE >> 20} MB", "keep its data in a Binary, up to 1 GB")]
