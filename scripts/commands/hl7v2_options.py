"""What the commands of `hl7v2` have in common: the files, the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.stores import choose_store

if TYPE_CHECKING:
    from infra.outputs import Hl7v2StoreOutputs
    from scripts.connection import Connection

Hl7v2StoreOption = Annotated[
    str | None, typer.Option("--hl7v2-store", help="The HL7v2 store, where the stack has several.")
]


def hl7v2_store(target: Connection, name: str | None) -> Hl7v2StoreOutputs:
    """The stack's HL7v2 store of that name, or the only one. Raises CommandError where it has none, UsageError else."""
    outputs = target.outputs
    return choose_store(outputs.stack, "HL7v2", outputs.hl7v2_stores, name, "hl7v2Stores.hl7v2.parserVersion V3")
