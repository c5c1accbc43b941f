"""Whether a person has ended a task that waits, or a triggerer stops: Airflow before 3.3 cancels a trigger for both."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async

from cloud_healthcare_provider.airflow_versions import AIRFLOW

_WAITING = "deferred"


async def was_killed(task_instance: Any) -> bool:
    """Whether the task is not waiting any more; of a triggerer that stops, the tasks still are."""
    if task_instance is None:
        return False
    state = await sync_to_async(_state_of_2 if AIRFLOW < (3, 0) else _state_of_3)(task_instance)
    return state is not None and str(state) != _WAITING


def _state_of_2(instance: Any) -> Any:
    """The state in Airflow's database, which triggerers of Airflow 2 may ask."""
    from airflow.models.taskinstance import TaskInstance

    found = TaskInstance.get_task_instance(instance.dag_id, instance.run_id, instance.task_id, instance.map_index)
    return None if found is None else found.state


def _state_of_3(instance: Any) -> Any:
    """The state as Airflow 3 tells those who may not ask its database."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    states = RuntimeTaskInstance.get_task_states(
        dag_id=instance.dag_id, task_ids=[instance.task_id], run_ids=[instance.run_id], map_index=instance.map_index
    )
    tasks = states.get(instance.run_id, {})
    key = instance.task_id if instance.map_index < 0 else f"{instance.task_id}_{instance.map_index}"
    return tasks.get(key)
