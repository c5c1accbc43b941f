"""Which of a stack's stores of a kind a command works with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from scripts.errors import CommandError, UsageError

Store = TypeVar("Store")


def choose_store(stack: str, kind: str, stores: Mapping[str, Store], name: str | None, key: str) -> Store:
    """The store of that name, or the only one. Raises CommandError where the stack has none, UsageError else.

    `kind` is what sentences call it: FHIR, HL7v2; its option is --fhir-store, --hl7v2-store. `key` is a setting that
    makes one: fhirStores.fhir.version R4.
    """
    if not stores:
        raise CommandError(
            f"Stack {stack} has no {kind} store: set one with `pulumi config set --path"
            f" healthcare-cloud-poc:{key}`, then run `pulumi up`."
        )
    if name is None and len(stores) == 1:
        return next(iter(stores.values()))
    if name is None or name not in stores:
        problem = f"Stack {stack} has no {kind} store {name}" if name else f"Stack {stack} has several {kind} stores"
        raise UsageError(f"{problem}: choose one with --{kind.lower()}-store {'|'.join(sorted(stores))}.")
    return stores[name]
