"""`consent export`: the studies whose patients agreed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.consent_options import ConsentStoreOption, RequestOption, consent_store
from scripts.commands.export import carry_out, export_request
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.console import count, note, print_json, say_lines
from scripts.errors import ExitCode

if TYPE_CHECKING:
    from scripts.connection import Connection


def export(
    purpose: Annotated[
        str, typer.Option("--consented-for", metavar="PURPOSE", help="Only studies whose patients agreed to this.")
    ],
    *,
    request: RequestOption = None,
    to: Annotated[
        str,
        typer.Option(
            help="gs://BUCKET/PREFIX, or a table, as `export --to`. Default: a new folder of the export bucket."
        ),
    ] = "",
    mime_type: Annotated[str | None, typer.Option(help="For a bucket: convert, as `export --mime-type`.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the studies, and export nothing.")] = False,
    consent_store_name: ConsentStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export the studies whose patients agreed to a purpose, and no others.

    The consent store is asked which data may be used (queryAccessibleData); its answer filters the DICOM export. What
    an earlier export brought stays where it is: hence a new folder each time, unless --to names one.
    """
    with connect(stack, outputs) as target:
        from scripts.consent.accessible import permitted_studies
        from scripts.consent.policies import request_of

        store = consent_store(target, consent_store_name)
        asked = request_of(purpose, request or [])
        number, studies = permitted_studies(target, store, asked)
        code = ExitCode.DONE
        if dry_run:
            print_json(studies) if as_json else say_lines("\n".join(studies))
        elif studies:
            place = to or f"gs://{target.outputs.export_bucket}/consented-for-{purpose}/{number}"
            destination, body = export_request(target.outputs, place, mime_type, None)
            body["filterConfig"] = {"resourcePathsGcsUri": _write_filter(target, studies, number)}
            code = carry_out(target, destination, body, as_json=as_json)
    note(f"{count(len(studies), 'study', 'studies')} may be used for {purpose}")
    raise typer.Exit(code)


def _write_filter(target: Connection, studies: list[str], number: str) -> str:
    """Write the filter of an export into the landing bucket, where the loader may; its URI."""
    from scripts.cohorts import filter_lines

    name = f"export-filters/consented-{number}.txt"
    bucket = target.outputs.landing_bucket
    target.storage.bucket(bucket).blob(name).upload_from_string(filter_lines(studies), content_type="text/plain")
    return f"gs://{bucket}/{name}"
