"""`fhir import` and `fhir export`: between a FHIR store and a bucket, or BigQuery."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.export import WriteDisposition
from scripts.commands.exporting import ManifestOption, NoWaitOption, SinceLastOption, carry_out
from scripts.commands.fhir_options import FhirStoreOption, fhir_store
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.console import print_json, say
from scripts.errors import UsageError
from scripts.exports.resources import to_bucket, to_tables

if TYPE_CHECKING:
    from infra.outputs import FhirStoreOutputs, Outputs
    from scripts.exports.export import Export


class Structure(StrEnum):
    """How the objects of an import are laid out (fhirStores.import: contentStructure)."""

    RESOURCE = "RESOURCE"
    BUNDLE = "BUNDLE"
    RESOURCE_PRETTY = "RESOURCE_PRETTY"
    BUNDLE_PRETTY = "BUNDLE_PRETTY"


def import_(
    source: Annotated[str, typer.Argument(metavar="gs://BUCKET/PATTERN", help="`*` is any text without /, `**` any.")],
    *,
    structure: Annotated[
        Structure, typer.Option(help="A resource or bundle a line, or one that is the whole object (PRETTY).")
    ] = Structure.RESOURCE,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Start the import and print its name.")] = False,
    fhir_store_name: FhirStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import objects of a bucket as they are.

    Every resource needs an id; one that is there is replaced, without a history. What fails is named (exit code 3).
    """
    from scripts.fhir.bulk import run_import, start_import

    if not source.startswith("gs://"):
        raise UsageError(f"{source} is not a place in Cloud Storage: write gs://BUCKET/PATTERN.")
    with connect(stack, outputs) as target:
        store = fhir_store(target, fhir_store_name)
        if no_wait:
            name = start_import(target, store, source, structure)
            print_json({"name": name}) if as_json else say(name)
            return
        imported = run_import(target, store, source, structure)
        if as_json:
            print_json(imported.to_json())
        imported.show(target)
    raise typer.Exit(imported.exit_code)


def export(
    to: Annotated[
        str,
        typer.Option(
            help="`bucket` (the export bucket), gs://BUCKET/PREFIX, `table` (the store's BigQuery dataset), or"
            " bq://PROJECT.DATASET."
        ),
    ] = "bucket",
    *,
    type_: Annotated[str, typer.Option("--type", help="Only these types, such as Patient,Observation.")] = "",
    since: Annotated[str, typer.Option(help="Only what changed since, such as 2026-01-31T00:00:00Z.")] = "",
    write_disposition: Annotated[
        WriteDisposition | None,
        typer.Option(help="For tables that exist: fail unless they are empty (the default), replace them, or append."),
    ] = None,
    with_manifest: ManifestOption = False,
    since_last: SinceLastOption = False,
    no_wait: NoWaitOption = False,
    fhir_store_name: FhirStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export to Cloud Storage, a file of NDJSON a type, or to BigQuery, a table a type."""
    with connect(stack, outputs) as target:
        store = fhir_store(target, fhir_store_name)
        asked = _export(target.outputs, store, to, write_disposition)
        asked.body.update({key: value for key, value in (("_type", type_), ("_since", since)) if value})
        code = carry_out(
            target, asked, no_wait=no_wait, with_manifest=with_manifest, since_last=since_last, as_json=as_json
        )
    raise typer.Exit(code)


def _export(outputs: Outputs, store: FhirStoreOutputs, to: str, write_disposition: WriteDisposition | None) -> Export:
    """The export to where `--to` says. Raises UsageError."""
    name = store.name.rpartition("/")[2]
    if re.fullmatch(r"bucket|gs://[^/]+(/.*)?", to):
        if write_disposition:
            raise UsageError("--write-disposition is for tables; an export to a bucket overwrites what is there.")
        return to_bucket(store, f"gs://{outputs.export_bucket}/fhir/{name}/" if to == "bucket" else to)
    if to == "table" and store.streams:
        raise UsageError(
            f"FHIR store {name} streams into its own dataset: export to another one, bq://PROJECT.DATASET."
        )
    dataset = dataset_of(outputs, store, to, "--to", "bucket, gs://BUCKET/PREFIX, ")
    return to_tables(store, dataset, f"WRITE_{(write_disposition or WriteDisposition.EMPTY).upper()}")


def dataset_of(outputs: Outputs, store: FhirStoreOutputs, given: str, option: str, others: str = "") -> str:
    """PROJECT.DATASET that `table` or bq://PROJECT.DATASET names. Raises UsageError; `others` is what else fits."""
    if given == "table":
        return f"{outputs.project}.{store.bigquery_dataset}"
    if not re.fullmatch(r"bq://[^.]+\.\w+", given):
        raise UsageError(f"{option} {given} is no destination: use {others}table or bq://PROJECT.DATASET.")
    return given.removeprefix("bq://")
