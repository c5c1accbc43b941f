"""An emulator inside the test's own process, for rules that need no network."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from emulator.app import Emulator
from emulator.settings import Settings

if TYPE_CHECKING:
    from tests.support.emulator import RunningEmulator

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


@pytest.fixture(scope="session")
def encrypting(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[RunningEmulator]":
    """One running emulator that encrypts at rest, for all tests, which may kill it; names are to be `unique`."""
    from tests.conftest import PROJECT
    from tests.support.emulator import RunningEmulator

    folder = tmp_path_factory.mktemp("encrypting")
    running = RunningEmulator(folder / "state", PROJECT, ("--encrypt-at-rest", str(folder / "root.key"))).start()
    yield running
    running.stop()


@pytest.fixture
def healthcare_key(encrypting: "RunningEmulator", unique: Callable[[str], str]) -> str:
    """A key of the emulator that encrypts, which Cloud Healthcare may use."""
    from tests.support.keys import agent_of, make_key

    return make_key(encrypting, unique("ring"), agent_of(encrypting, "healthcare"))


@pytest.fixture
def encrypted_dataset(encrypting: "RunningEmulator", healthcare_key: str, unique: Callable[[str], str]) -> str:
    """The path of a dataset with that key."""
    from tests.support.keys import make_dataset

    return make_dataset(encrypting, unique("dataset"), healthcare_key)
