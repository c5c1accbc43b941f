"""The dial: what befalls calls follows from profile, seed and calls alone."""

import asyncio
from typing import Any

import pytest

from emulator.errors import ApiError
from emulator.state.clock import Clock
from emulator.state.trouble import choosing, profiles
from emulator.state.trouble.dial import Dial
from emulator.state.trouble.switch import Trouble
from tests.emulator.conftest import InProcess

SEARCH = "healthcare.projects.locations.datasets.fhirStores.fhir.search"
STORE = "projects/p/locations/us/datasets/d/fhirStores/f"
METHODS = (SEARCH, "healthcare.projects.locations.datasets.create", "pubsub.projects.topics.publish")


def dial(seed: int = 1, clock: Clock | None = None, **data: Any) -> Dial:
    """A dial of a profile that says this."""
    return Dial("mine", profiles.parse(data, METHODS), seed, clock or Clock())


def stopped() -> Clock:
    clock = Clock()
    clock.stop_at(1_800_000_000.0)
    return clock


async def struck(on: Dial, method: str = SEARCH, principal: str = "user:u", name: str = STORE) -> str:
    """What befalls a call: a code, "cut", or nothing."""
    try:
        return await on.strike(method, principal, name)
    except ApiError as error:
        return f"{error.code} {error.status}"


def run(on: Dial, count: int, **call: str) -> list[str]:
    async def calls() -> list[str]:
        return [await struck(on, **call) for _ in range(count)]

    return asyncio.run(calls())


MIXED: dict[str, Any] = {
    "refusals": [{"methods": ["*"], "share": 0.2, "kind": "unavailable"}],
    "cuts": [{"methods": ["*"], "share": 0.2, "at": "midway"}],
}


def test_the_same_seed_and_calls_have_the_same_trouble() -> None:
    first, again, other = (run(dial(seed, **MIXED), 200) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert set(first) == {"", "midway", "503 UNAVAILABLE"}
    assert 20 < first.count("503 UNAVAILABLE") < 60


def test_what_others_call_in_between_changes_nothing() -> None:
    alone, among = dial(**MIXED), dial(**MIXED)

    async def mixed() -> list[str]:
        found = []
        for _ in range(100):
            await struck(among, principal="user:other")
            found.append(await struck(among))
            await struck(among, method="pubsub.projects.topics.publish")
        return found

    assert asyncio.run(mixed()) == run(alone, 100)


def test_a_quota_is_of_a_minute_a_project_and_a_region_and_says_when_to_come_again() -> None:
    clock = stopped()
    on = dial(clock=clock, quotas=[{"name": "FHIR search operations", "methods": [SEARCH], "per_minute": 2}])
    assert run(on, 3) == ["", "", "429 RESOURCE_EXHAUSTED"]
    assert run(on, 1, name=STORE.replace("/us/", "/eu/")) == [""]
    with pytest.raises(ApiError, match="Quota exceeded for quota metric 'FHIR search operations'") as refused:
        asyncio.run(on.strike(SEARCH, "user:u", STORE))
    assert refused.value.retry_after == 60
    assert refused.value.details[1]["retryDelay"] == "60s"
    clock.stop_at(clock.seconds() + 60)
    assert run(on, 1) == [""]


def test_a_call_that_waits_goes_on_when_trouble_ends() -> None:
    trouble = Trouble(Clock())

    async def wait() -> str:
        slow = {"latency": [{"methods": ["*"], "p50": 3600, "p95": 3600, "p99": 3600}]}
        trouble.set({"profile": "calm", "change": slow}, METHODS)
        assert trouble.dial is not None
        call = asyncio.create_task(struck(trouble.dial))
        await asyncio.sleep(0)  # until it waits
        assert trouble.dial.counts["delays"] == 1
        trouble.clear()
        return await call

    assert asyncio.run(wait()) == ""
    assert trouble.dial is None


def test_a_wish_that_is_none_changes_nothing() -> None:
    trouble = Trouble(Clock())
    trouble.set({"profile": "calm", "seed": 3}, METHODS)
    for wish, words in (
        ({"profil": "calm"}, 'no "profil"'),
        ({"profile": "clam"}, "near it are calm"),
        ({"seed": -1}, "whole number"),
        ({"seed": True}, "whole number"),
        ({"change": []}, "an object"),
        ({"change": {"cut": []}}, "near it are cuts"),
    ):
        with pytest.raises(ApiError, match=words):
            trouble.set(wish, METHODS)
    assert (trouble.shown({})["profile"], trouble.shown({})["seed"]) == ("calm", 3)
    with pytest.raises(ApiError, match="limit"):
        trouble.shown({"limit": "x"})


def test_lags_are_those_of_a_place_and_follow_from_the_seed() -> None:
    data: dict[str, Any] = {"lags": {"grants": [10, 20], "fhir_search": [1, 5]}, "operations": [3, 9]}
    first, again, other = (dial(seed, **data) for seed in (1, 1, 2))
    assert first.index_lag("fhir_search", STORE) == again.index_lag("fhir_search", STORE)
    assert first.index_lag("fhir_search", STORE) != other.index_lag("fhir_search", STORE)
    assert first.index_lag("hl7v2_filter", STORE) == 0
    grants = [first.grant_lag("projects/p") for _ in range(5)]
    assert grants == [again.grant_lag("projects/p") for _ in range(5)]
    assert all(10 <= each <= 20 for each in grants)
    waits = [first.operation_seconds("import", STORE) for _ in range(5)]
    assert waits == [again.operation_seconds("import", STORE) for _ in range(5)]
    assert (len(set(waits)), min(waits) >= 3, max(waits) <= 9) == (5, True, True)


def test_the_policy_of_a_resource_that_is_gone_does_not_linger(in_process: InProcess) -> None:
    emulator, policies, place = in_process.emulator, in_process.emulator.policies, "projects/unit-project/topics/t"
    granted = {"bindings": [{"role": "roles/pubsub.viewer", "members": ["user:u@example.com"]}]}
    in_process.write(policies.set, place, granted)

    def may() -> bool:
        return policies.allows("user:u@example.com", "pubsub.topics.get", place)

    assert may()
    emulator.trouble.set({"change": {"lags": {"grants": [3600, 3600]}}}, emulator.method_ids)
    in_process.write(policies.set, place, {"bindings": []})
    assert may()  # taken away, which is late
    in_process.write(policies.delete, place)
    assert not may()


def test_each_profile_is_right_and_names_methods_that_there_are(in_process: InProcess) -> None:
    assert list(choosing.known()) == ["calm", "google", "bad-day"]
    for name in choosing.known():
        assert profiles.parse(choosing.require(name), in_process.emulator.method_ids).says
