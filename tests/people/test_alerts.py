"""Alerts of a stack that is up on an emulator: somebody changes a policy, and a topic is told."""

from __future__ import annotations

import base64

from tests.people.conftest import ALERTS, TOLD
from tests.people.standing import Standing
from tests.support.patience import eventually

_BURST = 21
"""One more than `deniedAlert` has by default."""


def test_a_changed_policy_is_told(standing: Standing) -> None:
    emulator = standing.emulator

    def told() -> bool:
        policy = emulator.request("GET", f"/v1/{ALERTS}:getIamPolicy")[1]
        assert emulator.request("POST", f"/v1/{ALERTS}:setIamPolicy", {"policy": policy})[0] == 200
        answer = emulator.request("POST", f"/v1/{TOLD}:pull", {"maxMessages": 100})[1]
        texts = [base64.b64decode(each["message"]["data"]).decode() for each in answer.get("receivedMessages", [])]
        return any("Somebody changed who may do what" in text for text in texts)

    eventually(told)


def test_a_burst_of_refusals_of_buckets_is_told(standing: Standing) -> None:
    emulator, outputs = standing.emulator, standing.outputs
    token = standing.token(outputs.reader_email)
    for _ in range(_BURST):
        assert emulator.request("DELETE", f"/storage/v1/b/{outputs.landing_bucket}", None, token)[0] == 403

    def told() -> bool:
        found = emulator.request("GET", "/_emulator/incidents")[1]["incidents"]
        bursts = [each for each in found if each["policy"]["displayName"].startswith("More than 20 refusals")]
        return any(each["resource"]["type"] == "gcs_bucket" for each in bursts)

    eventually(told)
