"""Keys of Cloud KMS, for tests of what is encrypted with them."""

from emulator.settings import project_number
from tests.support.asking import ask, move
from tests.support.emulator import RunningEmulator

USER = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


def make_key(emulator: RunningEmulator, ring: str, *agents: str) -> str:
    """A key on a ring of that id, which the service accounts may use."""
    parent = f"projects/{emulator.project}/locations/us"
    assert emulator.request("POST", f"/v1/{parent}/keyRings?keyRingId={ring}", {})[0] == 200
    path = f"/v1/{parent}/keyRings/{ring}/cryptoKeys?cryptoKeyId=key"
    assert emulator.request("POST", path, {"purpose": "ENCRYPT_DECRYPT"})[0] == 200
    key = f"{parent}/keyRings/{ring}/cryptoKeys/key"
    grant(emulator, key, *agents)
    return key


def grant(emulator: RunningEmulator, key: str, *agents: str) -> None:
    """Let these service accounts use a key, and nobody else."""
    policy = {"bindings": [{"role": USER, "members": [f"serviceAccount:{agent}" for agent in agents]}]}
    code, answer = emulator.request("POST", f"/v1/{key}:setIamPolicy", {"policy": policy if agents else {}})
    assert code == 200, answer


def set_state(emulator: RunningEmulator, key: str, state: str, version: int = 1) -> None:
    """Enable or disable a version of a key ("ENABLED", "DISABLED")."""
    path = f"/v1/{key}/cryptoKeyVersions/{version}?updateMask=state"
    assert emulator.request("PATCH", path, {"state": state})[0] == 200


def rotate(emulator: RunningEmulator, key: str) -> str:
    """Give a key a new primary version; its name."""
    code, made = emulator.request("POST", f"/v1/{key}/cryptoKeyVersions", {})
    assert code == 200, made
    wish = {"cryptoKeyVersionId": made["name"].rpartition("/")[2]}
    assert emulator.request("POST", f"/v1/{key}:updatePrimaryVersion", wish)[0] == 200
    return str(made["name"])


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


def destroy(emulator: RunningEmulator, version: str) -> None:
    """Destroy a version for good: its time is over at once."""
    ask(emulator, "POST", f"/v1/{version}:destroy", {})
    move(emulator, seconds=31 * 86_400)
    ask(emulator, "POST", "/_emulator/chores", {})
    assert ask(emulator, "GET", f"/v1/{version}")["state"] == "DESTROYED"


def make_dataset(emulator: RunningEmulator, name: str, key: str = "") -> str:
    """A dataset of Cloud Healthcare with a key, "" for none; its path."""
    parent, spec = (
        f"/v1/projects/{emulator.project}/locations/us",
        {"encryptionSpec": {"kmsKeyName": key}} if key else {},
    )
    ask(emulator, "POST", f"{parent}/datasets?datasetId={name}", spec)
    return f"{parent}/datasets/{name}"


def holding(emulator: RunningEmulator, word: str) -> set[str]:
    """The tables that hold a word, in any case, for somebody who has the root key."""
    with emulator.database() as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {each: repr(database.execute(f'SELECT * FROM "{each}"').fetchall()) for each in tables}
    return {table for table, text in rows.items() if word.casefold() in text.casefold()}
