"""`fhir check`: what Google's store would refuse of files, before anything is sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.fhir_options import DocumentsArgument, FhirVersion, storage_client
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.console import count, note, print_json, progress, remark, say

if TYPE_CHECKING:
    from scripts.fhir.checking.run import Report

_SHOWN = 50


def check(
    source: DocumentsArgument,
    *,
    fhir_version: Annotated[FhirVersion, typer.Option(help="The version of the store.")] = FhirVersion.R4,
    disable_required_field_validation: Annotated[
        bool, typer.Option("--disable-required-field-validation", help="As the store is set.")
    ] = False,
    disable_reference_type_validation: Annotated[
        bool, typer.Option("--disable-reference-type-validation", help="As the store is set.")
    ] = False,
    disable_fhirpath_validation: Annotated[
        bool, typer.Option("--disable-fhirpath-validation", help="As the store is set.")
    ] = False,
    disable_referential_integrity: Annotated[
        bool, typer.Option("--disable-referential-integrity", help="As the store is set.")
    ] = False,
    write: Annotated[
        Path | None, typer.Option(help="A folder for the files with all changes made that can be made.")
    ] = None,
    values: Annotated[
        bool, typer.Option("--values", help="Show also the values that are wrong; they may be a patient's data.")
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="Name at most so many problems; 0 means all.")] = _SHOWN,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a FHIR store would refuse of files, and the smallest change that helps.

    Nothing is sent, and no stack is needed but for files in a bucket. What is wrong is named by file, entry and path,
    with what to strip, rewrite or reorder. Exit code 3 when some resources would be refused, 1 when all would.

    A reference to a resource that is in none of the files is no problem here: the store may have it. They are counted.
    Not looked at: profiles of implementation guides that the store enables, and definitions whose URL it has already.
    """
    from emulator.fhir.validation.validator import Checks
    from scripts.fhir.checking.resources import Rules
    from scripts.fhir.checking.run import Check
    from scripts.fhir.documents import find_documents

    with storage_client(stack, outputs) as client:
        documents = find_documents(source, client)
        switches = Checks(
            not disable_required_field_validation,
            not disable_reference_type_validation,
            not disable_fhirpath_validation,
        )
        run = Check(Rules(fhir_version.value, switches, not disable_referential_integrity), write)
        with progress("Checking", len(documents)) as bar:
            for _ in run.run(documents):
                bar.advance()
    if as_json:
        print_json(run.report.to_json(values=values))
    else:
        _show(run.report, limit, values=values)
    if write:
        note(f"{count(len(documents), 'file')} written to {write}")
    raise typer.Exit(run.report.exit_code)


def _show(report: Report, limit: int, *, values: bool) -> None:
    shown = report.verdicts[: limit or None]
    for label, finding in shown:
        say(f"{label}: {finding.sentence(values=values)}")
    if left := len(report.verdicts) - len(shown):
        remark(f"{count(left, 'more problem')}: --limit 0 names all.")
    for kind, number in sorted(report.absent.items()):
        remark(
            f"{count(number, 'reference')} to {kind} resources that are in none of the files: the store must have them."
        )
    if report.without_id:
        remark(
            f"{count(report.without_id, 'resource')} without an id: `fhir load` gives each one, an import refuses it."
        )
    passed = report.resources - report.refused
    helped = f" ({report.mended:,} of these would be taken after the changes)" if report.mended else ""
    note(f"{count(report.resources, 'resource')}: {passed:,} would be taken, {report.refused:,} refused{helped}")
