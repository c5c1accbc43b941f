"""What the commands of `fhir` have in common: the files, the store, the version."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.stores import choose_store
from scripts.connection import connect
from scripts.errors import UsageError

if TYPE_CHECKING:
    from google.cloud import storage

    from infra.outputs import FhirStoreOutputs
    from scripts.connection import Connection

DocumentsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE",
        help="Files (*.json, *.ndjson, *.jsonl, also with .gz), folders, wildcards, or gs://BUCKET/PATTERN.",
    ),
]
FhirStoreOption = Annotated[
    str | None, typer.Option("--fhir-store", help="The FHIR store, where the stack has several.")
]
ResourceArgument = Annotated[str, typer.Argument(metavar="TYPE/ID", help="Such as Patient/1.")]


class FhirVersion(StrEnum):
    """A version of FHIR that a store may have."""

    DSTU2 = "DSTU2"
    STU3 = "STU3"
    R4 = "R4"
    R5 = "R5"


def relative(resource: str) -> str:
    """Type/id as it was written. Raises UsageError for anything else."""
    if not re.fullmatch(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}", resource):
        raise UsageError(f"{resource} is no resource: write TYPE/ID, such as Patient/1.")
    return resource


@contextmanager
def storage_client(stack: str | None, outputs: Path | None) -> Iterator[Callable[[], storage.Client]]:
    """A function that gives Cloud Storage's client, and looks for the stack only when it is asked."""
    with ExitStack() as opened:

        @cache
        def client() -> storage.Client:
            return opened.enter_context(connect(stack, outputs)).storage

        yield client


def fhir_store(target: Connection, name: str | None) -> FhirStoreOutputs:
    """The stack's FHIR store of that name, or the only one. Raises CommandError where it has none, UsageError else."""
    outputs = target.outputs
    return choose_store(outputs.stack, "FHIR", outputs.fhir_stores, name, "fhirStores.fhir.version R4")
