"""An emulator inside the test's own process, for rules that need no network."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from emulator.app import Emulator
from emulator.settings import Settings

T = TypeVar("T")


class InProcess:
    """Runs coroutines on one event loop beside an emulator that is started, without HTTP."""

    def __init__(self, settings: Settings, runners: dict[str, Any] | None = None) -> None:
        self.settings = settings
        self.runners = runners if runners is not None else {}
        self._runner = asyncio.Runner()
        self.emulator = self._runner.run(self._start())

    async def _start(self) -> Emulator:
        emulator = Emulator(self.settings)
        emulator.operations.runners |= self.runners
        await emulator.start()
        return emulator

    def run(self, work: Awaitable[T]) -> T:
        """Run a coroutine to its end."""

        async def waited() -> T:
            return await work

        return self._runner.run(waited())

    def write(self, function: Callable[..., T], *args: Any) -> T:
        """One write transaction."""
        return self.run(self.emulator.db.write(function, *args))

    def restart(self) -> None:
        """Stop and start on the same state."""
        self.close()
        self.__init__(self.settings, self.runners)  # type: ignore[misc]

    def close(self) -> None:
        """Stop the emulator."""
        self._runner.run(self.emulator.stop())
        self._runner.close()


@pytest.fixture
def in_process(tmp_path: Path) -> Iterator[InProcess]:
    """An emulator in this process on a fresh folder."""
    from tests.support.emulator import free_port

    running = InProcess(Settings(state=tmp_path / "state", project="unit-project", grpc_port=free_port()))
    yield running
    running.close()
