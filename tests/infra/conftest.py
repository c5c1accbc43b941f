"""What Pulumi's mocks need of the process that they run in."""

import asyncio

import pytest

# Never closed: Pulumi's mocks leave loops of their own in its worker threads, which would be reported with it.
_LOOP = asyncio.new_event_loop()


@pytest.fixture(autouse=True, scope="package")
def current_event_loop() -> None:
    """Make an event loop current: Pulumi asks for it, and a test that used asyncio.run has left none."""
    asyncio.set_event_loop(_LOOP)
