"""What Pub/Sub is told of HL7v2 messages."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.emulator.hl7v2.samples import ADMISSION, GOOGLE
from tests.emulator.services.healthcare.hl7v2.conftest import Hl7V2Store
from tests.emulator.services.healthcare.topics import pull
from tests.support.emulator import RunningEmulator

Make = Callable[..., Hl7V2Store]


def told(emulator: RunningEmulator, topic: str) -> list[tuple[str, dict[str, str]]]:
    """The data and the attributes of what was published."""
    messages = pull(emulator, topic)
    return [(base64.b64decode(each["data"]).decode(), each["attributes"]) for each in messages]


def test_created_and_ingested_messages_are_told_by_name(
    emulator: RunningEmulator, make_hl7v2: Make, topic: str
) -> None:
    store = make_hl7v2(notificationConfigs=[{"pubsubTopic": topic}])
    names = [store.create(GOOGLE)["name"], store.ingest(ADMISSION)[1]["name"]]
    store.ingest(ADMISSION)
    store.messages.patch(name=names[0], updateMask="labels", body={"labels": {"a": "b"}}).execute()
    store.messages.delete(name=names[0]).execute()
    assert told(emulator, topic) == [
        (names[0], {"msgType": "TYPE", "publish": "true"}),
        (names[1], {"msgType": "ADT"}),
    ]


def test_filters_say_which_messages_are_told(emulator: RunningEmulator, make_hl7v2: Make, topic: str) -> None:
    text = 'message_type = "ADT" AND PatientId("PATID1234", "MR") AND labels."told":*'
    store = make_hl7v2(notificationConfigs=[{"pubsubTopic": topic, "filter": text}])
    store.create(GOOGLE, labels={"told": "yes"})
    name = store.create(ADMISSION, labels={"told": "yes"})["name"]
    assert told(emulator, topic) == [(name, {"msgType": "ADT", "publish": "true"})]


def test_older_config_tells_of_all(
    emulator: RunningEmulator, google_api: Callable[[str, str], Any], make_hl7v2: Make, topic: str
) -> None:
    store = make_hl7v2(client=google_api("healthcare", "v1beta1"), notificationConfig={"pubsubTopic": topic})
    created, (_, ingested) = store.create(GOOGLE)["name"], store.ingest(ADMISSION)
    assert told(emulator, topic) == [
        (created, {"msgType": "TYPE", "publish": "true"}),
        (ingested["name"], {"msgType": "ADT"}),
    ]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"pubsubTopic": "films"}, "pubsubTopic"),
        ({"pubsubTopic": "projects/p/topics/t", "filter": "message_type != ADT"}, "write NOT"),
    ],
)
def test_config_that_cant_be_read_is_a_400_that_says_why(make_hl7v2: Make, config: dict[str, str], words: str) -> None:
    with pytest.raises(HttpError, match=words) as refused:
        make_hl7v2(notificationConfigs=[config])
    assert refused.value.resp.status == 400
