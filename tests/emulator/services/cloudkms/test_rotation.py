"""What happens to keys by the clock: new primary versions, the end of destroyed ones; kill -9 changes nothing."""

import base64
from collections.abc import Callable

import pytest

from tests.conftest import PROJECT
from tests.support.asking import ask
from tests.support.emulator import RunningEmulator
from tests.support.keys import agent_of, make_key

BUCKET = "rotated"


@pytest.fixture
def own(start_emulator: Callable[..., RunningEmulator]) -> RunningEmulator:
    """An emulator whose clock stands still on the first of January."""
    running = start_emulator()
    move(running, "2027-01-01T00:00:00Z")
    return running


def move(emulator: RunningEmulator, time: str) -> None:
    """Let it be that time, and let happen what is due then."""
    assert emulator.request("POST", "/_emulator/clock", {"time": time, "stopped": True})[0] == 200
    assert emulator.request("POST", "/_emulator/chores")[0] == 200


def upload(emulator: RunningEmulator, name: str) -> str:
    """Upload an object to the bucket; the version that encrypts it."""
    path = f"/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={name}"
    return str(ask(emulator, "POST", path, {"an": "object"})["kmsKeyName"])


@pytest.fixture
def key(own: RunningEmulator) -> str:
    """The name of a key that gets a new version every 90 days, and encrypts a bucket."""
    name = make_key(own, "ring", agent_of(own, "storage"))
    rotation = {"rotationPeriod": "7776000s", "nextRotationTime": "2027-04-01T00:00:00Z"}
    ask(own, "PATCH", f"/v1/{name}?updateMask=rotationPeriod,nextRotationTime", rotation)
    body = {"name": BUCKET, "encryption": {"defaultKmsKeyName": name}}
    ask(own, "POST", f"/storage/v1/b?project={PROJECT}", body)
    return name


def test_new_objects_get_the_version_of_their_time(own: RunningEmulator, key: str) -> None:
    assert upload(own, "january") == f"{key}/cryptoKeyVersions/1"
    move(own, "2027-04-01T00:00:01Z")
    shown = ask(own, "GET", f"/v1/{key}")
    assert shown["primary"]["name"] == f"{key}/cryptoKeyVersions/2"
    assert shown["nextRotationTime"] == "2027-06-30T00:00:00Z"
    assert upload(own, "april") == f"{key}/cryptoKeyVersions/2"
    move(own, "2028-04-01T00:00:00Z")
    shown = ask(own, "GET", f"/v1/{key}")
    assert shown["primary"]["name"] == f"{key}/cryptoKeyVersions/3"
    assert shown["nextRotationTime"] == "2028-06-24T00:00:00Z"
    own.kill()
    own.start()
    assert ask(own, "GET", f"/v1/{key}")["primary"]["name"] == f"{key}/cryptoKeyVersions/3"
    assert ask(own, "GET", f"/storage/v1/b/{BUCKET}/o/january?alt=media") == {"an": "object"}


def test_a_destroyed_version_never_comes_back(own: RunningEmulator, key: str) -> None:
    upload(own, "scan")
    sealed = ask(own, "POST", f"/v1/{key}:encrypt", {"plaintext": base64.b64encode(b"x").decode()})
    version = f"/v1/{key}/cryptoKeyVersions/1"
    assert ask(own, "POST", f"{version}:destroy", {})["destroyTime"] == "2027-01-31T00:00:00Z"
    move(own, "2027-01-30T23:59:59Z")
    assert ask(own, "GET", version)["state"] == "DESTROY_SCHEDULED"
    move(own, "2027-01-31T00:00:00Z")
    gone = ask(own, "GET", version)
    assert (gone["state"], gone["destroyEventTime"]) == ("DESTROYED", "2027-01-31T00:00:00Z")
    for verb, path, body in (
        ("POST", f"{version}:restore", {}),
        ("PATCH", f"{version}?updateMask=state", {"state": "ENABLED"}),
        ("POST", f"/v1/{key}:decrypt", {"ciphertext": sealed["ciphertext"]}),
        ("GET", f"/storage/v1/b/{BUCKET}/o/scan?alt=media", None),
    ):
        assert own.request(verb, path, body)[0] == 400
    own.kill()
    own.start()
    assert ask(own, "GET", version)["state"] == "DESTROYED"
    assert own.request("GET", f"/storage/v1/b/{BUCKET}/o/scan?alt=media")[0] == 400


def test_what_comes_due_while_it_is_stopped_is_done_at_the_start(
    start_emulator: Callable[..., RunningEmulator],
) -> None:
    own = start_emulator()
    key = make_key(own, "ring")
    rotation = {"nextRotationTime": "2020-01-01T00:00:00Z"}
    ask(own, "PATCH", f"/v1/{key}?updateMask=nextRotationTime", rotation)
    own.kill()
    own.start()
    shown = ask(own, "GET", f"/v1/{key}")
    assert shown["primary"]["name"] == f"{key}/cryptoKeyVersions/2"
    assert "nextRotationTime" not in shown
