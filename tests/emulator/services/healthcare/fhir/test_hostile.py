"""What bad input gets: an OperationOutcome with the right status, and nothing half done."""

import pytest
import requests

from tests.emulator.services.healthcare.fhir.conftest import FHIR, PATIENT, FhirStore, Json, issue, observation
from tests.emulator.services.healthcare.fhir.test_bundles import bundle, entry

PATCH = "application/json-patch+json"


def count(store: FhirStore) -> int:
    total: int = store.read("?_total=accurate&_count=1")["total"]
    return total


def test_no_such_store(fhir: FhirStore) -> None:
    answer = fhir.session.get(f"{fhir.url.replace(fhir.name, fhir.name + '-not')}/Patient/p")
    assert issue(answer)[:3] == (404, "not-found", "store_not_found")


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("POST", "Spaceship"),
        ("GET", "Spaceship/1"),
        ("GET", "Spaceship?x=1"),
        ("PUT", "Spaceship/1"),
        ("GET", "patient/1"),
    ],
)
def test_no_such_type(fhir: FhirStore, verb: str, path: str) -> None:
    # google-api-go-client issue 522: "unsupported resource type: fhir"
    expected = (400, "not-supported", "bad_resource_type", f"unsupported resource type: {path[:9].rstrip('/1')}")
    assert issue(fhir.send(verb, path, {"resourceType": "Spaceship"} if verb != "GET" else None)) == expected


@pytest.mark.parametrize("identifier", ["$expand", "a_b", "x" * 65, "%F0%9F%9A%80", "a%2Fb"])
def test_no_id(fhir: FhirStore, identifier: str) -> None:
    status, _, _, sentence = issue(fhir.send("GET", f"Patient/{identifier}"))
    assert status == 400
    assert sentence.startswith("invalid ID '")


@pytest.mark.parametrize(
    "version", ["1", "MTY4MzA2MDQzOTI5NjIxMDAwMA", "%00", "x" * 2000, "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ"]
)
def test_no_such_version_of_a_resource(fhir: FhirStore, version: str) -> None:
    made = fhir.create(PATIENT)
    assert issue(fhir.send("GET", f"Patient/{made['id']}/_history/{version}"))[0] in (400, 404)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "invalid JSON"),
        (b"{", "invalid JSON"),
        (b"[]", "invalid JSON: a resource is an object"),
        (b"null", "invalid JSON: a resource is an object"),
        (b'{"resourceType": "Patient", "gender": "male", "gender": "female"}', 'the key "gender" occurs twice'),
        (b'{"resourceType": "Patient", "language": "\xff"}', "byte 41 is not UTF-8"),
        (b'{"resourceType": "Patient", "contact": ' + b"[" * 1000 + b"]" * 1000 + b"}", "maximum nesting depth"),
        (b'{"resourceType": "Patient", "multipleBirthInteger": NaN}', "invalid JSON"),
        (b'{"gender": "male"}', "resourceType"),
        (b'{"resourceType": 7}', "invalid resource type"),
        (b'{"resourceType": "Patient", "shoe": 7}', 'error at "Patient": unknown field'),
        (b'{"resourceType": "Patient", "gender": "zzz"}', 'error at "Patient.gender": code type mismatch'),
        (b'{"resourceType": "Patient", "id": "a b"}', 'error at "Patient.id"'),
        (b'{"resourceType": "Patient", "meta": []}', 'error at "Patient.meta"'),
    ],
)
def test_no_resource(fhir: FhirStore, body: bytes, sentence: str) -> None:
    status, code, text, diagnostics = issue(fhir.send("POST", "Patient", body))
    assert (status, code, text) == (400, "structure", "unparseable_resource")
    assert sentence in diagnostics
    assert count(fhir) == 0


def test_a_resource_over_its_limit(fhir: FhirStore) -> None:
    limit = 10 << 20
    head, tail = b'{"resourceType":"Basic","code":{"text":"', b'"}}'
    body = head + b"x" * (limit - len(head) - len(tail)) + tail
    assert issue(fhir.send("POST", "Basic", body[:-3] + b"x" + tail))[:2] == (413, "too-long")
    assert count(fhir) == 0


def test_a_bundle_over_its_limit(fhir: FhirStore) -> None:
    body = b'{"resourceType":"Bundle","type":"batch","entry":[]}' + b" " * (50 << 20)
    assert issue(fhir.send("POST", "", body))[:2] == (413, "too-long")


@pytest.mark.parametrize("media", ["application/fhir+xml", "text/html", "application/x-www-form-urlencoded"])
def test_a_body_of_another_kind(fhir: FhirStore, media: str) -> None:
    assert issue(fhir.send("POST", "Patient", b"<Patient/>", Content_Type=media))[0] == 415
    assert issue(fhir.send("PATCH", "Patient/p", b"<diff/>", Content_Type=media))[0] == 415


@pytest.mark.parametrize("path", ["Patient/p", "Patient?name=x", "metadata"])
def test_an_answer_of_another_kind(fhir: FhirStore, path: str) -> None:
    fhir.put({**PATIENT, "id": "p"})
    assert issue(fhir.send("GET", path, Accept="application/fhir+xml"))[0] == 406
    parameter = "&_format=xml" if "?" in path else "?_format=xml"
    assert issue(fhir.send("GET", path + parameter))[0] == 406


def test_a_deletion_takes_no_parameters(fhir: FhirStore) -> None:
    # What a user of Google's stores was told when fhirpy sent _format with deletions (fhir-py, "delete resource doesn't
    # work"); an error in the JSON of Google's other APIs.
    fhir.put({**PATIENT, "id": "p"})
    answer = fhir.send("DELETE", "Patient/p?_format=json")
    sentence = (
        'Invalid JSON payload received. Unknown name "_format": Cannot bind query parameter. '
        "Field 'format' could not be found in request message."
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["fieldViolations"] == [{"description": sentence}]
    assert fhir.send("GET", "Patient/p?_format=json&_pretty=true").status_code == 200
    assert fhir.send("DELETE", "Patient/p?prettyPrint=false&alt=json").status_code == 200
    assert fhir.send("GET", "Patient/p").status_code == 410


def test_a_type_and_an_id_that_the_path_does_not_have(fhir: FhirStore) -> None:
    assert issue(fhir.send("POST", "Group", PATIENT))[:3] == (400, "invalid", "bad_resource_type")
    # Words of an answer among the examples that SATUSEHAT, a platform on Google's stores, publishes.
    words = "resource id mismatch, id of specified resource: p, id from payload: "
    assert issue(fhir.send("PUT", "Patient/p", PATIENT)) == (400, "structure", "resource_mismatch", words)
    another = issue(fhir.send("PUT", "Patient/p", {**PATIENT, "id": "q"}))
    assert another == (400, "structure", "resource_mismatch", f"{words}q")


@pytest.mark.parametrize(
    "query",
    [
        *(
            "_sort=shoe",
            "birthdate=yesterday",
            "_count=many",
            "_count=-1",
            "name:shoe=x",
            "_has:x=1",
            "_has:Group:member",
        ),
        *(
            "_include=*:*:*",
            "_revinclude=*",
            "_page_token=x",
            "_total=some",
            "_summary=more",
            "link:Group.name=x",
            "=x",
        ),
    ],
)
def test_a_search_that_cannot_be_made(fhir: FhirStore, query: str) -> None:
    assert issue(fhir.send("GET", f"Patient?{query}", Prefer="handling=strict"))[0] == 400


@pytest.mark.parametrize("path", ["Patient/p", "Patient/p/_history", "metadata", ""])
def test_a_verb_that_is_none_there(fhir: FhirStore, path: str) -> None:
    for verb in ("TRACE", "PROPFIND"):
        assert fhir.send(verb, path).status_code in (404, 405, 501)


def test_a_bundle_in_which_an_entry_has_no_resource_that_is_one(fhir: FhirStore) -> None:
    entries = [entry("POST", "Patient", PATIENT) for _ in range(400)]
    entries[399] = entry("POST", "Observation", {**observation("x"), "encounter": 7})
    for kind, expected in (("transaction", 400), ("batch", 200)):
        answer = fhir.send("POST", "", bundle(kind, *entries))
        assert answer.status_code == expected
        assert 'error at \\"Bundle.entry[399].resource.Observation' in answer.text
    assert count(fhir) == 399


HEADERS = ("If_Match", "If_None_Match", "If_Modified_Since", "Prefer", "If_None_Exist", "Accept")


@pytest.mark.parametrize("value", ["", "*", ",,,", '"', "W/", "x" * 5000, "=;=;=", "&&&", "%", "a=" + "a," * 999])
def test_headers_of_no_sense(fhir: FhirStore, value: str) -> None:
    made = fhir.create(PATIENT)
    path = f"Patient/{made['id']}"
    for header in HEADERS:
        for verb, where, body in (("GET", path, None), ("POST", "Patient", PATIENT), ("PUT", path, made)):
            answer = fhir.send(verb, where, body, **{header: value})
            assert answer.status_code < 500
            assert answer.headers.get("content-type", FHIR) == FHIR


def nested(levels: int) -> Json:
    """An extension within extensions."""
    extension: Json = {"url": "http://example.org/x", "valueString": "a"}
    for _ in range(levels):
        extension = {"url": "http://example.org/x", "extension": [extension]}
    return extension


def patched(fhir: FhirStore, *operations: Json) -> requests.Response:
    return fhir.send("PATCH", "Patient/p", list(operations), Content_Type="application/json-patch+json")


@pytest.mark.parametrize("copied", ["", "/text"])
def test_copies_of_copies_fill_no_memory(fhir: FhirStore, copied: str) -> None:
    """A patch of 30 operations, each of which copies all that is there, would make 2 to the 30 resources."""
    made = fhir.put({**PATIENT, "id": "p", "name": [{"text": "x" * 900_000}]})
    begun: list[Json] = [
        {"op": "add", "path": "/text", "value": {"div": "x" * 1_000_000}},
        {"op": "add", "path": "/a", "value": []},
    ]
    copies: list[Json] = [{"op": "copy", "from": copied, "path": "/a/-"}] * 30
    answer = patched(fhir, *begun, *copies)
    assert issue(answer)[:3] == (400, "invalid", "invalid_patch")
    assert "all copies together have more bytes than a resource may have" in answer.text
    assert fhir.read("Patient/p") == made


def test_what_a_patch_leaves_is_no_deeper_and_no_larger_than_what_can_be_sent(fhir: FhirStore) -> None:
    made = fhir.put({**PATIENT, "id": "p", "extension": [nested(100)]})
    deepest = "/extension/0" * 101 + "/extension"
    for operation in (
        {"op": "add", "path": deepest, "value": [nested(60)]},
        {"op": "copy", "from": "/extension", "path": deepest},
    ):
        status, _, text, sentence = issue(patched(fhir, operation))
        assert (status, text, sentence) == (400, "unparseable_resource", "field exceeded the maximum nesting depth 254")
    parts = [{"op": "add", "path": f"/{name}", "value": "x" * 4_000_000} for name in "abc"]
    assert issue(patched(fhir, *parts))[0] == 413
    assert fhir.read("Patient/p") == made
