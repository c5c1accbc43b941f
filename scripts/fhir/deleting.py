"""Deleting resources: those that others refer to come last, and what cannot be deleted is named."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from scripts.console import Progress
from scripts.errors import ExitCode
from scripts.fhir.service import FhirFailure, FhirStore
from scripts.parallel import run_parallel

_OF_THE_RESOURCE = (400, 404, 409, 412)
_REFERRED_TO = 409


@dataclass
class Report:
    """What came of it: resources by Type/id, and why one could not be deleted."""

    deleted: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    left: int = 0

    @property
    def exit_code(self) -> ExitCode:
        """0 when all are gone, 3 when some are, 1 when none is."""
        return ExitCode.of(failed=self.failed or self.left, done=self.deleted)

    def to_json(self) -> dict[str, Any]:
        """The report for programs."""
        failed = [{"resource": name, "reason": reason} for name, reason in sorted(self.failed.items())]
        return {"deleted": sorted(self.deleted), "failed": failed, "left": self.left}


def delete_all(store: FhirStore, relatives: Sequence[str], bar: Progress) -> Report:
    """Delete resources, again and again where one is still referred to, as long as that gets on; Ctrl-C stops it."""
    report, stop = Report(), threading.Event()
    waiting = list(relatives)
    while waiting and not stop.is_set():
        before, again = len(report.deleted), []
        report.failed = {name: reason for name, reason in report.failed.items() if name not in waiting}
        for relative, failure in run_parallel(lambda each: _try(store, each), waiting, stop):
            if failure is None:
                report.deleted.append(relative)
                bar.update(len(report.deleted), len(relatives))
                continue
            report.failed[relative] = str(failure)
            if failure.code == _REFERRED_TO:
                again.append(relative)
        waiting = again if len(report.deleted) > before else []
    report.left = len(relatives) - len(report.deleted) - len(report.failed)
    return report


def _try(store: FhirStore, relative: str) -> FhirFailure | None:
    try:
        store.delete(relative)
    except FhirFailure as failure:
        if failure.code not in _OF_THE_RESOURCE:
            raise
        return failure
    return None
