"""python -m emulator: starting, and the sentences for what can't be done."""

import json
import os
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.conftest import StartEmulator
from tests.support.emulator import ROOT, free_port
from tests.support.patience import PATIENCE


def emulator(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "emulator", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)


def one_sentence(result: "subprocess.CompletedProcess[str]") -> str:
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert "Traceback" not in result.stderr
    return lines[0]


def test_start_status_env_reset_stop(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    started = emulator("start", "--detach", "--port", "0", "--grpc-port", "0", "--state", state)
    assert started.returncode == 0, started.stderr
    try:
        assert "ready" in emulator("status", "--state", state).stdout
        lines = emulator("env", "--state", state).stdout.splitlines()
        variables = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        url = variables["HEALTHCARE_EMULATOR_HOST"]
        headers = {"authorization": f"Bearer {variables['GOOGLE_OAUTH_ACCESS_TOKEN']}"}
        topic = f"{url}/v1/projects/local-project/topics/lost"
        assert httpx.put(topic, json={}, headers=headers, timeout=PATIENCE).status_code == 200
        assert emulator("reset", "--state", state).returncode == 0
        assert httpx.get(topic, headers=headers, timeout=PATIENCE).status_code == 404
        assert json.loads(Path(variables["GOOGLE_APPLICATION_CREDENTIALS"]).read_text())["token_uri"] == f"{url}/token"
        again = emulator("start", "--detach", "--port", "0", "--state", state)
        assert again.returncode == 1
        assert "already runs" in one_sentence(again)
    finally:
        assert emulator("stop", "--state", state).returncode == 0
    assert emulator("status", "--state", state).returncode == 1
    assert "No emulator runs" in emulator("stop", "--state", state).stdout
    assert "start one with" in one_sentence(emulator("env", "--state", state))


def test_tls_is_served_beside_http(tmp_path: Path) -> None:
    """The authority that clients trust stays the same over a reset; all else is as on the other port."""
    state = str(tmp_path / "state")
    ports = ("--port", "0", "--grpc-port", "0", "--tls", "0")
    started = emulator("start", "--detach", *ports, "--state", state)
    assert started.returncode == 0, started.stderr
    try:
        lines = emulator("env", "--state", state).stdout.splitlines()
        variables = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        url, authority = variables["EMULATOR_TLS_URL"], Path(variables["EMULATOR_TLS_CA"])
        assert f"over TLS: {url}" in emulator("status", "--state", state).stdout
        before = authority.read_bytes()
        context = ssl.create_default_context(cafile=str(authority))
        headers = {"authorization": f"Bearer {variables['GOOGLE_OAUTH_ACCESS_TOKEN']}"}
        with httpx.Client(base_url=url, verify=context, headers=headers, timeout=PATIENCE) as client:
            made = client.post("/storage/v1/b", params={"project": "local-project"}, json={"name": "by-tls"})
            assert made.json()["selfLink"] == f"{url}/storage/v1/b/by-tls"
            upload = {"uploadType": "resumable", "name": "large"}
            begun = client.post("/upload/storage/v1/b/by-tls/o", params=upload, headers={"host": "127.0.0.1"})
            assert begun.headers["location"].startswith(f"{url}/upload/")
            large = os.urandom(5 << 20)
            assert client.put(begun.headers["location"], content=large).status_code == 200
            place = "/storage/v1/b/by-tls/o/large"
            assert client.get(place, params={"alt": "media"}).content == large
            assert client.get(place, headers={"authorization": "Bearer wrong"}).status_code == 401
            assert emulator("reset", "--state", state).returncode == 0
        assert authority.read_bytes() == before
        assert emulator("env", "--state", state).stdout.splitlines() == lines
        assert httpx.get(url + "/_emulator/status", verify=context, timeout=PATIENCE).status_code == 200
    finally:
        assert emulator("stop", "--state", state).returncode == 0


def test_a_second_emulator_on_the_same_folder(start_emulator: StartEmulator) -> None:
    running = start_emulator()
    second = emulator("start", "--port", "0", "--grpc-port", "0", "--state", str(running.state))
    assert second.returncode == 1
    assert "Another emulator runs on" in one_sentence(second)


@pytest.mark.parametrize("flag", ["--port", "--grpc-port", "--tls"])
def test_a_port_in_use(start_emulator: StartEmulator, tmp_path: Path, flag: str) -> None:
    running = start_emulator()
    taken = str(running.port)
    ports = {"--port": str(free_port()), "--grpc-port": str(free_port()), flag: taken}
    words = [word for pair in ports.items() for word in pair]
    result = emulator("start", *words, "--state", str(tmp_path / "other"))
    assert result.returncode == 1
    assert one_sentence(result) == (
        f"Port {taken} on 127.0.0.1 is in use; stop what listens there, or choose another with {flag}."
    )


def test_a_corrupt_state_folder(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").write_bytes(os.urandom(8192))
    result = emulator("start", "--port", "0", "--grpc-port", "0", "--state", str(tmp_path))
    assert result.returncode == 1
    assert "python -m emulator reset --state" in one_sentence(result)
    assert emulator("reset", "--state", str(tmp_path)).returncode == 0
    assert (tmp_path / "state.sqlite").stat().st_size == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--project", "X"), "is not a project id"),
        (("--port", "99999"), "is not a port"),
        (("--operations", "sometimes"), "is none of immediate, manual, delay:SECONDS"),
        (("--state", "/none", "--encrypt-at-rest", "/none/key"), "protects nothing"),
        (("--grpc-tls",), "are for a start with --tls"),
        (("--run-image", "image"), "is not of the form IMAGE=COMMAND"),
        (("--query-memory", "512"), "--query-memory 512 is too little: give 1024 MiB or more."),
        (("--run-image", "image=say 'hello"), "is not of the form IMAGE=COMMAND"),
        (("--run-image", "image=true", "--host", "0.0.0.0"), "--run-image is refused on 0.0.0.0"),  # noqa: S104
        (("--host", "0.0.0.0", "--iam", "off"), "--iam off is refused"),  # noqa: S104 the point of the test
    ],
)
def test_wrong_use_is_exit_code_2(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    result = emulator("start", "--state", str(tmp_path / "state"), *arguments)
    assert result.returncode == 2
    assert words in one_sentence(result)
    assert not (tmp_path / "state").exists()


def test_what_is_not_emulated_answers_501_with_the_methods_id(start_emulator: StartEmulator) -> None:
    running = start_emulator()
    path = "/storage/v1/b/any-bucket/anywhereCaches/any"
    answer = httpx.get(
        running.base_url + path, headers={"authorization": f"Bearer {running.owner_token}"}, timeout=PATIENCE
    )
    assert answer.status_code == 501
    assert answer.json()["error"]["message"] == "storage.anywhereCaches.get is not emulated."
    assert httpx.get(running.base_url + path, timeout=PATIENCE).status_code == 501
    fhir = f"/v1/projects/{running.project}/locations/us/datasets/d/fhirStores/f/fhir/Patient/p"
    assert httpx.get(running.base_url + fhir, timeout=PATIENCE).status_code == 401


def test_a_fault_that_could_never_strike_is_refused(start_emulator: StartEmulator) -> None:
    running = start_emulator()
    for fault, said in (
        ({"method": "pubsub.projects.topics.pubish", "code": 503}, "near it are pubsub.projects.topics.publish"),
        ({"method": "pubsub.projects.topics.publish", "code": 503, "time": 2}, 'no field "time"'),
        ({"code": 503}, "needs method"),
        ({"method": "pubsub.projects.topics.publish", "code": 42}, "from 400 to 599"),
        ({"method": "pubsub.projects.topics.publish", "code": 503, "count": 0}, "1 or more"),
        ({"method": "pubsub.projects.topics.publish", "code": 503, "call": 0}, "1 or more"),
        ({"method": "pubsub.projects.topics.publish", "delay": "nan"}, "from 0 to 3600 seconds"),
        ({"method": "pubsub.projects.topics.publish", "delay": "inf"}, "from 0 to 3600 seconds"),
        ({"method": "pubsub.projects.topics.publish"}, "would do nothing"),
    ):
        code, answer = running.request("POST", "/_emulator/faults", fault)
        assert (code, said in answer["error"]["message"]) == (400, True), answer
    fault = {"method": "pubsub.projects.topics.publish", "code": 503, "call": 2}
    assert running.request("POST", "/_emulator/faults", fault)[0] == 200
    [shown] = running.request("GET", "/_emulator/faults")[1]["faults"]
    assert (shown["method"], shown["code"], shown["first"], shown["calls"]) == (fault["method"], 503, 2, 0)
    assert running.request("DELETE", "/_emulator/faults")[0] == 200
    assert running.request("GET", "/_emulator/faults")[1] == {"faults": []}


def test_faults_strike_the_nth_call(start_emulator: StartEmulator) -> None:
    running = start_emulator()
    headers = {"authorization": f"Bearer {running.owner_token}"}
    fault = {"method": "cloudresourcemanager.projects.get", "code": 503, "call": 2}
    assert httpx.post(f"{running.base_url}/_emulator/faults", json=fault, timeout=PATIENCE).status_code == 403
    assert (
        httpx.post(f"{running.base_url}/_emulator/faults", json=fault, headers=headers, timeout=PATIENCE).status_code
        == 200
    )
    url = f"{running.base_url}/v1/projects/{running.project}"
    assert [httpx.get(url, headers=headers, timeout=PATIENCE).status_code for _ in range(3)] == [200, 503, 200]
    [shown] = running.request("GET", "/_emulator/faults")[1]["faults"]
    assert (shown["calls"], shown["struck"]) == (3, 1)


def test_reset_spares_a_folder_that_is_no_state(tmp_path: Path) -> None:
    film = tmp_path / "films" / "a.dcm"
    film.parent.mkdir()
    film.write_bytes(b"precious")
    result = emulator("reset", "--state", str(film.parent))
    assert result.returncode == 1
    assert "is no emulator's state; nothing was deleted" in one_sentence(result)
    assert film.read_bytes() == b"precious"


@pytest.mark.parametrize("detach", [(), ("--detach",)])
def test_a_state_folder_that_is_a_file(tmp_path: Path, detach: tuple[str, ...]) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    result = emulator("start", "--port", "0", "--grpc-port", "0", "--state", str(file), *detach)
    assert result.returncode == 1
    assert str(file) in one_sentence(result)


def test_an_operations_mode_that_is_none_is_refused(start_emulator: StartEmulator) -> None:
    running = start_emulator()
    headers = {"authorization": f"Bearer {running.owner_token}"}
    url = f"{running.base_url}/_emulator/operations"
    assert httpx.post(url, json={"mode": "delay:abc"}, headers=headers, timeout=PATIENCE).status_code == 400
    assert httpx.post(url, json={"mode": "delay:0.5"}, headers=headers, timeout=PATIENCE).status_code == 200
