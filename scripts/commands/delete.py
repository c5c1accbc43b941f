"""`delete`: take studies, series or instances out of the DICOM store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.commands.options import JsonOption, OutputsOption, StackOption, StoreOption
from scripts.commands.resource_options import ResourcesArgument
from scripts.connection import connect
from scripts.console import confirmed, count, interactive, note, print_json, print_table, remark
from scripts.dicomweb import DicomWeb
from scripts.errors import CommandError, ExitCode, UsageError, explain

if TYPE_CHECKING:
    from scripts.deleting import Report
    from scripts.dicomweb import ResourcePath

_PLURALS = {"study": "studies", "series": "series", "instance": "instances"}


def delete(
    path: ResourcesArgument = None,
    *,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Delete what a search finds, such as PatientID=00000001. Repeatable."),
    ] = None,
    fuzzy: Annotated[bool, typer.Option("--fuzzy", help="Match PatientName by the beginnings of its words.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be deleted.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    in_store: StoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete studies, series or instances.

    There is no way back, so it asks once, with their number. --where takes the keys of `search`: those of a study
    delete studies, Modality and SeriesInstanceUID series, SOPInstanceUID instances. What cannot be deleted is named,
    and the rest is deleted (exit code 3).
    """
    from scripts.deleting import delete_all
    from scripts.selection import select

    with connect(stack, outputs, store=in_store) as target:
        web = DicomWeb(target)
        asking = not yes and interactive()
        chosen = select(web, path or [], where or [], fuzzy=fuzzy, check=dry_run or asking)
        if dry_run:
            _list(chosen, as_json=as_json)
            return
        if chosen and not yes and not asking:
            raise UsageError("delete asks before it deletes, and nobody can answer here: use --yes.")
        question = f"Delete {_what(chosen)} from DICOM store {target.outputs.dicom_store_id} of"
        if chosen and asking and not confirmed(f"{question} {target.outputs.project} for good?"):
            remark("Nothing was deleted.")
            raise typer.Exit(ExitCode.FAILED)
        report = delete_all(target, web, chosen)
        if as_json:
            print_json(report.to_json())
        _show(report)
        if report.stopped:
            explained = explain(report.stopped, target.surroundings)
            raise CommandError(str(explained), ExitCode.PARTLY_DONE if report.deleted else explained.exit_code)
    raise typer.Exit(report.exit_code)


def _what(paths: list[ResourcePath]) -> str:
    """The number of studies, series and instances, in words."""
    numbers = {level: sum(path.level == level for path in paths) for level in _PLURALS}
    return ", ".join(count(number, level, _PLURALS[level]) for level, number in numbers.items() if number)


def _list(paths: list[ResourcePath], *, as_json: bool) -> None:
    if as_json:
        print_json({"would_delete": [str(path) for path in paths]})
        return
    columns = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    print_table(columns, [(path.study, path.series, path.instance) for path in paths])
    remark(f"{_what(paths)} would be deleted." if paths else "Nothing would be deleted.")


def _show(report: Report) -> None:
    """Say it to the person."""
    for path, reason in report.failed:
        remark(f"failed: {path}: {reason}.")
    done: list[Any] = [f"{_what(report.deleted)} deleted" if report.deleted else "Nothing was deleted"]
    if report.failed:
        done.append(f"{len(report.failed):,} failed")
    if report.running:
        done.append(
            f"{len(report.running):,} go on without this command:"
            " `python -m scripts operations list --running` shows them"
        )
    if report.left:
        done.append(f"{report.left:,} not tried: run the same command again to go on")
    note("; ".join(done) + ".")
