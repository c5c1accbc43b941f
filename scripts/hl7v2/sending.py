"""Sending messages to a store or over MLLP: what is refused is named, the rest goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from emulator.mllp.sending import NotSent
from scripts.console import Progress
from scripts.documents import Document
from scripts.errors import ExitCode
from scripts.hl7v2.documents import Found, messages_in
from scripts.hl7v2.service import Refused
from scripts.parallel import run_parallel


@dataclass
class Report:
    """What came of it, in messages; `refused` has a label and a reason each."""

    accepted: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    interrupted: bool = False
    stopped: Exception | None = None
    """What ended it, where it would have met every message."""

    @property
    def exit_code(self) -> ExitCode:
        """0 when everything was accepted, 3 when some was, 1 when nothing was."""
        return ExitCode.of(failed=self.refused or self.interrupted, done=self.accepted)

    def to_json(self) -> dict[str, Any]:
        """The report for programs."""
        refused = [{"message": label, "reason": reason} for label, reason in self.refused]
        return {"accepted": self.accepted, "refused": refused, "interrupted": self.interrupted}


def send_all(send: Callable[[bytes], None], documents: Iterable[Document], bar: Progress) -> Report:
    """Send every message of the documents; `send` raises Refused or NotSent for one that is not taken.

    Ctrl-C as `run_parallel`. What else `send` raises ends it and is kept in the report.
    """
    report, stop = Report(), threading.Event()

    def one(found: Found) -> str:
        if found.problem:
            return found.problem
        try:
            send(found.raw)
        except (Refused, NotSent) as problem:
            return str(problem)
        return ""

    try:
        for found, problem in run_parallel(one, _messages(documents), stop):
            if problem:
                report.refused.append((found.label, problem))
            else:
                report.accepted += 1
            bar.update(report.accepted + len(report.refused))
    except Exception as error:  # noqa: BLE001 what was done is shown first, and the command raises it
        report.stopped = error
    report.interrupted = stop.is_set()
    return report


def _messages(documents: Iterable[Document]) -> Iterator[Found]:
    for document in documents:
        yield from messages_in(document)
