"""Log entries of what a task prints (Cloud Run: "Logging and viewing logs in Cloud Run")."""

from __future__ import annotations

from typing import Any

import orjson

from emulator.state.resources import Resource

_SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")


def entry(execution: Resource, task: Resource, attempt: int, stream: str, text: str) -> dict[str, Any]:
    """The entry of a line that a task has written to "stdout" or "stderr": text, or JSON where it is an object."""
    _, project, _, location, *_ = execution.name.split("/")
    return {
        "logName": f"projects/{project}/logs/run.googleapis.com%2F{stream}",
        "severity": "DEFAULT",
        "resource": {
            "type": "cloud_run_job",
            "labels": {"project_id": project, "location": location, "job_name": execution.body["job"]},
        },
        "labels": {
            "run.googleapis.com/execution_name": execution.id,
            "run.googleapis.com/task_index": str(task.body["index"]),
            "run.googleapis.com/task_attempt": str(attempt),
        },
        **_payload(text),
    }


def _payload(text: str) -> dict[str, Any]:
    """The payload of a line, and the severity that it names (Cloud Logging: "Structured logging")."""
    if not text.startswith("{"):
        return {"textPayload": text}
    try:
        fields = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {"textPayload": text}
    severity = str(fields.pop("severity", "DEFAULT")).upper()
    return {"jsonPayload": fields, "severity": severity if severity in _SEVERITIES else "DEFAULT"}
