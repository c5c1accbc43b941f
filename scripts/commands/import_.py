"""`import`: bring objects of a bucket into the DICOM store."""

from __future__ import annotations

from typing import Annotated

import typer

from scripts.commands.options import JsonOption, OutputsOption, StackOption, StoreOption
from scripts.connection import connect
from scripts.console import print_json, say
from scripts.errors import UsageError
from scripts.importing import run_import, start_import


def import_(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="gs://BUCKET/PATTERN",
            help="Objects to import; `*` is any text without /, `**` any text. Default: all of the landing bucket.",
        ),
    ] = None,
    *,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Start the import and print its name.")] = False,
    in_store: StoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import from Cloud Storage into the DICOM store.

    Waits until that is done.
    Files that fail are named, with Google's reason, and the rest is imported (exit code 3). Instances that the store
    has already are left as they are. Ctrl-C asks whether to cancel the import.
    """
    if source and not source.startswith("gs://"):
        raise UsageError(f"{source} is not a place in Cloud Storage: write gs://BUCKET/PATTERN.")
    with connect(stack, outputs, store=in_store) as target:
        uri = source or f"gs://{target.outputs.landing_bucket}/**.dcm"
        if no_wait:
            name = start_import(target, uri)
            print_json({"name": name}) if as_json else say(name)
            return
        imported = run_import(target, uri)
        if as_json:
            print_json(imported.to_json())
        imported.show(target)
    raise typer.Exit(imported.exit_code)
