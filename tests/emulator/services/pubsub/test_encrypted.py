"""Messages of topics with a key, where data are encrypted at rest."""

import base64
from collections.abc import Callable
from typing import Any

from tests.conftest import PROJECT
from tests.support.asking import ask
from tests.support.emulator import RunningEmulator
from tests.support.keys import agent_of, holding, make_key, rotate, set_state


def test_attributes_are_encrypted_as_data_are_and_filters_see_them(
    encrypting: RunningEmulator, unique: Callable[[str], str]
) -> None:
    key, word = make_key(encrypting, unique("ring"), agent_of(encrypting, "pubsub")), unique("canary")
    topic = f"projects/{PROJECT}/topics/{unique('topic')}"
    subscription = topic.replace("topics", "subscriptions")
    ask(encrypting, "PUT", f"/v1/{topic}", {"kmsKeyName": key})
    wish = {"topic": topic, "filter": f'attributes.patient = "{word}"', "retainAckedMessages": True}
    ask(encrypting, "PUT", f"/v1/{subscription}", wish)
    data = base64.b64encode(b"film").decode()
    for patient in (word, "another"):
        message = {"data": data, "attributes": {"patient": patient}}
        ask(encrypting, "POST", f"/v1/{topic}:publish", {"messages": [message]})

    def pulled() -> list[Any]:
        body = {"maxMessages": 10, "returnImmediately": True}
        received = ask(encrypting, "POST", f"/v1/{subscription}:pull", body).get("receivedMessages", [])
        if received:
            ids = [each["ackId"] for each in received]
            ask(encrypting, "POST", f"/v1/{subscription}:acknowledge", {"ackIds": ids})
        return [each["message"]["attributes"]["patient"] for each in received]

    assert holding(encrypting, word) == {"pubsub_links", "resources"}  # the filter of the subscription
    rotate(encrypting, key)
    assert pulled() == [word]
    ask(encrypting, "POST", f"/v1/{subscription}:seek", {"time": "2020-01-01T00:00:00Z"})
    set_state(encrypting, key, "DISABLED")
    assert pulled() == []
    ask(encrypting, "POST", f"/v1/{subscription}:seek", {"time": "2020-01-01T00:00:00Z"})
    set_state(encrypting, key, "ENABLED")
    ask(encrypting, "POST", f"/v1/{subscription}:seek", {"time": "2020-01-01T00:00:00Z"})
    assert pulled() == [word]
