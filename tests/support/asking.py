"""Requests to a running emulator that must be done."""

from typing import Any

from tests.support.emulator import RunningEmulator


def ask(emulator: RunningEmulator, method: str, path: str, body: Any = None) -> Any:
    """The JSON of the answer to the owner's request, which is a 200."""
    code, answer = emulator.request(method, path, body)
    assert code == 200, (path, answer)
    return answer


def move(emulator: RunningEmulator, **wish: Any) -> None:
    """Set the emulator's clock: `time`, `seconds`, `stopped`."""
    ask(emulator, "POST", "/_emulator/clock", wish)
