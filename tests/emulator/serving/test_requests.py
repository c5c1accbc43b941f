"""/_emulator/requests and /_emulator/clock: what was asked of an emulator, naming nobody, and what time it is."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from emulator.errors import ApiError
from emulator.state.calls import Calls
from emulator.state.clock import Clock
from tests.conftest import StartEmulator
from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator

REQUESTS = "/_emulator/requests"
CLOCK = "/_emulator/clock"


def shown(running: RunningEmulator, **filters: str) -> list[dict[str, Any]]:
    status, answer = running.request("GET", f"{REQUESTS}?{httpx.QueryParams(filters)}")
    assert status == 200, answer
    found: list[dict[str, Any]] = answer["requests"]
    return found


def test_each_request_says_method_principal_decision_status_and_time(running: RunningEmulator) -> None:
    last = len(shown(running))
    running.request("GET", f"/v1/projects/{running.project}/topics")
    call = shown(running, after=str(last))[0]
    assert call.pop("milliseconds") > 0
    assert call.pop("time").endswith("Z")
    assert call == {
        "number": last + 1,
        "method": "pubsub.projects.topics.list",
        "principal": "user:owner@test-project.example",
        "permission": "pubsub.topics.list",
        "decision": "granted",
        "status": 200,
    }


def test_what_is_denied_unknown_or_of_nobody_is_kept_too(running: RunningEmulator) -> None:
    account = make_account(running, "nobody-in-particular")
    last = shown(running)[-1]["number"]
    running.request("GET", f"/storage/v1/b?project={running.project}", token=account.token)
    running.request("GET", "/v1/projects/p/locations/l/datasets", token="no-token")
    running.request("GET", "/v1/no/such/path")
    kept = [(c["method"], c["principal"], c["decision"], c["status"]) for c in shown(running, after=str(last))]
    assert kept == [
        ("storage.buckets.list", account.member, "denied", 403),
        ("healthcare.projects.locations.datasets.list", "", "none", 401),
        ("", "", "none", 404),
    ]
    assert [c["number"] for c in shown(running, decision="denied", status="4xx")] == [last + 1]
    assert shown(running, principal=account.member, status="200") == []
    assert [c["status"] for c in shown(running, after=str(last), limit="1")] == [404]


def test_nothing_of_addresses_is_kept(running: RunningEmulator) -> None:
    running.request("GET", "/storage/v1/b/doe-john/o/mrn-12345?generation=1700000000000777")
    running.request("GET", "/v1/doe/john?PatientName=Doe")
    assert all(word not in str(shown(running)).lower() for word in ("doe", "john", "mrn", "1700000000000777"))


@pytest.mark.parametrize("query", ["pat=1", "after=x", "limit=-1", "decision=maybe"])
def test_a_filter_that_is_none_is_refused(running: RunningEmulator, query: str) -> None:
    assert running.request("GET", f"{REQUESTS}?{query}")[0] == 400


@pytest.mark.parametrize("path", [REQUESTS, CLOCK])
def test_only_the_owner_may(running: RunningEmulator, path: str) -> None:
    assert running.request("GET", path, token="")[0] == 403


def test_the_oldest_make_room() -> None:
    calls = Calls(Clock(), kept=2)
    for method in ("a", "b", "c"):
        calls.add(method, "user:u", "", "none", 200, 0.001)
    assert [(call["number"], call["method"]) for call in calls.shown({})] == [(2, "b"), (3, "c")]
    with pytest.raises(ApiError, match="no filter"):
        calls.shown({"name": "x"})


def test_the_clock_stops_moves_and_goes_on(running: RunningEmulator) -> None:
    noon = {"time": "2026-01-31T12:00:00.000000Z", "stopped": True}
    assert running.request("POST", CLOCK, {"time": "2026-01-31T12:00:00Z", "stopped": True}) == (200, noon)
    running.request("POST", f"/storage/v1/b?project={running.project}", {"name": "at-noon"})
    assert running.request("GET", "/storage/v1/b/at-noon")[1]["timeCreated"].startswith("2026-01-31T12:00:00")
    moved = running.request("POST", CLOCK, {"seconds": 3600})[1]
    assert moved == {"time": "2026-01-31T13:00:00.000000Z", "stopped": True}
    going = running.request("POST", CLOCK, {"stopped": False})[1]
    assert not going["stopped"]
    assert going["time"].startswith("2026-01-31T13:0")
    year = time.gmtime().tm_year
    assert running.request("DELETE", CLOCK)[1]["time"][:4] in (str(year), str(year + 1))


@pytest.mark.parametrize(
    "wish", [{"time": "noon"}, {"time": "2026-01-31T12:00:00"}, {"seconds": "1"}, {"seconds": 1e15}, {"at": 1}]
)
def test_a_time_that_is_none_is_refused(running: RunningEmulator, wish: dict[str, Any]) -> None:
    assert running.request("POST", CLOCK, wish)[0] == 400


def test_a_renewed_emulator_has_seen_nothing_and_goes_by_the_wall_clock(start_emulator: StartEmulator) -> None:
    running = start_emulator()
    running.request("POST", CLOCK, {"stopped": True})
    running.request("GET", f"/storage/v1/b?project={running.project}")
    running.request("POST", "/_emulator/reset")
    assert shown(running) == []
    assert not running.request("GET", CLOCK)[1]["stopped"]
