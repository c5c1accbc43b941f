"""Data in base64: read by their content type, cleaned, written back, described anew."""

import base64
import hashlib
import json

import pytest

from emulator.deidentify.fhir import Action
from emulator.deidentify.fhir.rules import basic
from emulator.deidentify.text import Known
from tests.emulator.deidentify.fhir.making import SECRET, Json, deidentifier, rule

KNOWN = Known.of([("PERSON_NAME", "Peter Wall"), ("MEDICAL_RECORD_NUMBER", "4711123")])


def cleaned(content_type: str, data: bytes, **more: object) -> Json:
    """The attachment that is left of one of a DocumentReference."""
    attachment = {"contentType": content_type, "data": base64.b64encode(data).decode(), **more}
    document = {"resourceType": "DocumentReference", "status": "current", "content": [{"attachment": attachment}]}
    done = deidentifier(*basic()).resource(document, KNOWN, "p")
    assert done.problems == ()
    found: Json = done.resource["content"][0]["attachment"]
    return found


def text(attachment: Json) -> str:
    return base64.b64decode(attachment["data"]).decode()


@pytest.mark.parametrize(
    ("content_type", "before", "after"),
    [
        ("text/plain", "Seen: Wall, Peter.", "Seen: [PERSON_NAME]."),
        ("text/plain; charset=utf-8", "Wall ☺ ok", "[PERSON_NAME] ☺ ok"),
        ("", "Wall", "[PERSON_NAME]"),
        ("text/html", "<p class='a'>Pe<b>ter</b> Wall</p>", '<p class="a">[PERSON_NAME]<b></b></p>'),
        ("application/json", '{"a":["Wall",1]}', '{"a":["[PERSON_NAME]",1]}'),
        (
            "application/json",
            '{"Wall":{"id":4711123,"n":1,"x":null,"y":true}}',
            '{"[PERSON_NAME]":{"id":"[MEDICAL_RECORD_NUMBER]","n":1,"x":null,"y":true}}',
        ),
        ("application/json", "Wall {", "[PERSON_NAME] {"),
        ("text/plain", "<p>W&#97;ll, <i>Pe</i>ter</p>", "<p>[PERSON_NAME]<i></i></p>"),
        ("", '<?xml version="1.0"?><note who="Wall">Wall</note>', "<note>[PERSON_NAME]</note>"),
        ("text/plain", ' {"a":"W\\u0061ll"}', '{"a":"[PERSON_NAME]"}'),
        ("text/plain", "[Draft] of Wall", "[Draft] of [PERSON_NAME]"),
        ("text/plain", "FEV1 <70 of Wall", "FEV1 <70 of [PERSON_NAME]"),
        ("application/rtf", "{\\rtf1 Pe{\\b ter} W\\'61ll\\par ok}", "{\\rtf1\\ansi\\uc1 [PERSON_NAME]\\par\nok}"),
        ("text/plain", "{\\rtf1{\\info{\\author Wall}}ok}", "{\\rtf1\\ansi\\uc1 ok}"),
    ],
)
def test_notes_are_cleaned(content_type: str, before: str, after: str) -> None:
    assert text(cleaned(content_type, before.encode())) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("text/plain; name=Wall.txt", "text/plain"),
        ('text/plain;charset="utf-8"; name=Wall', 'text/plain;charset="utf-8"'),
        ("text/plain; format=flowed; charset=utf-8", "text/plain; charset=utf-8"),
        ("text/plain", "text/plain"),
    ],
)
def test_a_content_type_says_what_it_is_and_no_file_s_name(before: str, after: str) -> None:
    assert cleaned(before, b"ok")["contentType"] == after


def test_a_note_in_another_character_set() -> None:
    found = cleaned("text/plain; charset=iso-8859-1", "Müller und Wall".encode("latin-1"))
    assert base64.b64decode(found["data"]).decode("latin-1") == "Müller und [PERSON_NAME]"


def test_a_resource_in_an_attachment_is_de_identified_as_one() -> None:
    patient = {"resourceType": "Patient", "id": "p", "name": [{"family": "Other"}], "gender": "male"}
    found = json.loads(text(cleaned("application/fhir+json", json.dumps(patient).encode())))
    assert found == {"resourceType": "Patient", "id": SECRET.identifier("p"), "gender": "male"}


@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        ("application/pdf", b"%PDF-1.4 Wall"),
        ("text/plain", b"%PDF-1.4 (W\\141ll)"),
        ("image/png", b"\x89PNG"),
        ("text/plain", b"\xff\xfe"),
        ("", b"\x00\x01"),
    ],
)
def test_what_is_no_text_goes(content_type: str, data: bytes) -> None:
    assert "data" not in cleaned(content_type, data)


def test_size_and_hash_are_those_of_the_new_data() -> None:
    old = base64.b64encode(hashlib.sha1(b"Wall").digest()).decode()  # noqa: S324  FHIR's own
    found = cleaned("text/plain", b"Wall", size=4, hash=old)
    raw = base64.b64decode(found["data"])
    assert found["size"] == len(raw) == len("[PERSON_NAME]")
    assert found["hash"] == base64.b64encode(hashlib.sha1(raw).digest()).decode()  # noqa: S324  as above
    same = cleaned("text/plain", b"fine", size=4, hash=old)
    assert (same["size"], same["hash"]) == (4, old)


def test_binaries() -> None:
    binary = {"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": "V2FsbA=="}
    done = deidentifier(rule(Action.CLEAN, "Base64Binary"))
    assert text(done.resource(binary, KNOWN, "p").resource) == "[PERSON_NAME]"
    assert deidentifier().resource(binary, KNOWN, "p").resource == binary
