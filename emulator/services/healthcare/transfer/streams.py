"""Streams to BigQuery (streamConfigs): kept in the outbox with the change, handed over after its commit."""

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError
from emulator.services.healthcare import agent, keys
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.stores import registry
from emulator.services.healthcare.stores.registry import STREAMS
from emulator.state import data_keys
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context


def queue(context: "Context", tx: sqlite3.Connection, store: Resource, changes: Sequence[Any]) -> None:
    """Keep what each stream of a store is to tell of its changes, encrypted as the store is."""
    stream, configs = registry.of_store(store.name).stream, store.body.get("streamConfigs") or []
    if stream is None or not configs:
        return
    protected = keys.version_for_data(context, store.name, tx)
    for config in configs:
        payloads = [payload for change in changes if (payload := stream.payload(config, change)) is not None]
        kept = [data_keys.text_kept(context.blobs.keys, protected, payload) for payload in payloads]
        context.outbox.put_in(tx, STREAMS, f"{store.name} {stream.uri(config)}", kept)


@SERVICE.delivers(STREAMS)
async def hand_over(context: "Context", destination: str, payloads: Sequence[bytes]) -> None:
    """Write what was kept for one stream; nothing where the store or its stream is gone.

    What BigQuery refuses is logged, as Google does, and not tried again; what fails in it (5xx) is, and what a version
    of a key encrypted that is not enabled.
    """
    store, _, uri = destination.partition(" ")
    kind = registry.of_store(store)
    found = context.resources.get(kind.resource, store)
    if found is None or kind.stream is None:
        return
    opened = [data_keys.text_read(context.blobs.keys, payload) for payload in payloads]
    for config in found.body.get("streamConfigs") or []:
        if kind.stream.uri(config) == uri:
            try:
                await kind.stream.append(context, store, config, opened)
            except ApiError as problem:
                if problem.code >= 500:
                    raise
                code, message = problem.rpc_code, problem.message
                context.logs.write(agent.log_entry(store, "BigQueryStreamLogEntry", code, message, source=uri))
