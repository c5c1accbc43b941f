"""The kinds of store that there are. Registering one gives its stores all that stores share."""

import sqlite3
from typing import TYPE_CHECKING

from emulator.errors import ApiError, invalid_argument
from emulator.gateway.collections import Collection, crud
from emulator.gateway.discovery import Method
from emulator.gateway.request import Request, Response
from emulator.services.healthcare.names import DATASET, ID, METHODS, StoreName
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.stores import settings
from emulator.services.healthcare.stores.kind import Json, StoreKind
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

STREAMS = "healthcare.streams"
"""The kind of the outbox's entries that go to BigQuery; a destination is the store's name, a space and a URI."""
_KINDS: dict[str, StoreKind] = {}


def register(kind: StoreKind) -> StoreKind:
    """Emulate a kind of store: create, get, list, patch, delete and IAM, tables, audit and errors of its data plane."""
    _KINDS[kind.collection] = kind
    SERVICE.schema += kind.schema
    SERVICE.data += [f"{METHODS}.{kind.collection}.{start}" for start in kind.data]
    crud(SERVICE, _collection(kind), f"{METHODS}.{kind.collection}")
    return kind


def of_store(name: str) -> StoreKind:
    """The kind that a store's name is of; 400 for the name of something else."""
    collection = StoreName.parse(name).collection
    if collection not in _KINDS:
        raise invalid_argument(f"Invalid store name {name}: {collection} is no kind of store.")
    return _KINDS[collection]


def kinds() -> list[StoreKind]:
    """All kinds, in the order in which they were registered."""
    return list(_KINDS.values())


def empty_dataset(context: "Context", tx: sqlite3.Connection, dataset: str) -> None:
    """Delete all that the stores of a dataset hold, in the transaction that deletes the dataset."""
    for kind in _KINDS.values():
        for store in context.resources.list(kind.resource, dataset, tx=tx)[0]:
            _empty(kind, context, tx, store.name)


def erase_encrypted(context: "Context", tx: sqlite3.Connection, dataset: str, start: bytes) -> None:
    """Take out of the stores of a dataset what a version of its key encrypted: JSON that begins with `start`."""
    for kind in _KINDS.values():
        for store in context.resources.list(kind.resource, dataset, tx=tx)[0]:
            kind.erase(context, tx, store, start)
            context.outbox.erase_in(tx, STREAMS, f"{store.name} ", start)


def _empty(kind: StoreKind, context: "Context", tx: sqlite3.Connection, store: str) -> None:
    kind.empty(context, tx, store)
    context.outbox.forget_in(tx, STREAMS, f"{store} ")


def _collection(kind: StoreKind) -> Collection:
    """The resources of a kind, as the gateway serves them."""

    def check(request: Request, old: Resource | None, body: Json) -> Json:
        before = old.body if old is not None else None
        settings.check(body)
        kind.check(before, body)
        kind.allowed(request, before, body)
        return body if before is None else kind.kept(before, body)

    return Collection(
        kind.resource,
        kind.collection,
        id_parameter=f"{kind.collection[:-1]}Id",
        id_pattern=ID,
        parent_kind=DATASET,
        immutable=kind.immutable,
        prepare=lambda request, body: check(request, None, body),
        prepare_update=check,
        after_update=lambda _context, tx, store: kind.patched(tx, store.name, store.body),
        after_delete=lambda context, tx, store: _empty(kind, context, tx, store.name),
    )


def _word_error(method: Method, error: ApiError) -> Response | None:
    """An error of a store's data plane in the words of its kind; None for one in Google's JSON."""
    if not method.id.startswith(tuple(SERVICE.data)):
        return None
    collection = method.id.removeprefix(f"{METHODS}.").partition(".")[0]
    return _KINDS[collection].word_error(method, error)


SERVICE.encode_error = _word_error
