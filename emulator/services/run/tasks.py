"""Tasks of executions, to be read."""

from __future__ import annotations

from emulator.gateway.collections import Collection, crud
from emulator.services.run import views
from emulator.services.run.service import EXECUTIONS, METHODS, SERVICE, TASKS

COLLECTION = Collection(kind=TASKS, segment="tasks", parent_kind=EXECUTIONS, view=views.task)
crud(SERVICE, COLLECTION, f"{METHODS}.jobs.executions.tasks", ("get", "list"))
