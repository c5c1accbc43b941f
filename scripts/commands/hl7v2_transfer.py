"""`hl7v2 import` and `hl7v2 export`: between an HL7v2 store and a bucket, or a topic."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.exporting import ManifestOption, NoWaitOption, SinceLastOption, carry_out
from scripts.commands.hl7v2_options import Hl7v2StoreOption, hl7v2_store
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.console import print_json, say
from scripts.errors import UsageError
from scripts.exports.messages import to_bucket, to_topic
from scripts.importing import Imported
from scripts.waiting import failed_files, start, wait_for

if TYPE_CHECKING:
    from infra.outputs import Hl7v2StoreOutputs, Outputs
    from scripts.exports.export import Export

LOG_RESOURCE = "healthcare_hl7v2_store"


class View(StrEnum):
    """How much of each message an export writes (hl7V2Stores.export: messageView)."""

    FULL = "FULL"
    RAW_ONLY = "RAW_ONLY"
    PARSED_ONLY = "PARSED_ONLY"
    SCHEMATIZED_ONLY = "SCHEMATIZED_ONLY"


def import_(
    source: Annotated[str, typer.Argument(metavar="gs://BUCKET/PATTERN", help="`*` is any text without /, `**` any.")],
    *,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Start the import and print its name.")] = False,
    hl7v2_store_name: Hl7v2StoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import messages that were exported: objects of a bucket with the JSON of a message in each line.

    A message that is there is not kept twice; it gets the labels of the one that is imported. What fails is named
    (exit code 3). Files of messages are sent: `hl7v2 send`.
    """
    if not source.startswith("gs://"):
        raise UsageError(f"{source} is not a place in Cloud Storage: write gs://BUCKET/PATTERN, or use `hl7v2 send`.")
    with connect(stack, outputs) as target:
        store = hl7v2_store(target, hl7v2_store_name)
        body = {"gcsSource": {"uri": source}}
        request = target.healthcare.hl7V2Stores().import_(name=store.name, body=body)
        name = start(target, request, f"Importing {source}")
        if no_wait:
            print_json({"name": name}) if as_json else say(name)
            return
        state = wait_for(target, name, f"Importing {source}")
        imported = Imported(state, failed_files(target, state, LOG_RESOURCE), "message")
        if as_json:
            print_json(imported.to_json())
        imported.show(target)
    raise typer.Exit(imported.exit_code)


def export(
    to: Annotated[
        str, typer.Option(help="`bucket` (the export bucket), gs://BUCKET/PREFIX, or projects/PROJECT/topics/TOPIC.")
    ] = "bucket",
    *,
    view: Annotated[View, typer.Option(help="How much of each message; only what has the bytes can be imported.")] = (
        View.FULL
    ),
    wanted: Annotated[str, typer.Option("--filter", help="Which messages, as for `hl7v2 list`.")] = "",
    since: Annotated[str, typer.Option(help="Sent at or after, such as 2026-01-31T00:00:00Z.")] = "",
    before: Annotated[str, typer.Option(help="Sent before, such as 2026-02-01T00:00:00Z.")] = "",
    with_manifest: ManifestOption = False,
    since_last: SinceLastOption = False,
    no_wait: NoWaitOption = False,
    hl7v2_store_name: Hl7v2StoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export to Cloud Storage, a message a line, or their names to a topic."""
    with connect(stack, outputs) as target:
        store = hl7v2_store(target, hl7v2_store_name)
        asked = _export(target.outputs, store, to, view)
        given = (("filter", wanted), ("startTime", since), ("endTime", before))
        asked.body.update({key: value for key, value in given if value})
        code = carry_out(
            target, asked, no_wait=no_wait, with_manifest=with_manifest, since_last=since_last, as_json=as_json
        )
    raise typer.Exit(code)


def _export(outputs: Outputs, store: Hl7v2StoreOutputs, to: str, view: View) -> Export:
    """The export to where `--to` says. Raises UsageError."""
    if re.fullmatch(r"projects/[^/]+/topics/[^/]+", to):
        return to_topic(store, to)
    if not re.fullmatch(r"bucket|gs://[^/]+(/.*)?", to):
        raise UsageError(
            f"--to {to} is no destination: use bucket, gs://BUCKET/PREFIX or projects/PROJECT/topics/TOPIC."
        )
    uri = f"gs://{outputs.export_bucket}/hl7v2/{store.name.rpartition('/')[2]}/" if to == "bucket" else to
    return to_bucket(store, uri, view)
