"""The schedule: Cloud Scheduler starts the job by the clock, and logs how that went."""

from __future__ import annotations

from scripts.connection import Connection
from scripts.deliveries.entries import newest
from scripts.deliveries.failing import granted_since
from scripts.denied import Denied
from scripts.errors import CommandError, one_line


def started(target: Connection, hours: float) -> str:
    """When the job was last started, by the newest attempt in the log (Cloud Scheduler: "View logs")."""
    schedule = target.outputs.schedule
    assert schedule is not None
    job = schedule.name.rpartition("/")[2]
    wanted = f'resource.type="cloud_scheduler_job" AND resource.labels.job_id="{job}" AND jsonPayload.debugInfo:*'
    entry = newest(target, wanted, hours)
    if entry is None:
        return f"not due in the last {hours:g} hours"
    payload = entry["jsonPayload"]
    if not payload.get("status"):
        return f"started at {entry['timestamp']}"
    failed = f"Cloud Scheduler did not start {job} at {entry['timestamp']}"
    if payload["status"] != "PERMISSION_DENIED":
        raise CommandError(f"{failed}: {payload['status']}, {one_line(str(payload['debugInfo']))}.")
    return granted_since(target, Denied("run.jobs.run", schedule.name, schedule.account_email), failed)
