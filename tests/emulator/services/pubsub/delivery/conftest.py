"""An endpoint, and topics with subscriptions of one's own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.support.emulator import RunningEmulator
from tests.support.webhook import Endpoint, serving

Names = Callable[[str], str]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An endpoint that answers 204."""
    with serving() as made:
        yield made


@pytest.fixture
def topic(emulator: RunningEmulator, unique: Names) -> str:
    """A new topic's name."""
    name = f"projects/{PROJECT}/topics/{unique('topic')}"
    assert emulator.request("PUT", f"/v1/{name}", {})[0] == 200
    return name


@pytest.fixture
def subscribe(emulator: RunningEmulator, topic: str, unique: Names) -> Callable[..., str]:
    """Makes a subscription of the topic with some settings; its name."""

    def make(**settings: Any) -> str:
        name = f"projects/{PROJECT}/subscriptions/{unique('subscription')}"
        code, answer = emulator.request("PUT", f"/v1/{name}", {"topic": topic, **settings})
        assert code == 200, answer
        return name

    return make
