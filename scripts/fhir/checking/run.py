"""Checking many documents: what each resource would meet, which references lead out of them, and the mended files."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from emulator.fhir import parsing
from emulator.fhir.outcomes import Refused
from scripts.documents import Document
from scripts.errors import ExitCode
from scripts.fhir.checking import bundles
from scripts.fhir.checking.findings import Finding
from scripts.fhir.checking.resources import Examined, Rules, examine, local_targets
from scripts.fhir.documents import Found, entries_of, is_bundle, resources_in

Json = dict[str, Any]
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


class Check:
    """One run over documents, which may write what it mends into a folder."""

    def __init__(self, rules: Rules, folder: Path | None = None) -> None:
        """Take the rules of the store; `folder` is where mended files go, None for nowhere."""
        self._rules = rules
        self._folder = folder
        self.report = Report()

    def run(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Check the documents, giving each when it is done."""
        for document in documents:
            if self._folder is None:
                for found in resources_in(document):
                    self._found(found)
            else:
                self._rewrite(document, self._folder)
            yield document

    def _rewrite(self, document: Document, folder: Path) -> None:
        """Check a document, and write it with all changes; what can't be mended stays as it was."""
        file = folder / document.label.removeprefix("gs://").lstrip("/").replace("../", "")
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f".{file.name}.part")
        try:
            with _writer(unfinished, packed=file.name.endswith(".gz")) as out:
                for found in resources_in(document):
                    mended = self._found(found)
                    if mended is not None:
                        out.write(parsing.serialize(mended) + b"\n")
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)

    def _found(self, found: Found) -> Json | None:
        """What becomes of a resource or bundle; None for what is not even JSON."""
        if isinstance(found.content, Refused):
            self.report.resources += 1
            self._refuse(found.label, [_unread(found.content)])
            return None
        if is_bundle(found.content) and bundles.kind_of(found.content) != "document":
            return self._bundle(found.label, found.content, small=found.size <= parsing.MAX_RESOURCE)
        return self._resource(found.label, found.content, None, small=found.size <= parsing.MAX_RESOURCE)

    def _bundle(self, label: str, bundle: Json, *, small: bool) -> Json:
        shell = bundles.examine_shell(bundle, self._rules)
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
        self._remember(examined)
        return examined.resource

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


def _writer(path: Path, *, packed: bool) -> BinaryIO:
    return gzip.open(path, "wb") if packed else path.open("wb")  # type: ignore[return-value]


def _unread(problem: Refused) -> Finding:
    """What is no JSON, in the parser's words, which quote no value."""
    return Finding("", problem.issues[0].diagnostics, "mend the file")


def _size(resource: Json) -> list[Finding]:
    """The limit of a resource (Cloud Healthcare: quotas and limits)."""
    if len(parsing.serialize(resource)) <= parsing.MAX_RESOURCE:
        return []
    return [Finding("", f"over {parsing.MAX_RESOURCE >> 20} MB", "keep its data in a Binary, up to 1 GB")]
