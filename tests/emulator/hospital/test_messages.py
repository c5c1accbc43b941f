"""The messages are HL7's: their structures fit HL7's own schema, and they say what the visit says."""

import json
from itertools import pairwise
from typing import Any

import pytest

from emulator.hl7v2.errors import MessageError
from emulator.hl7v2.message import Message
from emulator.hl7v2.schemas.layers import package_of
from emulator.hl7v2.schemas.schematizing import schematized
from emulator.hospital.messages import messages
from emulator.hospital.story import stories

TOLD = list(stories(1, 1, 30))
STRICT: dict[str, Any] = {"schematizedParsingType": "HARD_FAIL", "unexpectedSegmentHandling": "FAIL"}


def test_every_message_fits_hl7s_schema() -> None:
    for story in TOLD:
        for each in messages(story):
            message = Message.parse(each.data)
            (structure,) = json.loads(schematized(message, package_of(STRICT), "V3"))
            assert structure == message.component("MSH", 9, 3)
    with pytest.raises(MessageError):
        schematized(Message.parse(each.data + b"ZZZ|1\r"), package_of(STRICT), "V3")


def test_each_visit_is_an_arrival_an_order_a_result_and_a_discharge_of_who_stayed() -> None:
    for story in TOLD:
        sent = [Message.parse(each.data) for each in messages(story)]
        wanted = []
        for visit in story.visits:
            wanted += ["A01" if visit.admitted else "A04", "O23", "R01", *(["A03"] if visit.admitted else [])]
        assert [each.trigger for each in sent] == wanted
        times = [each.field("MSH", 7) for each in sent]
        assert all(one < other for one, other in pairwise(times))
        assert len({each.control_id for each in sent}) == len(sent)
        assert {kind for each in sent for kind in each.patient_ids()} == {(story.patient.id, "MR")}


def test_order_and_result_name_the_study() -> None:
    for story in TOLD:
        sent = [Message.parse(each.data) for each in messages(story)]
        orders = [each for each in sent if each.message_type == "OMI"]
        results = [each for each in sent if each.message_type == "ORU"]
        for visit, order, result in zip(story.visits, orders, results, strict=True):
            assert (order.field("IPC", 1), order.field("IPC", 3)) == (visit.accession, visit.study)
            for each in (order, result):
                assert each.component("OBR", 2) == visit.placer
                assert each.component("OBR", 3) == visit.accession
            assert result.component("OBX", 5) == visit.finding.code
            assert result.field("MSH", 18) == "UNICODE UTF-8"
