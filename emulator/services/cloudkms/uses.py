"""Audit entries of what services' agents do with keys, as Cloud KMS logs them (Cloud KMS: audit logging, DATA_READ)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.gateway.audit import DATA_ACCESS, AuditConfigs
from emulator.gateway.audit_shape import location, monitored_resource
from emulator.services.cloudkms.resources import METHODS

if TYPE_CHECKING:
    import sqlite3

    from emulator.context import Context

_SERVICE = "cloudkms.googleapis.com"
_CONFIGS = "cloudkms.audited"
_PERMISSIONS = {
    "encrypt": "cloudkms.cryptoKeyVersions.useToEncrypt",
    "decrypt": "cloudkms.cryptoKeyVersions.useToDecrypt",
}


def record(context: Context, agent: str, key: str, verb: str, tx: sqlite3.Connection | None) -> None:
    """Log that an agent (an e-mail address) used a key to "encrypt" or "decrypt", where data access is to be logged."""
    configs = context.extensions.get(_CONFIGS)
    if configs is None:
        configs = context.extensions[_CONFIGS] = AuditConfigs(context.policies, context.settings.project)
    project = configs.project_of(key)
    if not configs.log("DATA_READ", _SERVICE, f"serviceAccount:{agent}", project):
        return
    entry = _entry(project, agent, key, verb)
    if tx is None:
        context.logs.write(entry)
    else:
        context.logs.write_in(tx, entry)


def _entry(project: str, agent: str, key: str, verb: str) -> dict[str, Any]:
    method = f"{METHODS}.cryptoKeys.{verb}"
    return {
        "logName": f"projects/{project}/logs/{DATA_ACCESS}",
        "resource": monitored_resource(key, project, _SERVICE, method),
        "severity": "NOTICE",
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": _SERVICE,
            "methodName": method,
            "resourceName": key,
            "resourceLocation": location(key),
            "authenticationInfo": {"principalEmail": agent},
            "authorizationInfo": [
                {"permission": _PERMISSIONS[verb], "resource": key, "granted": True, "permissionType": "DATA_READ"}
            ],
        },
    }
