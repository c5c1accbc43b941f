"""Keys of Cloud KMS, for tests of what is encrypted with them."""

from emulator.settings import project_number
from tests.support.emulator import RunningEmulator

USER = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


def make_key(emulator: RunningEmulator, ring: str, *agents: str) -> str:
    """A key on a ring of that id, which the service accounts may use."""
    parent = f"projects/{emulator.project}/locations/us"
    assert emulator.request("POST", f"/v1/{parent}/keyRings?keyRingId={ring}", {})[0] == 200
    path = f"/v1/{parent}/keyRings/{ring}/cryptoKeys?cryptoKeyId=key"
    assert emulator.request("POST", path, {"purpose": "ENCRYPT_DECRYPT"})[0] == 200
    key = f"{parent}/keyRings/{ring}/cryptoKeys/key"
    policy = {"bindings": [{"role": USER, "members": [f"serviceAccount:{agent}" for agent in agents]}]}
    code, answer = emulator.request("POST", f"/v1/{key}:setIamPolicy", {"policy": policy if agents else {}})
    assert code == 200, answer
    return key


def agent_of(emulator: RunningEmulator, service: str) -> str:
    """The e-mail address of a service's agent in the emulator's project, which exists from here on."""
    number = project_number(emulator.project)
    if service == "storage":
        path = f"/storage/v1/projects/{emulator.project}/serviceAccount"
        return str(emulator.request("GET", path)[1]["email_address"])
    if service == "bigquery":
        return f"bq-{number}@bigquery-encryption.iam.gserviceaccount.com"
    path = f"/v1beta1/projects/{emulator.project}/services/{service}.googleapis.com:generateServiceIdentity"
    code, operation = emulator.request("POST", path, {})
    assert code == 200, operation
    return str(operation["response"]["email"])
