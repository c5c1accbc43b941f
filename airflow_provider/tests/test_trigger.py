"""The trigger: it fires when the operation has ended, and cancels it when a person ends the task."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from cloud_healthcare_provider import killing, trigger
from cloud_healthcare_provider.connecting import Connecting
from cloud_healthcare_provider.hook import HealthcareHook
from cloud_healthcare_provider.operation import Operation
from cloud_healthcare_provider.trigger import OperationTrigger
from conftest import Make

NAME = "projects/p/locations/l/datasets/d/operations/1"


def made(name: str = NAME, **more: Any) -> OperationTrigger:
    return OperationTrigger(name, Connecting().to_mapping(), 0.01, **more)


async def first(waiting: OperationTrigger) -> Any:
    async for event in waiting.run():
        return event.payload
    return None


def test_it_fires_with_the_name_of_an_operation_that_has_ended(fhir_import: Make, context: dict[str, Any]) -> None:
    name = fhir_import().execute(context)["name"]
    assert asyncio.run(first(made(name))) == {"name": name}


def test_what_stops_it_reaches_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HealthcareHook, "operation", lambda *_: 1 / 0)
    assert asyncio.run(first(made())) == {"name": NAME, "error": "division by zero"}


def test_it_is_made_again_of_what_it_says_of_itself() -> None:
    path, arguments = made(cancel_on_kill=False).serialize()
    assert path == f"{OperationTrigger.__module__}.OperationTrigger"
    assert OperationTrigger(**arguments).serialize() == (path, arguments)


@pytest.mark.parametrize(
    ("airflow", "killed", "expected"),
    [((3, 2), True, [NAME]), ((3, 2), False, []), ((2, 11), True, [NAME]), ((3, 3), True, [])],
)
def test_before_airflow_3_3_it_looks_itself_whether_a_person_ended_the_task(
    airflow: tuple[int, int], killed: bool, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled: list[str] = []

    async def was_killed(_: object) -> bool:
        return killed

    monkeypatch.setattr(trigger, "AIRFLOW", airflow)
    monkeypatch.setattr(trigger, "was_killed", was_killed)
    monkeypatch.setattr(HealthcareHook, "operation", lambda _, name: Operation(name))
    monkeypatch.setattr(HealthcareHook, "cancel", lambda _, name: cancelled.append(name))

    async def stop() -> None:
        running = asyncio.create_task(first(made()))
        await asyncio.sleep(0.05)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(stop())
    assert cancelled == expected


def test_airflow_3_3_tells_it_of_a_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled: list[str] = []
    monkeypatch.setattr(HealthcareHook, "cancel", lambda _, name: cancelled.append(name))
    asyncio.run(made().on_kill())
    asyncio.run(made(cancel_on_kill=False).on_kill())
    assert cancelled == [NAME]


@pytest.mark.parametrize(("state", "killed"), [("deferred", False), ("failed", True), (None, False)])
def test_a_task_that_does_not_wait_any_more_was_killed(
    state: str | None, killed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(killing, "_state_of_2", lambda _: state)
    monkeypatch.setattr(killing, "_state_of_3", lambda _: state)
    assert asyncio.run(killing.was_killed(SimpleNamespace())) is killed
    assert asyncio.run(killing.was_killed(None)) is False
