"""Alerts of a stack that is up on an emulator: somebody changes a policy, and a topic is told."""

from __future__ import annotations

import base64
import json
import time

from tests.conftest import StartEmulator
from tests.people.standing import stand
from tests.support.patience import PATIENCE

PROJECT = "alerts-project"
TOPIC, SUBSCRIPTION = f"projects/{PROJECT}/topics/alerts", f"projects/{PROJECT}/subscriptions/alerts"


def test_a_changed_policy_is_told(start_emulator: StartEmulator) -> None:
    emulator = start_emulator(project=PROJECT)
    api = f"/v1/projects/{PROJECT}/services/pubsub.googleapis.com:enable"
    assert emulator.request("POST", api, {})[0] == 200
    assert emulator.request("PUT", f"/v1/{TOPIC}", {})[0] == 200
    assert emulator.request("PUT", f"/v1/{SUBSCRIPTION}", {"topic": TOPIC})[0] == 200
    channels = json.dumps(["email:security@example.org", f"pubsub:{TOPIC}"])
    stand(emulator, {"auditLogs": "true", "deletionProtection": "false", "alertChannels": channels})

    def told() -> bool:
        policy = emulator.request("GET", f"/v1/{TOPIC}:getIamPolicy")[1]
        assert emulator.request("POST", f"/v1/{TOPIC}:setIamPolicy", {"policy": policy})[0] == 200
        answer = emulator.request("POST", f"/v1/{SUBSCRIPTION}:pull", {"maxMessages": 100})[1]
        texts = [base64.b64decode(each["message"]["data"]).decode() for each in answer.get("receivedMessages", [])]
        return any("Somebody changed who may do what" in text for text in texts)

    deadline = time.monotonic() + PATIENCE
    while not told():
        assert time.monotonic() < deadline
