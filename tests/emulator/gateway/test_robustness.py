"""What a client, or somebody who is none, may send: an answer in the API's own form, at once, at steady memory."""

import http.client
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT, StartEmulator
from tests.emulator.conftest import InProcess
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

Names = Callable[[str], str]


def ask(
    emulator: RunningEmulator, method: str, path: str, headers: dict[str, str], body: bytes = b""
) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=PATIENCE)
    try:
        connection.putrequest(method, path, skip_host="host" in headers)
        for name, value in ({"authorization": f"Bearer {emulator.owner_token}"} | headers).items():
            connection.putheader(name, value)
        connection.putheader("content-length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.getheader("content-type", ""), answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://["}, {"origin": "http://localhost:x"}, {"host": "["}, {"host": "a:b:c"}, {"host": ""}],
    ids=str,
)
def test_a_header_that_can_t_be_read_harms_nobody(emulator: RunningEmulator, headers: dict[str, str]) -> None:
    assert ask(emulator, "GET", f"/v1/projects/{PROJECT}", headers)[0] in (200, 400)
    anonymous = headers | {"authorization": ""}
    assert ask(emulator, "GET", f"/storage/v1/b?project={PROJECT}", anonymous)[0] in (200, 400, 401)


def test_a_method_may_be_said_in_a_header(emulator: RunningEmulator, unique: Names) -> None:
    """X-HTTP-Method-Override over POST: with the body of the method that is meant."""
    topic = f"/v1/projects/{PROJECT}/topics/{unique('override')}"
    override = "x-http-method-override"
    kind = {"content-type": "application/json"}
    assert ask(emulator, "POST", topic, kind | {override: "PUT"}, b'{"labels": {"a": "1"}}')[0] == 200
    patch = json.dumps({"topic": {"labels": {"a": "2"}}, "updateMask": "labels"}).encode()
    status, _, body = ask(emulator, "POST", topic, kind | {override: "PATCH"}, patch)
    assert (status, json.loads(body)["labels"]) == (200, {"a": "2"})
    form = {"content-type": "application/x-www-form-urlencoded", override: "GET"}
    status, _, body = ask(emulator, "POST", f"/v1/projects/{PROJECT}/topics", form, b"pageSize=1")
    assert (status, len(json.loads(body)["topics"])) == (200, 1)
    assert ask(emulator, "POST", topic, {override: "DELETE"})[0] == 200
    assert ask(emulator, "POST", topic, {override: "GET"})[0] == 404
    assert ask(emulator, "POST", topic, {override: "NONSENSE"})[0] == 405
    status, _, body = ask(emulator, "POST", topic, form, b"x=" + b"1" * (1 << 20))
    assert (status, b"more than 1048576 bytes" in body) == (400, True)


DEEP = 6000


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"/storage/v1/b?project={PROJECT}&fields={'a(' * DEEP}b{')' * DEEP}", None),
        (f"/storage/v1/b/{{bucket}}/o?matchGlob={'{a,' * DEEP}b{'}' * DEEP}", None),
        (f"/v1/projects/{PROJECT}/locations/us/keyRings?filter={'(' * DEEP}a=1{')' * DEEP}", None),
        (f"/v1/projects/{PROJECT}/locations/us/keyRings?filter={'NOT%20' * DEEP}a=1", None),
        ("/v2/entries:list", {"resourceNames": [f"projects/{PROJECT}"], "filter": f"{'(' * DEEP}a{')' * DEEP}"}),
        ("/v2/entries:list", {"resourceNames": [f"projects/{PROJECT}"], "filter": f'a=~"{"(" * DEEP}a{")" * DEEP}"'}),
        ("/v2/entries:list", {"resourceNames": [f"projects/{PROJECT}"], "filter": "severity>=ERROR " * DEEP}),
        (
            f"/v2/projects/{PROJECT}/sinks",
            {"name": "s", "destination": "storage.googleapis.com/b", "filter": "(" * DEEP},
        ),
    ],
    ids=["fields", "glob", "filter", "not", "entries", "regex", "long", "sink"],
)
def test_what_is_nested_too_deeply_is_a_400(
    emulator: RunningEmulator, unique: Names, path: str, body: dict[str, Any] | None
) -> None:
    bucket = unique("deep")
    assert emulator.request("POST", f"/storage/v1/b?project={PROJECT}", {"name": bucket})[0] == 200
    http = "GET" if body is None else "POST"
    code, answer = emulator.request(http, path.replace("{bucket}", bucket), body)
    assert code == 400, answer


def test_a_batch_with_an_address_that_is_none(emulator: RunningEmulator) -> None:
    part = "--b\r\nContent-Type: application/http\r\n\r\nGET http://[::1/ HTTP/1.1\r\n\r\n\r\n--b--\r\n"
    kind = {"content-type": "multipart/mixed; boundary=b"}
    status, _, body = ask(emulator, "POST", "/batch/storage/v1", kind, part.encode())
    assert (status, b"400 Bad Request" in body) == (200, True)


def test_a_part_of_a_batch_may_say_its_method_in_a_header(emulator: RunningEmulator, unique: Names) -> None:
    bucket = unique("batched")
    assert emulator.request("POST", f"/storage/v1/b?project={PROJECT}", {"name": bucket})[0] == 200
    head = f"POST /storage/v1/b/{bucket} HTTP/1.1\r\nX-HTTP-Method-Override: PATCH\r\n"
    part = f'--b\r\nContent-Type: application/http\r\n\r\n{head}\r\n{{"labels": {{"a": "b"}}}}\r\n--b--\r\n'
    kind = {"content-type": "multipart/mixed; boundary=b"}
    assert b"200 OK" in ask(emulator, "POST", "/batch/storage/v1", kind, part.encode())[2]
    assert emulator.request("GET", f"/storage/v1/b/{bucket}")[1]["labels"] == {"a": "b"}


def test_an_encoded_slash_is_part_of_an_id(emulator: RunningEmulator, unique: Names) -> None:
    parent = f"projects/{PROJECT}/locations/us-central1"
    dataset = unique("slash")
    assert emulator.request("POST", f"/v1/{parent}/datasets?datasetId={dataset}", {})[0] == 200
    assert emulator.request("POST", f"/v1/{parent}/datasets/{dataset}/dicomStores?dicomStoreId=s", {})[0] == 200
    store = f"/v1/{parent}/datasets/{dataset}/dicomStores/s/dicomWeb"
    for path in ("studies/%2F", "studies/1%2f2/series/%2F/instances/%2F/rendered", "studies/%2F/metadata"):
        assert ask(emulator, "GET", f"{store}/{path}", {})[0] in (400, 404)
    assert emulator.request("GET", f"/v1/{parent}/datasets/{dataset}%2FdicomStores%2Fs")[0] == 404


@pytest.mark.parametrize("token", ["a.b.c", "nobody"])
def test_a_bad_token_is_told_in_the_form_of_the_api(emulator: RunningEmulator, unique: Names, token: str) -> None:
    bucket = unique("forms")
    assert emulator.request("POST", f"/storage/v1/b?project={PROJECT}", {"name": bucket})[0] == 200
    datasets = f"/bigquery/v2/projects/{PROJECT}/datasets"
    headers = {"authorization": f"Bearer {token}"}
    for path in ("/storage/v1/b/none", f"/v1/projects/{PROJECT}/topics/none", datasets):
        status, kind, body = ask(emulator, "GET", path, headers)
        assert (status, kind.partition(";")[0], json.loads(body)["error"]["code"]) == (401, "application/json", 401)
    status, kind, body = ask(emulator, "GET", f"/{bucket}/some-object", headers)
    assert (status, kind.partition(";")[0]) == (401, "application/xml")
    assert ET.fromstring(body).findtext("Code") == "AccessDenied"  # noqa: S314 - the emulator's own


def test_long_names_are_not_kept(in_process: InProcess) -> None:
    """Thousands of addresses of 60 kB, each another: what is remembered of them does not grow."""
    policies, router = in_process.emulator.policies, in_process.emulator.router
    router._find_cached.cache_clear()  # all emulators of a process share it
    for number in range(300):
        name = f"projects/unit-project/{'a/' * 30_000}{number}"
        assert not policies.allows("user:a@example.com", "pubsub.topics.get", name)
        router.find("GET", f"/v1/{name}")
    assert len(policies._known.decisions) < 50
    assert len(policies._known.bindings or {}) < 50
    assert router._find_cached.cache_info().currsize < 50


def test_the_state_is_its_owner_s_alone(start_emulator: StartEmulator, tmp_path: Path) -> None:
    """Also in a folder that was there, and open to all, before."""
    folder = tmp_path / "open"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    running = start_emulator(state=folder)
    path = f"/bigquery/v2/projects/{running.project}/queries"
    assert running.request("POST", path, {"query": "SELECT 1", "useLegacySql": False})[0] == 200
    assert running.request("POST", f"/storage/v1/b?project={running.project}", {"name": "a-bucket"})[0] == 200
    ask(running, "POST", "/upload/storage/v1/b/a-bucket/o?uploadType=media&name=x", {}, b"bytes")
    for path_ in (folder, *folder.rglob("*")):
        assert not path_.stat().st_mode & 0o077, path_
    with running.database() as database:
        assert database.execute("SELECT COUNT(*) FROM resources").fetchone()[0]


@pytest.mark.parametrize("ttl", ["us-central1", "86400", "1e99s", "nans", "s", "٣s"])
def test_a_duration_that_is_none_is_refused(emulator: RunningEmulator, unique: Names, ttl: str) -> None:
    parent = f"/v1/projects/{PROJECT}/locations/us-central1/datasets/{unique('durations')}"
    body: dict[str, Any] = {"defaultConsentTtl": ttl}
    code, answer = emulator.request("POST", f"{parent}/consentStores?consentStoreId=c", body)
    assert (code, "google.protobuf.Duration" in answer["error"]["message"]) == (400, True)
