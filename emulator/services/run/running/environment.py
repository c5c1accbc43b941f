"""The variables of a task's process: Cloud Run's own, what leads Google's clients to the emulator, and the job's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from emulator import clients
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

# Of the emulator's own variables; no other, since a shell's may hold its owner's credentials.
_PASSED = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")


def variables(context: Context, execution: Resource, task: Resource, attempt: int, metadata: str) -> dict[str, str]:
    """Name and value of each variable of an attempt of a task, whose tokens come from `metadata` (host:port).

    Cloud Run: "Container runtime contract", "Environment variables for jobs".
    """
    settings = context.settings
    container = execution.body["template"]["containers"][0]
    return {
        **{name: os.environ[name] for name in _PASSED if name in os.environ},
        **clients.variables(settings.base_url, f"{settings.plain_host}:{settings.grpc_port}", settings.project),
        **{each["name"]: each.get("value", "") for each in container.get("env", [])},
        "CLOUD_RUN_JOB": execution.body["job"],
        "CLOUD_RUN_EXECUTION": execution.id,
        "CLOUD_RUN_TASK_INDEX": str(task.body["index"]),
        "CLOUD_RUN_TASK_ATTEMPT": str(attempt),
        "CLOUD_RUN_TASK_COUNT": str(execution.body["taskCount"]),
        "GCE_METADATA_HOST": metadata,
        "GCE_METADATA_IP": metadata,
    }
