"""Requests that nobody would write by hand, over all routes: an answer in the form of its API, and never a 500.

FUZZ_REQUESTS says how many (default: a thousand), FUZZ_SEED with which random numbers; a failure names both.
"""

import http.client
import os
from collections.abc import Iterator

import pytest

from tests.conftest import StartEmulator
from tests.emulator.hostile import Call, Fuzzer, problem_of, resident, send, things
from tests.support.emulator import RunningEmulator

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "1000"))
SEED = int(os.environ.get("FUZZ_SEED", "20261127"))
GROWTH = (
    400 << 20
)  # bytes that the emulator's memory may grow: its caches are bounded, and lists are held while answered


@pytest.fixture
def running(start_emulator: StartEmulator) -> RunningEmulator:
    return start_emulator()


def calls(fuzzer: Fuzzer) -> Iterator[tuple[int, Call]]:
    for number in range(REQUESTS):
        yield number, fuzzer.call()


def test_no_request_is_a_500_or_hangs(running: RunningEmulator) -> None:
    fuzzer = Fuzzer(SEED, things(running), running.owner_token)
    before = resident(running)
    failures = []
    for number, call in calls(fuzzer):
        try:
            problem = problem_of(*send(running, call))
        except (OSError, http.client.HTTPException) as error:
            problem = f"no answer: {error!r}"
        if problem:
            failures.append(f"request {number} of seed {SEED}: {problem}: {call}")
    assert not failures, "\n".join(failures[:20]) + f"\n{len(failures)} in all"
    assert running.request("GET", "/_emulator/status")[0] == 200
    assert resident(running) - before < GROWTH
