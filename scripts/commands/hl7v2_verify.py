"""`hl7v2 verify`: compare an HL7v2 store with the messages that were sent to it or exported from it."""

from __future__ import annotations

from typing import Annotated

import typer

from scripts.commands.hl7v2_options import Hl7v2StoreOption, hl7v2_store
from scripts.commands.options import JsonOption, OutputsOption, StackOption, WholeOption
from scripts.connection import connect
from scripts.console import print_json, progress


def verify(
    source: Annotated[
        list[str], typer.Argument(metavar="SOURCE", help="What was sent or exported: as for `hl7v2 send`.")
    ],
    *,
    whole: WholeOption = False,
    hl7v2_store_name: Hl7v2StoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare files of messages with the store, byte for byte, and name every difference by file or by id.

    Nothing is changed. Exit code 1 where anything differs. It reads all messages of the store.
    """
    from scripts.documents import find_documents
    from scripts.hl7v2.documents import SORT
    from scripts.hl7v2.service import Hl7v2Store
    from scripts.hl7v2.verifying import compare

    with connect(stack, outputs) as target:
        store = Hl7v2Store(target, hl7v2_store(target, hl7v2_store_name))
        documents = find_documents(source, SORT, lambda: target.storage)
        with progress("Comparing") as bar:
            found = compare(store, documents, bar, whole=whole)
    print_json(found.to_json()) if as_json else found.show("message")
    raise typer.Exit(found.exit_code)
