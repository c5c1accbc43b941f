"""`export`: bring the store's instances into a bucket, or their metadata into a table."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.commands import exporting
from scripts.commands.exporting import ManifestOption, NoWaitOption, SinceLastOption
from scripts.commands.options import JsonOption, OutputsOption, StackOption, StoreOption
from scripts.connection import connect
from scripts.errors import ExitCode, UsageError
from scripts.exports.export import DICOM, Export
from scripts.exports.metadata import metadata_uri, refresh_views
from scripts.tables import METADATA_TABLE

if TYPE_CHECKING:
    from infra.outputs import Outputs
    from scripts.connection import Connection


class WriteDisposition(StrEnum):
    """What to do with a table that is there already."""

    EMPTY = "empty"
    TRUNCATE = "truncate"
    APPEND = "append"


def export(
    to: Annotated[
        str,
        typer.Option(
            help="`bucket` (the export bucket), gs://BUCKET/PREFIX, `table` (in the stack's BigQuery dataset),"
            " `table:NAME`, or bq://PROJECT.DATASET.TABLE."
        ),
    ] = "bucket",
    *,
    mime_type: Annotated[
        str | None,
        typer.Option(
            help="For a bucket: convert, e.g. `image/png` or `application/dicom; transfer-syntax=1.2.840.10008.1.2.1`."
            " Default: the bytes as stored."
        ),
    ] = None,
    write_disposition: Annotated[
        WriteDisposition | None,
        typer.Option(help="For a table that exists: fail unless it is empty (the default), replace it, or append."),
    ] = None,
    filter_file: Annotated[
        str,
        typer.Option(
            "--filter", metavar="gs://BUCKET/NAME", help="Only the studies, series and instances of a filter file."
        ),
    ] = "",
    with_manifest: ManifestOption = False,
    since_last: SinceLastOption = False,
    no_wait: NoWaitOption = False,
    in_store: StoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export to Cloud Storage or to BigQuery.

    Brings all instances to a bucket, or their metadata to a table, and waits until that is done. Objects are
    named PREFIX/STUDY/SERIES/INSTANCE.dcm; ones that exist are overwritten.
    """
    with connect(stack, outputs, store=in_store) as target:
        destination, body = export_request(target.outputs, to, mime_type, write_disposition)
        if filter_file:
            body["filterConfig"] = {"resourcePathsGcsUri": require_object(filter_file)}
        code = carry_out(
            target,
            destination,
            body,
            no_wait=no_wait,
            with_manifest=with_manifest,
            since_last=since_last,
            as_json=as_json,
        )
    raise typer.Exit(code)


def carry_out(
    target: Connection,
    destination: str,
    body: dict[str, Any],
    *,
    no_wait: bool = False,
    with_manifest: bool = False,
    since_last: bool = False,
    as_json: bool = False,
) -> ExitCode:
    """Export from the DICOM store, wait for the end and tell of it; the exit code."""
    export = Export(DICOM, target.outputs.dicom_store_name, destination, body)
    code = exporting.carry_out(
        target, export, no_wait=no_wait, with_manifest=with_manifest, since_last=since_last, as_json=as_json
    )
    if destination == metadata_uri(target.outputs) and not no_wait:
        refresh_views(target)
    return code


def require_object(uri: str) -> str:
    """The URI of an object as it was written. Raises UsageError for anything else."""
    if not re.fullmatch(r"gs://[^/]+/.+", uri):
        raise UsageError(f"--filter {uri} is no object of a bucket: write gs://BUCKET/NAME, as `cohort --filter` does.")
    return uri


def export_request(
    outputs: Outputs, to: str, mime_type: str | None, write_disposition: WriteDisposition | None
) -> tuple[str, dict[str, Any]]:
    """Where an export goes, as a URI, and the body of the request for it. Raises UsageError."""
    bucket = re.fullmatch(r"bucket|gs://[^/]+(/.*)?", to)
    if bucket:
        if write_disposition:
            raise UsageError("--write-disposition is for tables; an export to a bucket overwrites what is there.")
        uri = f"gs://{outputs.export_bucket}/" if to == "bucket" else to
        return uri, {"gcsDestination": {"uriPrefix": uri} | ({"mimeType": mime_type} if mime_type else {})}
    uri = table_uri(outputs, to, "--to", "bucket, gs://BUCKET/PREFIX, ")
    if mime_type:
        raise UsageError("--mime-type is for buckets; a table gets the metadata only.")
    disposition = f"WRITE_{(write_disposition or WriteDisposition.EMPTY).upper()}"
    return uri, {"bigqueryDestination": {"tableUri": uri, "writeDisposition": disposition}}


def table_uri(outputs: Outputs, given: str, option: str, others: str = "") -> str:
    """bq://PROJECT.DATASET.TABLE that `table`, `table:NAME` or such a URI names.

    Raises UsageError about `option`; `others` is what else would fit.
    """
    table = re.fullmatch(r"table(?::(?P<id>\w+))?", given)
    if table:
        return f"{metadata_uri(outputs).rpartition('.')[0]}.{table['id'] or METADATA_TABLE}"
    if not re.fullmatch(r"bq://[^.]+\.\w+\.\w+", given):
        raise UsageError(f"{option} {given} is no destination: use {others}table or bq://PROJECT.DATASET.TABLE.")
    return given
