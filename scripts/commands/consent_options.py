"""What the commands of `consent` have in common: the store, what data is wanted for, a document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.consent.policies import PURPOSE
from scripts.errors import CommandError, UsageError

if TYPE_CHECKING:
    from scripts.connection import Connection
    from scripts.consent.service import ConsentStore

ConsentStoreOption = Annotated[
    str | None, typer.Option("--consent-store", help="The consent store, where the stack has several.")
]
PurposeOption = Annotated[
    str | None, typer.Option("--for", metavar="PURPOSE", help=f"What the data is wanted for: attribute {PURPOSE}.")
]
RequestOption = Annotated[
    list[str] | None,
    typer.Option("--request", metavar="NAME=VALUE", help="Another attribute of the request. Repeatable."),
]
ArtifactOption = Annotated[
    Path | None, typer.Option("--artifact", help="The document that was signed: a picture or a PDF, up to 40 MB.")
]
DataArgument = Annotated[str, typer.Argument(metavar="DATA", help="A study's UID, or any data id with a slash.")]
_MOST_BYTES = 40_000_000
"""Of a document: 64 MiB of a request, in base64."""


def consent_store(target: Connection, name: str | None) -> ConsentStore:
    """The stack's consent store of that name, or the only one. Raises CommandError for none, UsageError for several."""
    from scripts.consent.service import ConsentStore

    stores, stack = target.outputs.consent_stores, target.outputs.stack
    if not stores:
        raise CommandError(
            f"Stack {stack} has no consent store: set one under healthcare-cloud-poc:consentStores in its file, as"
            " docs/how-to/configure.md shows, then run `pulumi up`."
        )
    if name is None and len(stores) == 1:
        return ConsentStore(target, next(iter(stores.values())))
    if name is None or name not in stores:
        problem = f"Stack {stack} has no consent store {name}" if name else f"Stack {stack} has several consent stores"
        raise UsageError(f"{problem}: choose one with --consent-store {'|'.join(sorted(stores))}.")
    return ConsentStore(target, stores[name])


def declared(target: Connection, store: ConsentStore) -> str:
    """The attributes that the stack has for a store, in JSON. Raises CommandError for none."""
    found = next(each.attributes for each in target.outputs.consent_stores.values() if each.name == store.name)
    if not json.loads(found):
        raise CommandError(
            f"Stack {target.outputs.stack} has no attributes for its consent store: set them under"
            " healthcare-cloud-poc:consentStores in its file, then run `pulumi up`."
        )
    return found


def content_of(artifact: Path | None) -> bytes | None:
    """The bytes of a document. Raises UsageError for one that is too large."""
    if artifact is None:
        return None
    if artifact.stat().st_size > _MOST_BYTES:
        raise UsageError(f"{artifact} has more than {_MOST_BYTES // 1_000_000} MB, which a request cannot hold.")
    return artifact.read_bytes()
