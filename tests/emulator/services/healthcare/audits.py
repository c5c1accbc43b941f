"""Audit entries of access to data, for the tests of each method."""

from typing import Any

from tests.support.emulator import RunningEmulator
from tests.support.patience import eventually


def log_access(running: RunningEmulator) -> None:
    """Have all access to Healthcare's data logged in the emulator's project."""
    project = f"/v1/projects/{running.project}"
    policy = running.request("POST", f"{project}:getIamPolicy", {})[1]
    kinds = [{"logType": kind} for kind in ("DATA_READ", "DATA_WRITE")]
    policy["auditConfigs"] = [{"service": "healthcare.googleapis.com", "auditLogConfigs": kinds}]
    body = {"policy": policy, "updateMask": "bindings,etag,auditConfigs"}
    assert running.request("POST", f"{project}:setIamPolicy", body)[0] == 200


def logged(
    running: RunningEmulator, number: int, methods: str = "", log: str = "data_access", within: str = ""
) -> list[dict[str, Any]]:
    """The audit entries of a log, access to data or "activity", once there are `number`.

    Of methods whose ids contain `methods`, on resources whose names contain `within`.
    """
    chosen = f'logName="projects/{running.project}/logs/cloudaudit.googleapis.com%2F{log}"'
    if methods:
        chosen += f' AND protoPayload.methodName:"{methods}"'
    if within:
        chosen += f' AND protoPayload.resourceName:"{within}"'
    body = {"resourceNames": [f"projects/{running.project}"], "filter": chosen, "pageSize": 1000}

    def entries() -> list[Any]:
        return list(running.request("POST", "/v2/entries:list", body)[1].get("entries", []))

    return [entry["protoPayload"] for entry in eventually(entries, lambda found: len(found) >= number)]
