"""What streams are to tell of changes, where the version of the key that encrypts it is closed."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from emulator.context import Context
from emulator.errors import failed_precondition
from emulator.services.healthcare.transfer import streams

STORE = "projects/p/locations/l/datasets/d/dicomStores/s"
CONFIG: dict[str, object] = {"streamConfigs": [{"bigqueryDestination": {"tableUri": "bq://p.d.t"}}]}


def closed(_kept: bytes) -> bytes:
    raise failed_precondition("The version is not enabled.")


def context(body: dict[str, object] | None) -> Context:
    """One with a store of such settings, None for no store, whose contents are closed."""
    resources = SimpleNamespace(get=lambda _kind, _name: None if body is None else SimpleNamespace(body=body))
    blobs = SimpleNamespace(keys=SimpleNamespace(open_text=closed))
    return cast("Context", SimpleNamespace(resources=resources, blobs=blobs))


def hand_over(body: dict[str, object] | None) -> None:
    """Deliver what a version encrypted to a stream of a store."""

    async def done() -> None:
        await streams.hand_over(context(body), f"{STORE} bq://p.d.t", [b"\0p/l/r/k/1\0..."])

    asyncio.run(done())


def test_it_waits_until_the_version_is_enabled() -> None:
    """What a deliverer raises, the outbox tries again."""
    with pytest.raises(Exception, match="not enabled"):
        hand_over(CONFIG)


def test_of_a_store_that_is_gone_it_is_forgotten() -> None:
    hand_over(None)
