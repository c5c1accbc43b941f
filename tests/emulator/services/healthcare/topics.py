"""What was published on a topic that has a subscription of the same name."""

from typing import Any

from tests.support.emulator import RunningEmulator


def pull(emulator: RunningEmulator, topic: str) -> list[dict[str, Any]]:
    """Give the messages that wait, and acknowledge them."""
    subscription = topic.replace("/topics/", "/subscriptions/")
    body = {"maxMessages": 100, "returnImmediately": True}
    code, answer = emulator.request("POST", f"/v1/{subscription}:pull", body)
    assert code == 200, answer
    received = answer.get("receivedMessages", [])
    if received:
        ids = [one["ackId"] for one in received]
        assert emulator.request("POST", f"/v1/{subscription}:acknowledge", {"ackIds": ids})[0] == 200
    return [one["message"] for one in received]
