"""`fhir load`: bring resources into a FHIR store, by bundles or by the bucket and an import."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.fhir_options import DocumentsArgument, FhirStoreOption, fhir_store
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.console import count, note, print_json, progress, remark
from scripts.errors import CommandError, ExitCode, UsageError, explain

if TYPE_CHECKING:
    from infra.outputs import FhirStoreOutputs
    from scripts.connection import Connection
    from scripts.documents import Document
    from scripts.fhir.loading import Report

_SHOWN = 50


def load(
    source: DocumentsArgument,
    *,
    by_import: Annotated[
        bool, typer.Option("--import", help="By the landing bucket and an import: quicker for many, and unchecked.")
    ] = False,
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Leave bundles as they are: what they create is created again each time.")
    ] = False,
    fhir_store_name: FhirStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load FHIR resources: files, folders, NDJSON, bundles, objects of a bucket.

    Transactions and batches are executed, all other resources stored under their own ids, those first that others
    refer to. What the store holds already is left alone, so that running the command again continues, and a second
    load changes nothing: an entry that a bundle creates gets the id of its urn:uuid, a resource without an id one that
    follows from its content. What the store refuses is named, and the rest is loaded (exit code 3).

    An import keeps no history, notifies nobody, and does not ask whether references lead to anything.
    """
    from scripts.fhir.documents import find_documents

    if by_import and as_is:
        raise UsageError("--as-is is for bundles that are executed: an import gives every resource an id.")
    with connect(stack, outputs) as target:
        chosen = fhir_store(target, fhir_store_name)
        documents = find_documents(source, lambda: target.storage)
        if by_import:
            code = _import(target, chosen, documents, as_json=as_json)
        else:
            code = _load(target, chosen, documents, as_is=as_is, as_json=as_json)
    raise typer.Exit(code)


def _load(
    target: Connection, chosen: FhirStoreOutputs, documents: list[Document], *, as_is: bool, as_json: bool
) -> ExitCode:
    from scripts.fhir.loading import load as load_all
    from scripts.fhir.loading import require_own_ids
    from scripts.fhir.service import FhirStore

    require_own_ids(target, chosen)
    with progress("Loading") as bar:
        report = load_all(FhirStore(target, chosen), documents, bar, as_is=as_is)
    if as_json:
        print_json(report.to_json())
    show(report)
    if report.stopped:
        explained = explain(report.stopped, target.surroundings)
        raise CommandError(str(explained), ExitCode.PARTLY_DONE if report.there else explained.exit_code)
    return report.exit_code


def show(report: Report) -> None:
    """Say what came of a load to the person."""
    for each in report.refused[:_SHOWN]:
        remark(f"refused: {each.label}: {each.reason}")
    if len(report.refused) > _SHOWN:
        remark(f"{len(report.refused) - _SHOWN:,} more refused: --json names all.")
    done = f"{count(report.stored, 'resource')} stored"
    if report.already:
        done += f"; {report.already:,} there already"
    if report.refused:
        done += f"; {len(report.refused):,} refused"
    note(done)
    if report.refused:
        remark("`python -m scripts fhir check` says what would help.")
    if report.interrupted:
        remark("Stopped: run the same command again to go on.")


def _import(target: Connection, chosen: FhirStoreOutputs, documents: list[Document], *, as_json: bool) -> ExitCode:
    from scripts.fhir import bulk

    with progress("Uploading", len(documents)) as bar:
        uploaded = bulk.upload(target, documents, bar)
    for each in uploaded.unreadable:
        remark(f"refused: {each.label}: {each.reason}")
    if not uploaded.documents:
        raise CommandError("There is nothing to import: no file holds a resource.")
    imported = bulk.run_import(target, chosen, f"gs://{target.outputs.landing_bucket}/{uploaded.prefix}*")
    imported = replace(imported, failures=uploaded.named(imported.failures))
    if as_json:
        unreadable = [{"file": each.label, "reason": each.reason} for each in uploaded.unreadable]
        shown = imported.to_json()
        print_json({**shown, "failed": unreadable + shown["failed"]})
    imported.show(target)
    return ExitCode.of(failed=imported.state.failure + len(uploaded.unreadable), done=imported.state.success)
