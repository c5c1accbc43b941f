"""Storing in parallel: what is there already is counted, what is refused is named, conflicts are replaced."""

from __future__ import annotations

import filecmp
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from scripts.console import Progress
from scripts.dicomweb import DicomWeb, ResourcePath
from scripts.errors import ApiFailure, one_line
from scripts.loading.dicom_files import NotStorable
from scripts.parallel import run_parallel
from scripts.storing.bodies import Body, read_body
from scripts.storing.candidates import Candidate

_PER_FILE = (400, 409, 413)
"""Refusals that are about the one file."""
_CONFLICT = "already exists"
"""Google's FailureDetail where the store holds other bytes under the same UIDs."""

Kind = Literal["stored", "already", "replaced", "conflict", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    kind: Kind
    size: int = 0
    reason: str = ""


@dataclass
class Report:
    """What became of the files of a run."""

    total: int
    stored: int = 0
    already: int = 0
    replaced: int = 0
    bytes_sent: int = 0
    seconds: float = 0.0
    failed: dict[str, str] = field(default_factory=dict)
    """Reason by label."""
    conflicts: list[Candidate] = field(default_factory=list)
    """Those of `failed` that the store holds with other bytes."""
    stopped: Exception | None = None
    """What ended the run, where it would have met every file."""

    @property
    def there(self) -> int:
        """How many of the files the store holds now."""
        return self.stored + self.already + self.replaced

    @property
    def left(self) -> int:
        """How many were not tried."""
        return self.total - self.there - len(self.failed)

    @property
    def rate(self) -> str:
        """The speed so far, for a person."""
        return f"{self.bytes_sent / 1e6 / max(self.seconds, 1e-3):,.1f} MB/s"

    def to_json(self) -> dict[str, Any]:
        """The report as `store --json` prints it."""
        conflicts = {each.label for each in self.conflicts}
        return {
            "stored": self.stored,
            "already": self.already,
            "replaced": self.replaced,
            "failed": [
                {"file": label, "reason": reason, "conflict": label in conflicts}
                for label, reason in sorted(self.failed.items())
            ],
            "left": self.left,
            "bytes": self.bytes_sent,
        }

    def take(self, candidate: Candidate, outcome: Outcome) -> None:
        """Count one outcome; a later one of the same file replaces a failure."""
        self.failed.pop(candidate.label, None)
        self.bytes_sent += outcome.size
        if outcome.kind == "conflict":
            self.conflicts.append(candidate)
        if outcome.kind in ("conflict", "failed"):
            self.failed[candidate.label] = outcome.reason
        elif outcome.kind == "stored":
            self.stored += 1
        elif outcome.kind == "replaced":
            self.replaced += 1
        else:
            self.already += 1


class Storer:
    """Stores files into one store, or into one study of it; the worker threads share it."""

    def __init__(self, web: DicomWeb, study: str | None) -> None:
        self._web = web
        self._study = study
        self._there = _There(web)
        self._first: dict[ResourcePath, Candidate] = {}

    def store(self, candidate: Candidate) -> Outcome:
        """Store one file. What the store holds already is sent all the same: only so does it compare the bytes."""

        def send(body: Body) -> Outcome:
            before = self._there.holds(body.instance) or self._first[body.instance] != candidate
            self._web.store(body.content, body.content_type, self._study)
            return Outcome("already" if before else "stored", body.size)

        return self._checked(candidate, send)

    def replace(self, candidate: Candidate) -> Outcome:
        """Delete the instance with the file's UIDs, then store the file: two requests, between which it is gone."""

        def send(body: Body) -> Outcome:
            try:
                self._web.delete(body.instance)
            except ApiFailure as error:
                if error.code != 404:
                    raise
            try:
                self._web.store(body.content, body.content_type, self._study)
            except ApiFailure as error:
                reason = one_line(error.message)
                return Outcome("failed", 0, f"Its instance was deleted, and the file was not stored: {reason}")
            return Outcome("replaced", body.size)

        return self._checked(candidate, send)

    def _checked(self, candidate: Candidate, send: Callable[[Body], Outcome]) -> Outcome:
        try:
            body = read_body(candidate.path)
            first = self._first.setdefault(body.instance, candidate)
            if first != candidate and not filecmp.cmp(first.path, candidate.path, shallow=False):
                return Outcome("failed", 0, f"It has the UIDs of {first.label}, but other bytes")
            return send(body)
        except NotStorable as problem:
            return Outcome("failed", 0, str(problem))
        except (FileNotFoundError, PermissionError) as problem:  # of the file, since it was looked at
            return Outcome("failed", 0, f"The file cannot be read: {problem.strerror}")
        except ApiFailure as error:
            if error.code not in _PER_FILE:
                raise
            conflict = error.code == 409 and _CONFLICT in error.message
            return Outcome("conflict" if conflict else "failed", 0, one_line(error.message))


class _There:
    """Which instances the store holds, asked once for each study."""

    def __init__(self, web: DicomWeb) -> None:
        self._web = web
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._studies: dict[str, frozenset[ResourcePath]] = {}

    def holds(self, instance: ResourcePath) -> bool:
        """Whether it was there when its study was first asked about; never, for who may not read."""
        study = instance.study
        with self._lock:
            lock = self._locks.setdefault(study, threading.Lock())
        with lock:
            if study not in self._studies:
                self._studies[study] = self._ask(study)
        return instance in self._studies[study]

    def _ask(self, study: str) -> frozenset[ResourcePath]:
        try:
            found = self._web.search("/instances", [("StudyInstanceUID", study)], None)
            return frozenset(ResourcePath.of(each) for each in found)
        except ApiFailure as error:
            if error.code != 403:
                raise
            return frozenset()


def run(work: Callable[[Candidate], Outcome], candidates: Sequence[Candidate], report: Report, bar: Progress) -> None:
    """Do `work` on the candidates in parallel, counting in `report`; Ctrl-C as `run_parallel`.

    What ends the run early (no permission, no connection) is kept in the report, so that it can be shown first.
    """
    began = time.monotonic() - report.seconds
    try:
        for done, (candidate, outcome) in enumerate(run_parallel(work, candidates), 1):
            report.take(candidate, outcome)
            report.seconds = time.monotonic() - began
            bar.update(done, len(candidates), report.rate)
    except Exception as error:  # noqa: BLE001 (raised again by the command, after it has shown what was done)
        report.stopped = error
