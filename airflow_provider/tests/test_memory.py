"""What a task knows of the operation that an earlier try has started."""

from __future__ import annotations

from typing import Any

import pytest

from cloud_healthcare_provider import memory
from cloud_healthcare_provider.memory import Memory


class Variables:
    """Airflow's Variables."""

    kept: dict[str, str] = {}

    @classmethod
    def get(cls, key: str, default: str) -> str:
        return cls.kept.get(key, default)

    @classmethod
    def set(cls, key: str, value: str) -> None:
        cls.kept[key] = value

    @classmethod
    def delete(cls, key: str) -> None:
        cls.kept.pop(key, None)


@pytest.mark.parametrize("store", ["a store of the task's own", "Variables"])
def test_it_is_of_one_request_of_one_task(store: str, context: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "Variable", Variables)
    if store == "Variables":
        del context["task_state_store"]
    kept = Memory(context, ["import", {"a": 1}])
    assert kept.recall() == ""
    kept.keep("operations/1")
    assert Memory(context, ["import", {"a": 1}]).recall() == "operations/1"
    assert Memory(context, ["import", {"a": 2}]).recall() == ""
    if store == "Variables":
        context["ti"].run_id = "run-2"
        assert Memory(context, ["import", {"a": 1}]).recall() == ""
    kept.forget()
    assert kept.recall() == ""
    assert Variables.kept == {}
