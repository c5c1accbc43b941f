"""`fhir verify`: compare a FHIR store with the files it was loaded from, or with the tables it was exported to."""

from __future__ import annotations

from typing import Annotated

import typer

from scripts.commands.fhir_options import FhirStoreOption, fhir_store
from scripts.commands.fhir_transfer import dataset_of
from scripts.commands.options import JsonOption, OutputsOption, StackOption, WholeOption
from scripts.connection import connect
from scripts.console import print_json, progress
from scripts.errors import UsageError


def verify(
    source: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE]...", help="What was loaded or exported: as for `fhir load`."),
    ] = None,
    *,
    table: Annotated[
        str, typer.Option(help="`table` (the store's BigQuery dataset) or bq://PROJECT.DATASET, instead of files.")
    ] = "",
    whole: WholeOption = False,
    fhir_store_name: FhirStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare files or tables with the store, and name every difference by file and id.

    Of files the content is compared, as `fhir load` would store it; of tables the versions. Nothing is changed. Exit
    code 1 where anything differs.
    """
    from scripts.fhir.documents import find_documents
    from scripts.fhir.verifying import compare, compare_tables

    if bool(source) == bool(table):
        raise UsageError("Give either files to compare with the store, or --table.")
    if table and whole:
        raise UsageError("--whole is for files: of tables all rows are compared.")
    with connect(stack, outputs) as target:
        chosen = fhir_store(target, fhir_store_name)
        with progress("Comparing") as bar:
            if table:
                found = compare_tables(target, chosen, dataset_of(target.outputs, chosen, table, "--table"), bar)
            else:
                documents = find_documents(source or [], lambda: target.storage)
                found = compare(target, chosen, documents, bar, whole=whole)
    print_json(found.to_json()) if as_json else found.show("resource")
    raise typer.Exit(found.exit_code)
