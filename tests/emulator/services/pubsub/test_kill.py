"""kill -9 of subscribers and of the emulator while messages are delivered: none is lost, and exactly once is once.

PUBSUB_KILL_MESSAGES says how many messages, 2,000 where it says nothing.
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import PROJECT, StartEmulator
from tests.emulator.services.pubsub import subscribing
from tests.support.emulator import ROOT, RunningEmulator
from tests.support.patience import eventually

COUNT = max(2000, int(os.environ.get("PUBSUB_KILL_MESSAGES", "0")))
TOPIC, NAME = f"projects/{PROJECT}/topics/killed", f"projects/{PROJECT}/subscriptions/killed"
Subscribe = Callable[[RunningEmulator], "subprocess.Popen[bytes]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where subscribers write what they have got."""
    made = tmp_path / "subscribers"
    made.mkdir()
    return made


@pytest.fixture
def subscribe(folder: Path) -> Iterator[Subscribe]:
    """Starts a subscriber, which is killed when the test ends."""
    started: list[subprocess.Popen[bytes]] = []

    def start(emulator: RunningEmulator) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", subscribing.__name__, NAME, str(folder / str(len(started)))]
        quiet = subprocess.DEVNULL
        started.append(subprocess.Popen(command, cwd=ROOT, env=emulator.environment(), stdout=quiet, stderr=quiet))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.wait()


def told(folder: Path, word: str) -> list[str]:
    """The ids of which all subscribers said that word."""
    lines = [line.split() for file in folder.iterdir() for line in file.read_text().splitlines()]
    return [line[1] for line in lines if len(line) == 2 and line[0] == word]


@pytest.mark.crash
@pytest.mark.parametrize("exactly_once", [False, True])
def test_every_message_arrives(
    start_emulator: StartEmulator, subscribe: Subscribe, folder: Path, exactly_once: bool
) -> None:
    emulator = start_emulator()
    assert emulator.request("PUT", f"/v1/{TOPIC}", {})[0] == 200
    wanted = {"topic": TOPIC, "enableExactlyOnceDelivery": exactly_once}
    assert emulator.request("PUT", f"/v1/{NAME}", wanted)[0] == 200
    ids: set[str] = set()
    for _ in range(COUNT // 1000):
        answer = emulator.request("POST", f"/v1/{TOPIC}:publish", {"messages": [{"data": "eA=="}] * 1000})[1]
        ids |= set(answer["messageIds"])
    first, *_ = [subscribe(emulator) for _ in range(4)]
    eventually(lambda: len(told(folder, "got")) >= COUNT // 8)
    first.kill()
    eventually(lambda: len(told(folder, "got")) >= COUNT // 4)
    emulator.kill()
    emulator.start()
    eventually(lambda: set(told(folder, "got")) == ids)
    assert not [one for one, times in Counter(told(folder, "done")).items() if times > 1 and exactly_once]
