"""Buckets, grants and waiting for operations, for the tests of import and export."""

from typing import Any

from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE, eventually


def agent(emulator: RunningEmulator) -> str:
    """Give the healthcare service agent of the emulator's project, which exists from here on."""
    path = f"/v1beta1/projects/{emulator.project}/services/healthcare.googleapis.com:generateServiceIdentity"
    code, operation = emulator.request("POST", path, {})
    assert code == 200, operation
    return f"serviceAccount:{operation['response']['email']}"


def make_bucket(emulator: RunningEmulator, name: str, role: str = "") -> str:
    """Create a bucket; grant the service agent a role on it."""
    code, answer = emulator.request("POST", f"/storage/v1/b?project={emulator.project}", {"name": name})
    assert code == 200, answer
    if role:
        grant(emulator, name, role)
    return name


def grant(emulator: RunningEmulator, bucket: str, role: str) -> None:
    """Grant the service agent a role on a bucket."""
    policy = {"bindings": [{"role": role, "members": [agent(emulator)]}]}
    code, answer = emulator.request("PUT", f"/storage/v1/b/{bucket}/iam", policy)
    assert code == 200, answer


def upload(emulator: RunningEmulator, bucket: str, name: str, data: bytes) -> None:
    """Put an object."""
    import requests

    url = f"{emulator.base_url}/upload/storage/v1/b/{bucket}/o"
    headers = {"Authorization": f"Bearer {emulator.owner_token}"}
    answer = requests.post(
        url, params={"uploadType": "media", "name": name}, data=data, headers=headers, timeout=PATIENCE
    )
    assert answer.status_code == 200, answer.text


def download(emulator: RunningEmulator, bucket: str, name: str) -> bytes:
    """Give an object's bytes."""
    from urllib.parse import quote

    import requests

    url = f"{emulator.base_url}/storage/v1/b/{bucket}/o/{quote(name, '')}?alt=media"
    answer = requests.get(url, headers={"Authorization": f"Bearer {emulator.owner_token}"}, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    return answer.content


def names(emulator: RunningEmulator, bucket: str) -> list[str]:
    """List a bucket's objects."""
    _, answer = emulator.request("GET", f"/storage/v1/b/{bucket}/o")
    return [item["name"] for item in answer.get("items", [])]


def start(emulator: RunningEmulator, store: str, verb: str, body: dict[str, Any], api: str = "v1") -> str:
    """Start an import or export; give the operation's name."""
    code, operation = emulator.request("POST", f"/{api}/{store}:{verb}", body)
    assert code == 200, operation
    assert set(operation) == {"name"}
    return str(operation["name"])


def wait(emulator: RunningEmulator, operation: str) -> dict[str, Any]:
    """Wait until an operation has ended, and give it."""
    found: dict[str, Any] = eventually(
        lambda: emulator.request("GET", f"/v1/{operation}")[1], lambda found: found.get("done")
    )
    return found


def run(emulator: RunningEmulator, store: str, verb: str, body: dict[str, Any], api: str = "v1") -> dict[str, Any]:
    """Start an import or export and wait for its end."""
    return wait(emulator, start(emulator, store, verb, body, api))


def log_entries(emulator: RunningEmulator, operation: str) -> list[dict[str, Any]]:
    """Give the Cloud Logging entries of an operation, without those of the audit log."""
    wanted = f'operation.id="{operation}" AND NOT logName:"cloudaudit"'
    body = {"resourceNames": [f"projects/{emulator.project}"], "filter": wanted}
    code, answer = emulator.request("POST", "/v2/entries:list", body)
    assert code == 200, answer
    return list(answer.get("entries", []))
