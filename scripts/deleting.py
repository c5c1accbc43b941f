"""Deleting in parallel, and waiting for the operations that do it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from scripts.connection import Connection
from scripts.console import Progress, progress, remark
from scripts.dicomweb import DicomWeb, ResourcePath
from scripts.errors import ApiFailure, CommandError, ExitCode, api_failure, one_line
from scripts.parallel import run_parallel
from scripts.waiting import OperationState, get_state, wait_for

_PER_PATH = (400, 404, 409)
"""Refusals that are about the one study, series or instance."""
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0


@dataclass
class Report:
    """What became of what was to be deleted."""

    total: int
    deleted: list[ResourcePath] = field(default_factory=list)
    failed: list[tuple[ResourcePath, str]] = field(default_factory=list)
    running: dict[ResourcePath, OperationState] = field(default_factory=dict)
    """Operations that had not ended when the person stopped waiting."""
    stopped: Exception | None = None
    """What ended the run, where it would have met everything."""

    @property
    def left(self) -> int:
        """How many were not tried."""
        return self.total - len(self.deleted) - len(self.failed) - len(self.running)

    @property
    def exit_code(self) -> ExitCode:
        """0 when all is gone, 3 when some is, 1 when nothing is."""
        return ExitCode.of(failed=self.failed or self.running or self.left, done=self.deleted or self.running)

    def to_json(self) -> dict[str, Any]:
        """The report as `delete --json` prints it."""
        return {
            "deleted": [str(path) for path in self.deleted],
            "failed": [{"path": str(path), "reason": reason} for path, reason in self.failed],
            "running": [{"path": str(path), "operation": state.name} for path, state in self.running.items()],
            "left": self.left,
        }


def delete_all(target: Connection, web: DicomWeb, paths: list[ResourcePath]) -> Report:
    """Delete what is at `paths`, several at once, and wait for the operations.

    Ctrl-C: requests under way are finished, no other is begun, and operations that run are waited for; another one
    leaves them running. What is refused for one path does not stop the rest.
    """
    report = Report(len(paths))
    try:
        with progress("Deleting", len(paths)) as bar:
            for path, outcome in run_parallel(lambda path: _begin(web, path), paths):
                _take(report, path, outcome)
                bar.update(len(report.deleted) + len(report.failed), len(paths))
        if len(report.running) == 1 == len(paths):
            _wait_for_one(target, report)
        else:
            _wait_for_all(target, report)
    except Exception as error:  # noqa: BLE001 (raised again by the command, after it has shown what was done)
        report.stopped = error
    return report


def _begin(web: DicomWeb, path: ResourcePath) -> OperationState | str | None:
    """Ask to delete one path; gives its operation, None where it is gone already, or why it is refused."""
    try:
        operation = web.delete(path)
    except ApiFailure as error:
        if error.code not in _PER_PATH:
            raise
        return one_line(error.message)
    return OperationState.from_json(operation) if operation.get("name") else None


def _take(report: Report, path: ResourcePath, outcome: OperationState | str | None) -> None:
    """Count how it stands with one path."""
    report.running.pop(path, None)
    if outcome is None:
        report.deleted.append(path)
    elif isinstance(outcome, str):
        report.failed.append((path, outcome))
    elif not outcome.done:
        report.running[path] = outcome
    elif outcome.error_code:
        report.failed.append((path, one_line(outcome.error_message) or "The operation failed"))
    else:
        report.deleted.append(path)


def _wait_for_one(target: Connection, report: Report) -> None:
    """Wait as every command waits for its one operation: Ctrl-C asks what it was to mean."""
    ((path, state),) = report.running.items()
    try:
        _take(report, path, wait_for(target, state.name, f"Deleting the {path.level}"))
    except CommandError as left_running:
        remark(str(left_running))


def _wait_for_all(target: Connection, report: Report) -> None:
    """Ask about one operation after the other until all have ended, or Ctrl-C."""
    if not report.running:
        return
    try:
        with progress("Waiting for operations", len(report.running)) as bar:
            _poll(target, report, bar)
    except KeyboardInterrupt:
        return


def _poll(target: Connection, report: Report, bar: Progress) -> None:
    pause, total = _FIRST_PAUSE_SECONDS, len(report.running)
    while report.running:
        for path, state in list(report.running.items()):
            try:
                _take(report, path, get_state(target, state.name))
            except Exception as error:
                if api_failure(error) is None:
                    raise
                _take(report, path, f"Its operation {state.operation_id} cannot be read")
            bar.update(total - len(report.running), total)
        if report.running:
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
