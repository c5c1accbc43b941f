"""Checks of the audit trail after `pulumi up`: every kind of access is logged, of everybody, and for how long."""

from __future__ import annotations

from scripts.connection import Connection
from scripts.errors import CommandError

_DAY = 24 * 60 * 60
_KINDS = {"ADMIN_READ", "DATA_READ", "DATA_WRITE"}
_SERVICES = ("healthcare.googleapis.com", "allServices")
_UP = "run `pulumi up --refresh`"


def logged(target: Connection) -> str:
    """Which kinds of access to the Healthcare API the project's policy logs. What is above it can only log more.

    Raises CommandError where one is missing, or somebody's is not logged (IAM: "AuditConfig").
    """
    projects = target.api("cloudresourcemanager", "v1").projects()
    policy = target.execute(projects.getIamPolicy(resource=target.outputs.project, body={}))
    configs = [each for each in policy.get("auditConfigs", []) if each.get("service") in _SERVICES]
    logs = [log for each in configs for log in each.get("auditLogConfigs", [])]
    if missing := sorted(_KINDS - {log.get("logType") for log in logs}):
        raise CommandError(
            f"{', '.join(missing)} of {_SERVICES[0]} are not logged in projects/{target.outputs.project}: {_UP}, which"
            " logs them."
        )
    if exempt := sorted({member for log in logs for member in log.get("exemptedMembers", [])}):
        raise CommandError(
            f"What {', '.join(exempt)} reads and writes is not logged: take the exemption, not the stack's, out of"
            f" the audit configuration of projects/{target.outputs.project}."
        )
    return ", ".join(sorted(_KINDS))


def retained(target: Connection, bucket: str) -> str:
    """How long nobody may delete an entry of the audit log from its bucket, and whether that can be taken back."""
    found = target.storage.get_bucket(bucket)
    if not found.retention_period:
        if target.outputs.deletion_protection:
            raise CommandError(f"Entries in gs://{bucket} can be deleted: {_UP}, which retains them.")
        return "none, for the stack is not protected"
    days = f"{found.retention_period // _DAY} days"
    if found.retention_policy_locked:
        return f"{days}, locked"
    return f"{days}, which an administrator can shorten: healthcare-cloud-poc:auditLocked locks it for good"
