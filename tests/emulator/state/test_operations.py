"""The engine of long-running operations: modes, cancelling, failing, and going on after a restart."""

import asyncio
from typing import Any

import pytest

from emulator.context import Job
from emulator.errors import failed_precondition
from emulator.state.operations import Operation
from tests.emulator.conftest import InProcess

PARENT = "projects/unit-project/locations/l/datasets/d"


def register(running: InProcess, kind: str, runner: Any) -> None:
    running.runners[kind] = running.emulator.operations.runners[kind] = runner


def start(running: InProcess, kind: str, payload: dict[str, Any] | None = None) -> Operation:
    return running.run(running.emulator.operations.start(kind, PARENT, payload=payload))


def finished(running: InProcess, name: str) -> Operation:
    async def wait() -> Operation:
        while not (operation := running.emulator.operations.require(name)).done:  # noqa: ASYNC110 there is no event
            await asyncio.sleep(0.005)
        return operation

    return running.run(asyncio.wait_for(wait(), 10))


async def count_to_limit(job: Job) -> dict[str, Any]:
    for n in range(job.checkpoint.get("next", 0), job.payload["limit"]):
        job.check_cancelled()
        job.count("success")
        job.checkpoint["next"] = n + 1
        await job.save()
    return {"counted": job.payload["limit"]}


def test_a_job_ends_with_its_response_and_counters(in_process: InProcess) -> None:
    register(in_process, "count", count_to_limit)
    operation = finished(in_process, start(in_process, "count", {"limit": 5}).name)
    assert operation.to_json()["response"] == {"counted": 5}
    assert operation.counter == {"success": 5}


def test_an_api_error_becomes_the_operations_error(in_process: InProcess) -> None:
    async def fail(_: Job) -> dict[str, Any]:
        raise failed_precondition("The bucket is gone.")

    async def crash(_: Job) -> dict[str, Any]:
        raise RuntimeError("a secret")

    register(in_process, "fail", fail)
    register(in_process, "crash", crash)
    assert finished(in_process, start(in_process, "fail").name).error == {"code": 9, "message": "The bucket is gone."}
    crashed = finished(in_process, start(in_process, "crash").name).error
    assert crashed is not None
    assert crashed["code"] == 13
    assert "secret" not in crashed["message"]


def test_cancel_ends_a_running_job_with_code_1(in_process: InProcess) -> None:
    async def forever(job: Job) -> dict[str, Any]:
        while True:
            job.check_cancelled()
            await asyncio.sleep(0.005)

    register(in_process, "forever", forever)
    operation = start(in_process, "forever")
    in_process.run(in_process.emulator.operations.cancel(operation.name))
    error = finished(in_process, operation.name).error
    assert error is not None
    assert error["code"] == 1


def test_manual_mode_waits_to_be_told(in_process: InProcess) -> None:
    register(in_process, "count", count_to_limit)
    in_process.emulator.operations.mode = "manual"
    operation = start(in_process, "count", {"limit": 1})
    in_process.run(asyncio.sleep(0.05))
    assert not in_process.emulator.operations.require(operation.name).done

    async def finish() -> None:
        in_process.emulator.operations.finish(operation.name)

    in_process.run(finish())
    assert finished(in_process, operation.name).done


def test_an_interrupted_job_goes_on_from_its_checkpoint(in_process: InProcess) -> None:
    started_at: list[int] = []

    async def stops_at_three(job: Job) -> dict[str, Any]:
        started_at.append(job.checkpoint.get("next", 0))
        for n in range(job.checkpoint.get("next", 0), 6):
            if n == 3 and len(started_at) == 1:
                await asyncio.Event().wait()
            job.count("success")
            job.checkpoint["next"] = n + 1
            await job.save()
        return {}

    register(in_process, "three", stops_at_three)
    operation = start(in_process, "three")

    async def until_three() -> None:
        while in_process.emulator.operations.require(operation.name).counter.get("success") != 3:  # noqa: ASYNC110
            await asyncio.sleep(0.005)

    in_process.run(asyncio.wait_for(until_three(), 10))
    in_process.restart()
    ended = finished(in_process, operation.name)
    assert started_at == [0, 3]
    assert ended.counter == {"success": 6}


@pytest.mark.parametrize("stamped", ["created", "ended"])
def test_a_finished_operation_is_stamped(in_process: InProcess, stamped: str) -> None:
    register(in_process, "count", count_to_limit)
    operation = finished(in_process, start(in_process, "count", {"limit": 1}).name)
    assert str(getattr(operation, stamped)).endswith("Z")
