"""Stores that schematize their messages (Cloud Healthcare: ParserConfig.schema)."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.emulator.hl7v2.samples import GOOGLE, RESULT
from tests.emulator.services.healthcare.hl7v2.conftest import Hl7V2Store

Make = Callable[..., Hl7V2Store]


def config(**schema: Any) -> dict[str, Any]:
    """A parserConfig with a schema."""
    return {"version": "V2", "schema": schema}


def test_message_is_shown_by_hl7s_own_schema(make_hl7v2: Make) -> None:
    store = make_hl7v2(parserConfig=config(schematizedParsingType="HARD_FAIL"))
    _, message = store.ingest(RESULT)
    assert message["schematizedData"].keys() == {"data"}
    shown = json.loads(message["schematizedData"]["data"])
    assert shown["ORU_R01"]["PATIENT_RESULT"][0]["PATIENT"]["PID"]["3"][0]["1"] == "PATID5421"
    assert store.get(message["name"]) == message
    assert store.get(message["name"], view="SCHEMATIZED_ONLY").keys() == message.keys() - {"data", "parsedData"}
    assert "schematizedData" not in store.get(message["name"], view="RAW_ONLY")


def test_soft_fail_keeps_the_message_with_an_error(make_hl7v2: Make) -> None:
    store = make_hl7v2(parserConfig=config())
    ack, message = store.ingest(GOOGLE)
    assert b"MSA|AA|" in ack
    assert message["schematizedData"] == {"error": "there is no schema for messages of type TYPE_A."}


def test_hard_fail_refuses_the_message(make_hl7v2: Make) -> None:
    store = make_hl7v2(parserConfig=config(schematizedParsingType="HARD_FAIL"))
    for receive in (store.create, store.ingest):
        with pytest.raises(HttpError, match="there is no schema for messages of type TYPE_A") as refused:
            receive(GOOGLE)
        assert refused.value.resp.status == 400
    assert store.list() == []


def test_client_adds_a_segment_of_its_own(make_hl7v2: Make) -> None:
    members = [{"segment": {"type": name, "minOccurs": 1, "maxOccurs": 1}} for name in ("MSH", "EVN", "PID", "ZCD")]
    schemas = [{"messageSchemaConfigs": {"TYPE_A": {"name": "TYPE_A", "members": members}}}]
    types = [{"type": [{"name": "ZCD", "primitive": "VARIES"}]}]
    store = make_hl7v2(parserConfig=config(schemas=schemas, types=types, ignoreMinOccurs=True))
    data = store.create(GOOGLE + b"\rZCD|1^2")["schematizedData"]["data"]
    assert json.loads(data)["TYPE_A"]["ZCD"] == {"0": "ZCD", "1": [{"1": {"1": "1"}, "2": {"1": "2"}}]}


def test_schema_of_later_counts_for_later_messages(make_hl7v2: Make) -> None:
    store = make_hl7v2(parserConfig={"version": "V2"})
    first = store.create(RESULT)
    body = {"parserConfig": {"schema": {"ignoreMinOccurs": True}}}
    store.stores.patch(name=store.name, updateMask="parserConfig.schema", body=body).execute()
    second = store.create(RESULT.replace(b"|T|2.5.1", b"|P|2.5.1"))
    assert "schematizedData" not in store.get(first["name"])
    assert "data" in second["schematizedData"]


def test_message_is_answered_as_it_is_stored(make_hl7v2: Make) -> None:
    """A duplicate is the first message's resource (Hl7V2Store.rejectDuplicateMessage: "only one resource")."""
    store = make_hl7v2(parserConfig={"version": "V2"})
    first = store.create(RESULT)
    body = {"parserConfig": {"schema": {"ignoreMinOccurs": True}}}
    store.stores.patch(name=store.name, updateMask="parserConfig.schema", body=body).execute()
    assert store.create(RESULT) == store.ingest(RESULT)[1] == store.get(first["name"]) == first


def test_deleted_message_that_comes_again_is_read_anew(make_hl7v2: Make) -> None:
    line_feed = base64.b64encode(b"\n").decode()  # by which a message is one segment that is ended by a carriage return
    store = make_hl7v2(parserConfig={"version": "V2", "segmentTerminator": line_feed})
    first = store.create(RESULT)
    assert "patientIds" not in first
    store.messages.delete(name=first["name"]).execute()
    body = {"parserConfig": {"schema": {"ignoreMinOccurs": True}}}
    mask = "parserConfig.schema,parserConfig.segmentTerminator"
    store.stores.patch(name=store.name, updateMask=mask, body=body).execute()
    again = store.create(RESULT)
    assert again["name"] == first["name"]
    assert "data" in again["schematizedData"]
    assert store.get(again["name"]) == again
    assert store.list(filter='PatientId("PATID5421", "MR")') == [{"name": again["name"]}]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"schemas": [{"version": [{"mshField": "x", "value": "y"}]}]}, "mshField"),
        ({"schematizedParsingType": "FAIL"}, "schematizedParsingType"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_schema_that_cant_be_read_is_a_400_that_says_why(make_hl7v2: Make, schema: dict[str, Any], words: str) -> None:
    with pytest.raises(HttpError, match=words) as refused:
        make_hl7v2(parserConfig=config(**schema))
    assert refused.value.resp.status == 400
