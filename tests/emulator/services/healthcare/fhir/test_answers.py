"""What a store makes itself - bundles, outcomes, capabilities, parts of resources - is FHIR of the store's version.

Strict clients read nothing else: HAPI FHIR's parser refuses a history of STU3 with the verb PATCH, which is R4's.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator

import pytest

from emulator.fhir.validation.validator import validate
from emulator.fhir.versions import VERSIONS
from tests.emulator.services.healthcare.fhir.conftest import FhirStore, Json

PATCH = [{"op": "replace", "path": "/active", "value": False}]
OLDER = ("DSTU2", "STU3")


@pytest.fixture(params=list(VERSIONS))
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(make_fhir_store: Callable[..., FhirStore], version: str) -> FhirStore:
    made = make_fhir_store(version, enableUpdateCreate=True)
    made.put({"resourceType": "Patient", "id": "p", "active": True})
    made.put(observation())
    return made


def observation(identifier: str = "o") -> Json:
    return {
        "resourceType": "Observation",
        "id": identifier,
        "text": {"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'>pulse</div>"},
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": "Patient/p"},
        "valueQuantity": {"value": 80, "unit": "/min"},
    }


def problems(resource: Json, version: str) -> list[str]:
    return [problem.issue.diagnostics for problem in validate(resource, version)]


def bundle(kind: str, *entries: Json) -> Json:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(method: str, url: str, resource: Json | None = None) -> Json:
    return {"request": {"method": method, "url": url}, **({"resource": resource} if resource else {})}


def of_every_kind(store: FhirStore, version: str) -> Iterator[Json]:
    """Answers that are a store's own, each asked for when it is looked at."""
    data = "content" if version in OLDER else "data"
    patch = {"resourceType": "Binary", "contentType": "application/json-patch+json"}
    patch[data] = base64.b64encode(b'[{"op": "replace", "path": "/active", "value": true}]').decode()
    yield store.read("metadata")
    yield store.read("Observation?_include=Observation:subject&_count=1&shoe=7")
    yield store.read("Patient?_revinclude=Observation:subject&_summary=text")
    yield store.read("Observation?_elements=subject")
    yield store.read("Patient/p/$everything")
    yield store.send("PATCH", "Patient/p", PATCH, Content_Type="application/json-patch+json", Prefer="return=x").json()
    yield store.send("PUT", "Observation/o", observation(), Prefer="return=OperationOutcome").json()
    yield store.send("POST", "Observation/$validate", {"resourceType": "Observation", "shoe": 7}).json()
    yield store.send("POST", "Observation/$validate", observation()).json()
    reads = (entry("GET", "Patient/p"), entry("GET", "Patient/p/_history"), entry("GET", "Patient/none"))
    writes = (entry("PUT", "Observation/o", observation("q")), entry("PATCH", "Patient/p", patch))
    yield store.send("POST", "", bundle("batch", *reads, *writes)).json()
    yield store.send("POST", "", bundle("transaction", entry("PUT", "Observation/o", observation("q")))).json()
    yield store.send("DELETE", "Patient/p").json()
    for refused in ("Patient/none", "Shoe/1", "Patient/a_b", "Patient?birthdate=x", "Patient?_format=xml"):
        yield store.send("GET", refused).json()
    yield store.send("PUT", "Patient/p", {"resourceType": "Patient", "id": "p"}, If_Match='W/"x"').json()
    yield store.send("POST", "Patient", b"<Patient/>", Content_Type="application/fhir+xml").json()
    store.send("DELETE", "Observation/o")
    yield store.send("GET", "Observation/o").json()
    yield store.read("Observation/o/_history")
    yield store.read("Patient/p/_history")


def test_all_answers_are_resources_of_the_version(store: FhirStore, version: str) -> None:
    for answer in of_every_kind(store, version):
        assert problems(answer, version) == [], answer


def test_resources_and_outcomes_are_indented(store: FhirStore, version: str) -> None:
    # The tests of GoogleCloudPlatform/java-docs-samples, healthcare/v1, find ids in Google's answers by these patterns.
    made = store.send("POST", "Patient", b'{"resourceType":"Patient","multipleBirthInteger":2}')
    assert re.findall(r'"id": "([^"]*)",', made.text) == [made.json()["id"]]
    patched = store.send("PATCH", "Patient/p", PATCH, Content_Type="application/json-patch+json")
    assert re.findall(r'"versionId": "(.*)"', patched.text) == [patched.json()["meta"]["versionId"]]
    read = store.send("GET", "Patient/p")
    assert read.text == json.dumps(read.json(), indent=2, ensure_ascii=False)
    assert read.text == patched.text
    for outcome in (store.send("GET", "Patient/none"), store.send("POST", "Patient/$validate", {})):
        assert outcome.text.startswith('{\n  "issue": [\n    {\n      "code": "'), version


def test_digits_are_as_they_were(store: FhirStore, version: str) -> None:
    for digits in ("1.10", "80", "0.00001", "12345678901234567890.5"):
        given = json.dumps(observation()).replace("80", digits).encode()
        for answer in (store.send("PUT", "Observation/o", given), store.send("GET", "Observation/o")):
            assert f'"value": {digits}\n' in answer.text, version


def test_what_older_versions_have_no_word_for(store: FhirStore, version: str) -> None:
    store.send("PATCH", "Patient/p", PATCH, Content_Type="application/json-patch+json")
    verb = store.read("Patient/p/_history")["entry"][0]["request"]["method"]
    store.send("DELETE", "Observation/o")
    code = store.send("GET", "Observation/o").json()["issue"][0]["code"]
    assert (verb, code) == (("PUT", "not-found") if version in OLDER else ("PATCH", "deleted"))
    answer = store.send("POST", "", bundle("batch", entry("GET", "Patient/none"))).json()["entry"][0]
    where = answer["resource"] if version == "DSTU2" else answer["response"]["outcome"]
    assert where["resourceType"] == "OperationOutcome"


def test_parts_have_what_is_mandatory(store: FhirStore, version: str) -> None:
    always = {"resourceType", "id", "meta", "status", "code"}

    def part(query: str) -> Json:
        found: Json = store.read(f"Observation?{query}")["entry"][0]["resource"]
        return found

    assert set(part("_summary=text")) == {*always, "text"}
    assert set(part("_elements=subject")) == {*always, "subject"}
    for asked in ("value", "value[x]", "valueQuantity"):
        assert set(part(f"_elements={asked}")) == {*always, "valueQuantity"}
    host = "terminology.hl7.org/CodeSystem/v3-" if version == "R5" else "hl7.org/fhir/v3/"
    tag = {"system": f"http://{host}ObservationValue", "code": "SUBSETTED"}
    assert part("_summary=data")["meta"]["tag"] == [tag]
