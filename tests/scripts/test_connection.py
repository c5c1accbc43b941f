"""Where the commands talk to, and as whom."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

import google.auth.exceptions
import google.auth.transport.requests
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from infra.outputs import Endpoints
from scripts import credentials
from scripts.connection import Connection, resolve_endpoints
from scripts.credentials import ACT_AS, find_credentials
from scripts.errors import ApiFailure, CommandError, UsageError
from tests.scripts.conftest import Live, Run
from tests.scripts.fake_google import FakeGoogle
from tests.scripts.outputs import outputs_for
from tests.support.accounts import make_account
from tests.support.emulator import free_port

ROOT = "http://127.0.0.1:9470"


def test_a_stack_on_google_cloud_has_no_endpoints() -> None:
    assert resolve_endpoints(outputs_for(None), {}) == Endpoints()


def test_a_local_stack_brings_its_endpoints() -> None:
    outputs = outputs_for(ROOT, "127.0.0.1:9471")
    assert resolve_endpoints(outputs, {}) == outputs.endpoints


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HEALTHCARE_EMULATOR_HOST", "http://127.0.0.1:9570"),
        ("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9999/"),
        ("PUBSUB_EMULATOR_HOST", "127.0.0.1:9571"),
        ("BIGQUERY_EMULATOR_HOST", "127.0.0.1:9570"),
    ],
)
def test_variables_of_another_emulator_are_refused(variable: str, value: str) -> None:
    outputs = outputs_for(ROOT, "127.0.0.1:9471")
    with pytest.raises(UsageError, match=f"{variable} says {value}, but stack .* is on the emulator at "):
        resolve_endpoints(outputs, {variable: value})


def test_variables_of_the_stacks_own_emulator_change_nothing() -> None:
    outputs = outputs_for(ROOT, "127.0.0.1:9471")
    shell = {"HEALTHCARE_EMULATOR_HOST": "localhost:9470", "PUBSUB_EMULATOR_HOST": "127.0.0.1:9471"}
    assert resolve_endpoints(outputs, shell) == outputs.endpoints


def test_the_healthcare_variable_leads_every_service_to_the_emulator() -> None:
    found = resolve_endpoints(outputs_for(None), {"HEALTHCARE_EMULATOR_HOST": "127.0.0.1:9470"})
    assert found.healthcare == found.storage == found.bigquery == found.logging == ROOT
    assert found.pubsub_grpc == "127.0.0.1:9470"


def test_a_half_set_shell_is_refused() -> None:
    with pytest.raises(UsageError, match="STORAGE_EMULATOR_HOST points to an emulator, but stack dev"):
        resolve_endpoints(outputs_for(None), {"STORAGE_EMULATOR_HOST": ROOT})


def write_key(path: Path, token_uri: str) -> Path:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {"type": "service_account", "client_email": "emulator@p.iam.gserviceaccount.com", "private_key": pem}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**account, "token_uri": token_uri, "private_key_id": "1", "project_id": "p"}))
    return path


def test_an_access_token_comes_first() -> None:
    for emulated in (True, False):
        assert find_credentials({"GOOGLE_OAUTH_ACCESS_TOKEN": "t"}, emulated=emulated).token == "t"


def test_the_emulators_key_is_found_in_its_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "ROOT", tmp_path)
    write_key(tmp_path / ".emulator" / "credentials.json", f"{ROOT}/token")
    assert find_credentials({}, emulated=True).service_account_email == "emulator@p.iam.gserviceaccount.com"


def test_a_google_key_is_never_used_on_the_emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "ROOT", tmp_path)
    key = write_key(tmp_path / "google.json", "https://oauth2.googleapis.com/token")
    with pytest.raises(CommandError, match="python -m emulator env"):
        find_credentials({"GOOGLE_APPLICATION_CREDENTIALS": str(key)}, emulated=True)


def test_the_emulators_key_is_never_used_on_google_cloud(tmp_path: Path) -> None:
    key = write_key(tmp_path / "emulator.json", f"{ROOT}/token")
    with pytest.raises(CommandError, match="names the emulator's key"):
        find_credentials({"GOOGLE_APPLICATION_CREDENTIALS": str(key)}, emulated=False)


def test_google_cloud_uses_what_google_auth_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = write_key(tmp_path / "google.json", "https://oauth2.googleapis.com/token")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    assert find_credentials({}, emulated=False).service_account_email == "emulator@p.iam.gserviceaccount.com"


def test_no_credentials_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(**_: object) -> None:
        raise google.auth.exceptions.DefaultCredentialsError("a long text")

    monkeypatch.setattr("google.auth.default", nothing)
    target = Connection(outputs_for(None), Endpoints())
    with pytest.raises(CommandError, match="No Google credentials were found"), target:
        _ = target.credentials


def test_an_emulator_that_is_not_running_is_said_at_once(run: Run, tmp_path: Path) -> None:
    root = f"http://127.0.0.1:{free_port()}"
    path = tmp_path / "outputs.json"
    path.write_text(outputs_for(root).to_json())
    for command in (("search", "studies"), ("import",), ("operations", "list"), ("query", "SELECT 1")):
        ended = run(*command, "--outputs", path)
        assert ended.code == 1
        assert ended.err == f"error: The emulator is not running at {root}: start it with: python -m emulator start\n"


def test_proxies_of_the_shell_are_not_asked_for_this_machine(
    run: Run, google: FakeGoogle, outputs_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    dataset = "/v1/projects/some-project/locations/us-central1/datasets/imaging"
    google.answers("GET", f"{dataset}/operations", {"operations": []})
    google.answers("GET", f"{dataset}/dicomStores/dicom/dicomWeb/studies", [])
    assert run("operations", "list", "--outputs", outputs_file).code == 0
    assert run("search", "studies", "--outputs", outputs_file).code == 0
    assert {call.headers["authorization"] for call in google.calls} == {"Bearer a-token"}


def test_a_busy_server_is_asked_again_and_nothing_is_logged(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    path = "/v1/projects/some-project/locations/us-central1/datasets/imaging/dicomStores/dicom/dicomWeb/studies"
    google.refuses("GET", path, 503, "busy")
    google.answers("GET", path, [])
    ended = run("search", "studies", "PatientName=Doe", "--json", "--outputs", outputs_file)
    assert (ended.code, ended.out, ended.err) == (0, "[]\n", "")
    assert len(google.made("GET", path)) == 2


def test_a_request_cut_off_by_ctrl_c_leaves_nothing_to_the_next(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the lines of a request are written: they must not go in front of the next request's."""
    write_line = http.client.HTTPConnection.putheader

    def stop_in_the_middle(connection: http.client.HTTPConnection, name: str, *values: str) -> None:
        write_line(connection, name, *values)
        raise KeyboardInterrupt

    with Connection(live.outputs, live.outputs.endpoints) as target:
        datasets = target.healthcare
        target.execute(datasets.get(name=live.outputs.dataset_name))
        with monkeypatch.context() as patch:
            patch.setattr(http.client.HTTPConnection, "putheader", stop_in_the_middle)
            with pytest.raises(KeyboardInterrupt):
                target.execute(datasets.get(name=live.outputs.dataset_name))
        body = {"permissions": ["healthcare.datasets.get"]}
        answer = target.execute(datasets.testIamPermissions(resource=live.outputs.dataset_name, body=body))
    assert answer == body


def test_another_account_of_the_emulator_is_acted_as_by_asking_the_emulator_alone(live: Live) -> None:
    account = make_account(live.emulator, "acted-as")
    path = str(live.emulator.credentials_file)
    found = find_credentials({"GOOGLE_APPLICATION_CREDENTIALS": path, ACT_AS: account.email}, emulated=True)
    request = google.auth.transport.requests.Request()
    found.refresh(request)
    status, answer = live.emulator.request("GET", "/storage/v1/b?project=scripts-project", token=found.token)
    assert status == 403
    assert answer["error"]["message"].startswith(account.email)
    nobody = find_credentials({"GOOGLE_APPLICATION_CREDENTIALS": path, ACT_AS: "nobody@p.example"}, emulated=True)
    with pytest.raises(ApiFailure, match=r"iam\.serviceAccounts\.getAccessToken"):
        nobody.refresh(request)
