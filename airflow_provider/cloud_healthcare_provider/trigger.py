"""Waiting for an operation in Airflow's triggerer, so that no worker is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent
from asgiref.sync import sync_to_async

from cloud_healthcare_provider.airflow_versions import AIRFLOW
from cloud_healthcare_provider.connecting import Connecting
from cloud_healthcare_provider.hook import HealthcareHook
from cloud_healthcare_provider.killing import was_killed

_TELLS_OF_KILLS = (3, 3)
"""The version from which Airflow calls on_kill of triggers."""


class OperationTrigger(BaseTrigger):
    """Fires when an operation has ended, with its name; with `error`, too, where that can't be told.

    Args:
        name: the operation's full name.
        connecting: the fields of a Connecting.
        poll_seconds: how long to wait between two looks.
        cancel_on_kill: whether the operation is cancelled when a person ends the task that waits.
    """

    def __init__(
        self, name: str, connecting: dict[str, Any], poll_seconds: float, *, cancel_on_kill: bool = True
    ) -> None:
        super().__init__()
        self.name = name
        self.connecting = connecting
        self.poll_seconds = poll_seconds
        self.cancel_on_kill = cancel_on_kill

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and its arguments, by which a triggerer makes the trigger again."""
        arguments = {
            "name": self.name,
            "connecting": self.connecting,
            "poll_seconds": self.poll_seconds,
            "cancel_on_kill": self.cancel_on_kill,
        }
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until the operation has ended."""
        try:
            hook = HealthcareHook(Connecting(**self.connecting))
            look = sync_to_async(hook.operation)
            while not (await look(self.name)).done:  # noqa: ASYNC110 - nobody tells when an operation ends
                await asyncio.sleep(self.poll_seconds)
            yield TriggerEvent({"name": self.name})
        except asyncio.CancelledError:
            if AIRFLOW < _TELLS_OF_KILLS and await was_killed(self.task_instance):
                await self.on_kill()
            raise
        except Exception as error:  # noqa: BLE001 - what stops a trigger must reach its task
            yield TriggerEvent({"name": self.name, "error": str(error) or type(error).__name__})

    async def on_kill(self) -> None:
        """Cancel the operation, because a person has ended the task that waits for it."""
        if self.cancel_on_kill:
            await sync_to_async(HealthcareHook(Connecting(**self.connecting)).cancel)(self.name)
