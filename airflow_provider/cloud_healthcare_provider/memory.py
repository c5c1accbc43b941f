"""The operation that a try of a task has started, kept for the next try: Airflow forgets a task's XComs between them.

Airflow 3.3 has a store for that; before, it is a Variable, which goes when the operation has ended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cloud_healthcare_provider.airflow_versions import Variable

_PREFIX = "healthcare_operation_"


class Memory:
    """What one task, in one run of its DAG, knows of one request."""

    def __init__(self, context: Mapping[str, Any], request: object) -> None:
        """`request` is what was asked of the API, in JSON's types: the operation of another one is not remembered."""
        self._store = context.get("task_state_store")
        instance = context["ti"]
        task = (
            () if self._store is not None else (instance.dag_id, instance.run_id, instance.task_id, instance.map_index)
        )
        told = json.dumps([task, request], sort_keys=True).encode()
        self._key = _PREFIX + hashlib.sha256(told).hexdigest()[:40]

    def recall(self) -> str:
        """The name of the operation, "" for none."""
        if self._store is not None:
            return str(self._store.get(self._key, ""))
        return str(Variable.get(self._key, ""))

    def keep(self, name: str) -> None:
        """Remember the operation that was started just now."""
        if self._store is not None:
            self._store.set(self._key, name)
        else:
            Variable.set(self._key, name)

    def forget(self) -> None:
        """Remember nothing any more."""
        if self._store is not None:
            self._store.delete(self._key)
        else:
            Variable.delete(self._key)
