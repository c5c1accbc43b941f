"""`store`: put DICOM files into the store directly, without a bucket between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.options import JsonOption, OutputsOption, StackOption, StoreOption
from scripts.connection import connect
from scripts.console import confirmed, count, interactive, note, print_json, progress, remark, tally
from scripts.dicomweb import DicomWeb
from scripts.errors import CommandError, ExitCode, UsageError, explain

if TYPE_CHECKING:
    from scripts.storing.storing import Report, Storer


def store(
    source: Annotated[
        list[str], typer.Argument(metavar="SOURCE", help="Files, folders, or wildcards such as 'films/**/*.dcm'.")
    ],
    *,
    study: Annotated[
        str | None, typer.Option(help="Store into this study only (its UID); instances of another one fail.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what the store holds with other bytes: delete, then store.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before replacing.")] = False,
    in_store: StoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Store DICOM files directly (STOW-RS).

    For many files, `load --import` is quicker. A file that is no DICOM, or that the store refuses, is named, and
    the rest is stored (exit code 3). Running the command again counts what is there already. A file *.json is DICOM
    JSON of one instance; its PixelData may be a BulkDataURI that names a file beside it.

    --overwrite is not atomic: between deleting an instance and storing it again it is gone.
    """
    from scripts.storing.candidates import find_candidates
    from scripts.storing.storing import Report, Storer, run

    if overwrite and not yes and not interactive():
        raise UsageError("--overwrite asks before it replaces, and nobody can answer here: use --yes.")
    candidates = find_candidates(source)
    with connect(stack, outputs, store=in_store) as target:
        storer, report = Storer(DicomWeb(target), study), Report(len(candidates))
        with progress("Storing", len(candidates)) as bar:
            run(storer.store, candidates, report, bar)
        if overwrite and report.conflicts and not report.stopped and not report.left:
            _replace(storer, report, target.outputs.dicom_store_id, ask=not yes)
        if as_json:
            print_json(report.to_json())
        _show(report)
        if report.stopped:
            explained = explain(report.stopped, target.surroundings)
            raise CommandError(str(explained), ExitCode.PARTLY_DONE if report.there else explained.exit_code)
    if report.failed or report.left:
        raise typer.Exit(ExitCode.PARTLY_DONE if report.there else ExitCode.FAILED)


def _replace(storer: Storer, report: Report, store_id: str, *, ask: bool) -> None:
    """Replace what conflicts, after asking once."""
    from scripts.storing.storing import run

    conflicts, report.conflicts = report.conflicts, []
    question = f"Replace {count(len(conflicts), 'instance')} of DICOM store {store_id} by other bytes for good?"
    if ask and not confirmed(question):
        report.conflicts = conflicts
        remark("Nothing was replaced.")
        return
    with progress("Replacing", len(conflicts)) as bar:
        run(storer.replace, conflicts, report, bar)


def _show(report: Report) -> None:
    for label, reason in sorted(report.failed.items()):
        remark(f"failed: {label}: {reason}.")
    done = count(report.stored, "instance") + " stored"
    if report.bytes_sent:
        done += f" ({report.bytes_sent / 1e6:,.1f} MB sent, {report.rate})"
    if report.replaced:
        done += f"; {report.replaced:,} replaced"
    note(tally(done, already=report.already, failed=len(report.failed), left=report.left))
    if report.conflicts:
        remark("What the store holds with other bytes is replaced only with --overwrite.")
