"""`deidentify files`: files of this machine, without any store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.deidentify_options import (
    ConfigOption,
    DryRunOption,
    KeyOption,
    PreviewOption,
    RecipeOption,
    chosen,
    keyed,
    show_plan,
    show_previews,
)
from scripts.commands.options import JsonOption
from scripts.console import count, note, print_json, progress, remark
from scripts.errors import UsageError

if TYPE_CHECKING:
    from scripts.deidentify.local import Report

_SHOWN = 50


def files(
    source: Annotated[list[str], typer.Argument(metavar="SOURCE", help="DICOM files, folders, wildcards.")],
    *,
    to: Annotated[
        Path | None, typer.Option(help="The folder for the new files: STUDY/SERIES/INSTANCE.dcm by their new ids.")
    ] = None,
    recipe: RecipeOption = "",
    config: ConfigOption = None,
    key: KeyOption = None,
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="A pipeline of spaCy's, by its package or folder, that finds names beside the rules; it and spaCy are"
            " yours to install.",
        ),
    ] = "",
    dry_run: DryRunOption = False,
    preview: PreviewOption = None,
    crosswalk: Annotated[
        Path | None, typer.Option(help="Write old and new ids as CSV: who has it can undo the de-identification.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """De-identify DICOM files on this machine, as the emulator does it in stores.

    No stack is needed, and nothing leaves the machine. A file that can't be followed as asked, such as one whose pixels
    can't be decoded, is named and gets no twin (exit code 3).
    """
    from emulator.deidentify.keys import Secret
    from scripts.deidentify.local import run, settings_of
    from scripts.storing.candidates import find_candidates

    if sum((dry_run, preview is not None, to is not None)) != 1:
        raise UsageError("Say which: --to FOLDER, --dry-run or --preview FOLDER.")
    if crosswalk is not None and to is None:
        raise UsageError("--crosswalk goes with --to.")
    given, secret = keyed(chosen(recipe, config), key)
    settings = settings_of(given, secret or Secret.random(), model)
    candidates = find_candidates(source)
    if dry_run:
        show_plan(settings, candidates, as_json=as_json)
        return
    if preview is not None:
        raise typer.Exit(show_previews(settings, candidates, preview))
    assert to is not None
    with progress("De-identifying", len(candidates)) as bar:
        report = run(settings, candidates, to, bar)
    if crosswalk is not None:
        _write_crosswalk(report, crosswalk)
    if as_json:
        print_json(report.to_json())
    _show(report, to)
    raise typer.Exit(report.exit_code)


def _write_crosswalk(report: Report, to: Path) -> None:
    """Write which new ids stand for which old ones, for the owner of the file alone."""
    from scripts.deidentify.crosswalk import as_csv

    to.parent.mkdir(parents=True, exist_ok=True)
    to.touch(mode=0o600)
    to.chmod(0o600)
    to.write_text(as_csv(list(zip(each.old, each.new, strict=True)) for each in report.made), encoding="utf-8")
    note(f"Crosswalk written to {to}, readable by you alone")


def _show(report: Report, to: Path) -> None:
    for each in report.failed[:_SHOWN]:
        remark(f"failed: {each.label}: {each.problem}")
    if len(report.failed) > _SHOWN:
        remark(f"{len(report.failed) - _SHOWN:,} more failed: --json names all.")
    failed = f"; {len(report.failed):,} failed" if report.failed else ""
    note(f"{count(len(report.made), 'file')} de-identified into {to}{failed}")
