"""A configured provider on the running emulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.emulator.provider.engine import Engine
from tests.support.emulator import RunningEmulator
from tests.support.endpoints import ENDPOINTS


def endpoints(base_url: str) -> dict[str, str]:
    """The endpoint keys of the provider for an emulator."""
    return {f"{service}CustomEndpoint": f"{base_url}/{path}" for service, path in ENDPOINTS.items()}


@pytest.fixture
def make_engine() -> Iterator[Callable[..., Engine]]:
    """Makes an engine with a provider of its own, not configured yet."""
    made: list[Engine] = []

    def make(**config: object) -> Engine:
        made.append(Engine(dict(config)))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def engine(emulator: RunningEmulator, make_engine: Callable[..., Engine]) -> Engine:
    """An engine whose provider is configured for the running emulator."""
    settings = {"project": emulator.project, "accessToken": emulator.owner_token, **endpoints(emulator.base_url)}
    return make_engine(**settings).configure()
