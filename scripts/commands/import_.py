"""`import`: bring objects of a bucket into the DICOM store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.connection import connect
from scripts.console import JsonOption, OutputsOption, StackOption, count, note, print_json, say
from scripts.errors import ExitCode, UsageError
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


def import_(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="gs://BUCKET/PATTERN",
            help="Objects to import; `*` is any text without /, `**` any text. Default: all of the landing bucket.",
        ),
    ] = None,
    *,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Start the import and print its name.")] = False,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import from Cloud Storage into the DICOM store.

    Waits until that is done.
    Files that fail are named, with Google's reason, and the rest is imported (exit code 3). Instances that the store
    has already are left as they are. Ctrl-C asks whether to cancel the import.
    """
    if source and not source.startswith("gs://"):
        raise UsageError(f"{source} is not a place in Cloud Storage: write gs://BUCKET/PATTERN.")
    with connect(stack, outputs) as target:
        uri = source or f"gs://{target.outputs.landing_bucket}/**.dcm"
        if no_wait:
            name = start_import(target, uri)
            print_json({"name": name}) if as_json else say(name)
            return
        imported = run_import(target, uri)
        if as_json:
            print_json(imported.to_json())
        imported.show(target)
    raise typer.Exit(imported.exit_code)


@dataclass(frozen=True)
class Imported:
    """What came of one import."""

    state: OperationState
    failures: list[FailedFile]

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
        note(f"{count(self.state.success, 'instance')} imported{failed}")


def start_import(target: Connection, uri: str) -> str:
    """Start importing the objects `uri` matches; gives the operation's name."""
    body = {"gcsSource": {"uri": uri}}
    request = target.healthcare.dicomStores().import_(name=target.outputs.dicom_store_name, body=body)
    return start(target, request, f"Importing {uri}")


def run_import(target: Connection, uri: str) -> Imported:
    """Import the objects `uri` matches and wait for the end of that."""
    state = wait_for(target, start_import(target, uri), f"Importing {uri}")
    return Imported(state, failed_files(target, state))
