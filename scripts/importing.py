"""Imports of objects into a store: started, waited for, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.console import count, note
from scripts.errors import ExitCode
from scripts.waiting import (
    FailedFile,
    OperationState,
    exit_code,
    failed_files,
    require_success,
    show_failures,
    start,
    wait_for,
)

if TYPE_CHECKING:
    from scripts.connection import Connection


@dataclass(frozen=True)
class Imported:
    """What came of one import."""

    state: OperationState
    failures: list[FailedFile]
    noun: str = "instance"
    """What is counted."""

    @property
    def exit_code(self) -> ExitCode:
        """0 when every file was imported, 3 when some failed, 1 when all did."""
        return exit_code(self.state)

    def to_json(self) -> dict[str, Any]:
        """The operation's end and the failed files by name."""
        failed = [{"file": each.source, "reason": each.reason} for each in self.failures]
        return {**self.state.to_json(), "failed": failed}

    def show(self, target: Connection) -> None:
        """Say it to the person. Raises CommandError when the import as a whole failed or was cancelled."""
        show_failures(self.state, self.failures)
        require_success(target, self.state)
        failed = f"; {self.state.failure:,} failed" if self.state.failure else ""
        note(f"{count(self.state.success, self.noun)} imported{failed}")


def start_import(target: Connection, uri: str) -> str:
    """Start importing the objects `uri` matches into the DICOM store; gives the operation's name."""
    body = {"gcsSource": {"uri": uri}}
    request = target.healthcare.dicomStores().import_(name=target.outputs.dicom_store_name, body=body)
    return start(target, request, f"Importing {uri}")


def run_import(target: Connection, uri: str) -> Imported:
    """Import the objects `uri` matches and wait for the end of that."""
    state = wait_for(target, start_import(target, uri), f"Importing {uri}")
    return Imported(state, failed_files(target, state))
