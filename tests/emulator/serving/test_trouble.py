"""/_emulator/trouble and --trouble: a cloud's trouble over HTTP, which the owner turns on and off."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from google.api_core.exceptions import ServiceUnavailable
from google.cloud import pubsub_v1

from tests.conftest import StartEmulator
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

TROUBLE = "/_emulator/trouble"
CLOCK = "/_emulator/clock"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Any:
    log = tmp_path_factory.mktemp("log") / "requests.jsonl"
    state = tmp_path_factory.mktemp("trouble") / "state"
    started = RunningEmulator(state, "test-project", ("--request-log", str(log))).start()
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def calm_again(running: RunningEmulator) -> Any:
    yield
    running.request("DELETE", TROUBLE)
    running.request("DELETE", CLOCK)


def ask(running: RunningEmulator, path: str, **body: Any) -> tuple[int, Any]:
    return running.request("POST" if body else "GET", path, body or None)


def turn_on(running: RunningEmulator, seed: int = 1, **change: Any) -> None:
    status, answer = running.request("POST", TROUBLE, {"profile": "calm", "seed": seed, "change": change})
    assert (status, answer["seed"]) == (200, seed), answer


def buckets(running: RunningEmulator) -> str:
    return f"/storage/v1/b?project={running.project}"


def test_the_same_seed_gives_two_emulators_the_same_trouble(running: RunningEmulator) -> None:
    seen = []
    for seed in (5, 5, 6):
        turn_on(running, seed, refusals=[{"methods": ["storage.*"], "share": 0.5, "kind": "unavailable"}])
        codes = [running.request("GET", buckets(running))[0] for _ in range(40)]
        shown = running.request("GET", f"{TROUBLE}?limit=40")[1]
        assert (shown["counts"]["calls"], shown["counts"]["unavailable"]) == (40, codes.count(503))
        seen.append((codes, shown["decisions"]))
    assert seen[0] == seen[1]
    assert seen[0] != seen[2]


def test_it_is_off_unless_set_and_the_owners_only(running: RunningEmulator) -> None:
    shown = running.request("GET", TROUBLE)[1]
    assert (shown["profile"], list(shown["profiles"])) == ("", ["calm", "google", "bad-day"])
    assert running.request("GET", TROUBLE, token="")[0] == 403
    status, answer = running.request("POST", TROUBLE, {"profile": "bad-dya"})
    assert (status, "near it are bad-day" in answer["error"]["message"]) == (400, True)


def test_a_connection_is_cut_after_the_effect(running: RunningEmulator) -> None:
    headers = {"authorization": f"Bearer {running.owner_token}"}
    for at, name in (("unanswered", "cut-one"), ("midway", "cut-two")):
        turn_on(running, cuts=[{"methods": ["storage.buckets.insert"], "share": 1, "at": at}])
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.post(running.base_url + buckets(running), json={"name": name}, headers=headers, timeout=PATIENCE)
        assert running.request("GET", f"/storage/v1/b/{name}")[0] == 200


def test_a_download_is_cut_in_the_middle(running: RunningEmulator) -> None:
    running.request("POST", buckets(running), {"name": "cut-media"})
    headers = {"authorization": f"Bearer {running.owner_token}"}
    upload = f"{running.base_url}/upload/storage/v1/b/cut-media/o?uploadType=media&name=o"
    assert httpx.post(upload, content=bytes(5 << 20), headers=headers, timeout=PATIENCE).status_code == 200
    turn_on(running, cuts=[{"methods": ["storage.objects.get"], "share": 1, "at": "midway"}])
    with pytest.raises(httpx.RemoteProtocolError) as broken:
        httpx.get(f"{running.base_url}/storage/v1/b/cut-media/o/o?alt=media", headers=headers, timeout=PATIENCE)
    [came] = re.findall(r"received (\d+) bytes", str(broken.value))
    assert 0 < int(came) < 5 << 20


def test_a_quota_answers_retry_after(running: RunningEmulator) -> None:
    running.request("POST", CLOCK, {"time": "2026-01-31T12:00:30Z", "stopped": True})
    method = "healthcare.projects.locations.datasets.list"
    turn_on(running, quotas=[{"name": "Dataset operations", "methods": [method], "per_minute": 1}])
    url = f"{running.base_url}/v1/projects/{running.project}/locations/us/datasets"
    headers = {"authorization": f"Bearer {running.owner_token}"}
    assert httpx.get(url, headers=headers, timeout=PATIENCE).status_code == 200
    refused = httpx.get(url, headers=headers, timeout=PATIENCE)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
    assert refused.json()["error"]["status"] == "RESOURCE_EXHAUSTED"
    running.request("POST", CLOCK, {"seconds": 30})
    assert httpx.get(url, headers=headers, timeout=PATIENCE).status_code == 200


def test_fhir_tells_of_trouble_as_operation_outcome(running: RunningEmulator) -> None:
    datasets = f"/v1/projects/{running.project}/locations/us/datasets"
    running.request("POST", f"{datasets}?datasetId=outcomes", {})
    running.request("POST", f"{datasets}/outcomes/fhirStores?fhirStoreId=f", {"version": "R4"})
    url = f"{running.base_url}{datasets}/outcomes/fhirStores/f/fhir"
    headers = {"authorization": f"Bearer {running.owner_token}", "content-type": "application/fhir+json"}
    methods = ["healthcare.projects.locations.datasets.fhirStores.fhir.*"]
    turn_on(
        running,
        refusals=[{"methods": [f"{methods[0][:-1]}executeBundle"], "share": 1, "kind": "contention"}],
        quotas=[{"name": "FHIR read operations", "methods": [f"{methods[0][:-1]}read"], "per_minute": 1}],
    )
    bundle = {"resourceType": "Bundle", "type": "transaction"}
    contended = httpx.post(url, json=bundle, headers=headers, timeout=PATIENCE)
    [issue] = contended.json()["issue"]
    assert (contended.status_code, issue["code"], issue["details"]["text"]) == (
        429,
        "too-costly",
        "operation_too_costly",
    )
    assert issue["diagnostics"] == (  # Google's page "Data ingestion throughput best practices"
        "aborted due to cumulative heavy load or lock contention in this project while executing transactional bundle, "
        "please see https://cloud.google.com/healthcare-api/docs/troubleshooting#fhir_transaction_bundle_heavy_load "
        "for more information"
    )
    running.request("POST", CLOCK, {"stopped": True})
    allowed = httpx.get(f"{url}/Patient/p", headers=headers, timeout=PATIENCE)
    assert allowed.status_code == 404, allowed.text
    refused = httpx.get(f"{url}/Patient/p", headers=headers, timeout=PATIENCE)
    assert (refused.status_code, refused.json()["resourceType"]) == (429, "OperationOutcome")
    assert 1 <= int(refused.headers["retry-after"]) <= 60


def test_a_cut_call_of_grpc_is_unavailable_and_was_done(
    running: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", running.grpc_address)
    name = f"projects/{running.project}/topics/cut"
    turn_on(running, cuts=[{"methods": ["pubsub.projects.topics.create"], "share": 1, "at": "unanswered"}])
    client = pubsub_v1.PublisherClient()
    with pytest.raises(ServiceUnavailable):
        client.create_topic(name=name, retry=None, timeout=PATIENCE)
    client.transport.close()
    assert running.request("GET", f"/v1/{name}")[0] == 200


def test_a_profile_is_on_from_the_start_and_after_a_reset(start_emulator: StartEmulator) -> None:
    running = start_emulator("--trouble", "google:7")
    for _ in range(2):
        shown = running.request("GET", TROUBLE)[1]
        assert (shown["profile"], shown["seed"]) == ("google", 7)
        running.request("POST", "/_emulator/reset")


def test_what_was_acknowledged_on_a_bad_day_is_there_after_a_crash(running: RunningEmulator) -> None:
    running.request("POST", buckets(running), {"name": "bad-day"})
    headers = {"authorization": f"Bearer {running.owner_token}"}
    quick = {"latency": [], "refusals": [{"methods": ["*"], "share": 0.3, "kind": "unavailable"}]}
    running.request("POST", TROUBLE, {"profile": "bad-day", "seed": 9, "change": quick})
    acknowledged, unanswered = [], 0
    for number in range(60):
        url = f"{running.base_url}/upload/storage/v1/b/bad-day/o?uploadType=media&name={number}"
        try:
            status = httpx.post(url, content=b"x", headers=headers, timeout=PATIENCE).status_code
        except httpx.RemoteProtocolError:
            unanswered += 1
            continue
        if status == 200:
            acknowledged.append(str(number))
    running.kill()
    running.start()
    listed = running.request("GET", "/storage/v1/b/bad-day/o")[1]["items"]
    kept = {each["name"] for each in listed}
    assert (set(acknowledged) <= kept, len(kept)) == (True, len(acknowledged) + unanswered)
    assert 0 < len(acknowledged) < 60


def test_every_request_is_told_to_a_file(running: RunningEmulator) -> None:
    running.request("GET", buckets(running))
    number = running.request("GET", "/_emulator/requests")[1]["requests"][-1]["number"]
    running.request("GET", "/storage/v1/b/doe-john")
    [shown] = running.request("GET", f"/_emulator/requests?after={number}")[1]["requests"]
    path = Path(running.options[1])
    running.stop()
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    assert lines[-1] == shown
    assert b"doe-john" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    running.start()


def test_a_log_that_can_not_be_written_is_told_at_once(tmp_path: Path) -> None:
    started = RunningEmulator(tmp_path / "state", "test-project", ("--request-log", str(tmp_path / "no" / "log")))
    with pytest.raises(Exception, match=r"request log .* can't be written: No such file"):
        started.start()
    assert not started.state.exists()
