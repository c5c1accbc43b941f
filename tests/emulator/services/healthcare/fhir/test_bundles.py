"""executeBundle: batches, transactions, references between entries, and rights for each entry."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, issue, observation
from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator

NAME = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"
OTHER = "urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059"


def bundle(kind: str, *entries: Json) -> Json:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(method: str, url: str, resource: Json | None = None, full_url: str = "", **conditions: str) -> Json:
    made: Json = {"request": {"method": method, "url": url, **conditions}}
    if resource is not None:
        made["resource"] = resource
    return {**made, "fullUrl": full_url} if full_url else made


def identified(value: str) -> Json:
    return {**PATIENT, "identifier": [{"system": "http://example.org/mrn", "value": value}]}


def execute(store: FhirStore, body: Json) -> list[Json]:
    answer = store.send("POST", "", body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["type"] == f"{body['type']}-response"
    entries: list[Json] = found["entry"]
    return entries


def place(store: FhirStore, response: Json) -> str:
    """Type/id of what an entry of an answer says that it is."""
    location = str(response["response"]["location"])
    assert location.startswith(f"{store.url}/")
    return "/".join(location.removeprefix(f"{store.url}/").split("/")[:2])


def test_a_transaction_rewrites_references_between_its_entries(fhir: FhirStore) -> None:
    done = execute(
        fhir,
        bundle(
            "transaction",
            entry("POST", "Observation", observation(NAME, performer=[{"reference": OTHER}])),
            entry("POST", "Patient", PATIENT, NAME),
            entry("PUT", "Practitioner/dr", {"resourceType": "Practitioner", "id": "dr"}, OTHER),
        ),
    )
    assert [each["response"]["status"] for each in done] == ["201 Created"] * 3
    made = fhir.read(place(fhir, done[0]))
    assert made["subject"]["reference"] == place(fhir, done[1])
    assert made["performer"][0]["reference"] == "Practitioner/dr"
    response = done[0]["response"]
    assert response["etag"] == f'W/"{made["meta"]["versionId"]}"'
    assert response["lastModified"] == made["meta"]["lastUpdated"]


def test_an_address_as_full_url_is_rewritten_too(fhir: FhirStore) -> None:
    url = "https://elsewhere.example/fhir/Patient/17"
    done = execute(
        fhir,
        bundle(
            "transaction",
            entry("POST", "Patient", PATIENT, url),
            entry("POST", "Observation", observation("Patient/17")),
            entry("POST", "Observation", observation(url)),
        ),
    )
    for each in done[1:]:
        assert fhir.read(place(fhir, each))["subject"]["reference"] == place(fhir, done[0])


def test_a_transaction_is_done_as_a_whole_or_not_at_all(fhir: FhirStore) -> None:
    fhir.put({**PATIENT, "id": "there"})
    entries = [entry("PUT", f"Patient/p{number}", {**PATIENT, "id": f"p{number}"}) for number in range(400)]
    entries += [entry("DELETE", "Patient/there"), entry("POST", "Observation", observation("Patient/nobody"))]
    status, _, text, _ = issue(fhir.send("POST", "", bundle("transaction", *entries)))
    assert (status, text) == (400, "invalid_references")
    assert fhir.send("GET", "Patient/p0").status_code == 404
    assert fhir.send("GET", "Patient/there").status_code == 200
    assert len(execute(fhir, bundle("transaction", *entries[:-1]))) == 401
    assert fhir.send("GET", "Patient/p399").status_code == 200
    assert fhir.send("GET", "Patient/there").status_code == 410


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_a_reader_in_a_bundle_that_has_a_version_is_told_so(fhir: FhirStore, kind: str) -> None:
    # FHIR: Bundle.entry.request.ifNoneMatch and ifModifiedSince, as the headers of a read
    made = fhir.create(PATIENT)
    path, etag, at = f"Patient/{made['id']}", f'W/"{made["meta"]["versionId"]}"', made["meta"]["lastUpdated"]

    def told(**condition: str) -> str:
        asked: Json = {"request": {"method": "GET", "url": path, **condition}}
        (answer,) = execute(fhir, bundle(kind, asked))
        response = answer["response"]
        assert (response["etag"], response["lastModified"]) == (etag, at)
        assert ("resource" in answer) == (response["status"] == "200 OK")
        return str(response["status"])

    has, has_not = "304 Not Modified", "200 OK"
    assert [told(ifNoneMatch=each) for each in (etag, "*", 'W/"other"')] == [has, has, has_not]
    assert [told(ifModifiedSince=each) for each in (at, "2100-01-01T00:00:00Z", "2000-01-01T00:00:00Z")] == [
        has,
        has,
        has_not,
    ]
    assert told(ifNoneMatch='W/"other"', ifModifiedSince=at) == has_not
    assert told() == has_not


def test_a_refusal_says_which_entry_it_is_of(fhir: FhirStore) -> None:
    body = bundle(
        "transaction", entry("POST", "Patient", PATIENT), entry("PUT", "Patient/b", {**PATIENT, "id": "other"})
    )
    status, _, text, sentence = issue(fhir.send("POST", "", body))
    assert (status, text) == (400, "resource_mismatch")
    assert sentence.startswith('error at "Bundle.entry[1].resource": ')
    body = bundle("transaction", entry("POST", "Patient", PATIENT), {"resource": PATIENT})
    assert issue(fhir.send("POST", "", body))[3].startswith('error at "Bundle.entry[1].request": ')


def test_what_is_refused_in_the_end_says_which_entry_it_is_of(fhir: FhirStore) -> None:
    """References, canonical URLs and what is referred to are looked at once all of a transaction is done."""
    made = fhir.create(PATIENT)
    fhir.create(observation(f"Patient/{made['id']}"))
    patient, nobody = entry("POST", "Patient", PATIENT), entry("POST", "Observation", observation("Patient/nobody"))
    answer = fhir.send("POST", "", bundle("transaction", patient, nobody, patient, nobody))
    issues = answer.json()["issue"]
    assert [each["expression"] for each in issues] == [
        ["Bundle.entry[1].resource.Observation.subject"],
        ["Bundle.entry[3].resource.Observation.subject"],
    ]
    words = 'error at "Bundle.entry[1].resource.Observation.subject": reference target(s) not found: Patient/nobody'
    assert issue(answer) == (400, "invalid", "invalid_references", words)
    answer = fhir.send("POST", "", bundle("transaction", patient, entry("DELETE", f"Patient/{made['id']}")))
    assert answer.json()["issue"][0]["expression"] == ["Bundle.entry[1].resource"]
    assert answer.status_code == 409
    questionnaire = {"resourceType": "Questionnaire", "url": "http://example.org/q", "status": "draft"}
    asked = entry("POST", "Questionnaire", questionnaire)
    answer = fhir.send("POST", "", bundle("transaction", asked, patient, asked))
    assert answer.json()["issue"][0]["expression"] == ["Bundle.entry[0].resource"]
    assert answer.status_code == 409
    alone = fhir.send("POST", "Observation", observation("Patient/nobody"))
    assert alone.json()["issue"][0]["expression"] == ["Observation.subject"]


def test_a_transaction_may_change_all_that_refers_to_each_other(fhir: FhirStore) -> None:
    fhir.put({**PATIENT, "id": "p"})
    made = fhir.create(observation("Patient/p"))
    execute(fhir, bundle("transaction", entry("DELETE", "Patient/p"), entry("DELETE", f"Observation/{made['id']}")))
    linked = [
        {**PATIENT, "id": one, "link": [{"other": {"reference": f"Patient/{other}"}, "type": "seealso"}]}
        for one, other in (("a", "b"), ("b", "a"))
    ]
    execute(fhir, bundle("transaction", *(entry("PUT", f"Patient/{each['id']}", each) for each in linked)))


def test_the_order_of_a_transaction_is_that_of_its_verbs(fhir: FhirStore) -> None:
    fhir.put({**PATIENT, "id": "p"})
    done = execute(
        fhir,
        bundle(
            "transaction",
            entry("GET", "Patient/p"),
            entry("PUT", "Patient/p", {**PATIENT, "id": "p", "gender": "unknown"}),
        ),
    )
    assert done[0]["resource"]["gender"] == "unknown"
    assert done[0]["response"]["status"] == "200 OK"


def test_a_transaction_changes_a_resource_once(fhir: FhirStore) -> None:
    twice = [entry("PUT", "Patient/p", {**PATIENT, "id": "p"}), entry("DELETE", "Patient/p")]
    assert issue(fhir.send("POST", "", bundle("transaction", *twice)))[2] == "invalid_bundle"


def test_a_batch_does_what_can_be_done(fhir: FhirStore) -> None:
    fhir.put({**PATIENT, "id": "p"})
    operations = base64.b64encode(json.dumps([{"op": "remove", "path": "/gender"}]).encode()).decode()
    patch = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": operations}
    done = execute(
        fhir,
        bundle(
            "batch",
            entry("POST", "Patient", PATIENT),
            entry("POST", "Observation", observation("Patient/nobody")),
            entry("PATCH", "Patient/p", patch),
            entry("GET", "Patient/none"),
            entry("GET", "Patient/p/_history"),
            entry("PUT", "Patient/p2", {**PATIENT, "id": "p2"}, ifMatch='W/"1"'),
            entry("GET", "Patient?name=x"),
            entry("DELETE", "Patient/none"),
            entry("GET", "Spaceship/1"),
        ),
    )
    assert [each["response"]["status"][:3] for each in done] == [
        *("201", "400", "200", "404", "200", "412", "400", "200", "400")
    ]
    assert "gender" not in fhir.read("Patient/p")
    outcome = done[1]["response"]["outcome"]
    assert outcome["issue"][0]["details"]["text"] == "invalid_references"
    assert done[4]["resource"]["type"] == "history"


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_conditional_entries_find_what_is_there(fhir: FhirStore, kind: str) -> None:
    fhir.put({**identified("1"), "id": "p"})
    criteria = "identifier=http://example.org/mrn|1"
    done = execute(fhir, bundle(kind, entry("POST", "Patient", identified("1"), NAME, ifNoneExist=criteria)))
    assert done[0]["response"]["status"] == "200 OK"
    assert place(fhir, done[0]) == "Patient/p"
    done = execute(fhir, bundle(kind, entry("PUT", f"Patient?{criteria}", {**identified("1"), "gender": "male"}, NAME)))
    assert place(fhir, done[0]) == "Patient/p"
    assert fhir.read("Patient/p")["gender"] == "male"
    made = execute(fhir, bundle(kind, entry("POST", "Observation", observation(f"Patient?{criteria}"))))
    assert fhir.read(place(fhir, made[0]))["subject"]["reference"] == "Patient/p"
    nobody = observation("Patient?identifier=http://example.org/mrn|2")
    answer = fhir.send("POST", "", bundle(kind, entry("POST", "Observation", nobody)))
    assert "no resource matches the conditional reference" in answer.text


def test_in_a_transaction_others_refer_to_what_a_condition_found(fhir: FhirStore) -> None:
    fhir.put({**identified("1"), "id": "p"})
    done = execute(
        fhir,
        bundle(
            "transaction",
            entry("POST", "Patient", identified("1"), NAME, ifNoneExist="identifier=http://example.org/mrn|1"),
            entry("POST", "Observation", observation(NAME)),
        ),
    )
    assert fhir.read(place(fhir, done[1]))["subject"]["reference"] == "Patient/p"


@pytest.mark.parametrize(
    "body",
    [
        {"resourceType": "Bundle", "type": "collection"},
        {"resourceType": "Bundle"},
        {"resourceType": "Patient"},
        {"resourceType": "Bundle", "type": "batch", "entry": {}},
        {"resourceType": "Bundle", "type": "transaction", "entry": [{}]},
        {"resourceType": "Bundle", "type": "transaction", "entry": [7]},
        bundle("transaction", entry("SING", "Patient")),
        bundle("transaction", entry("POST", "Patient")),
        bundle("transaction", entry("PUT", "Patient", PATIENT)),
        bundle("transaction", entry("POST", "Patient/p", PATIENT)),
        bundle("transaction", entry("DELETE", "Patient")),
        bundle("transaction", entry("PATCH", "Patient/p", {"resourceType": "Binary", "contentType": "text/plain"})),
        bundle("transaction", entry("POST", "Patient", PATIENT, NAME), entry("POST", "Patient", PATIENT, NAME)),
    ],
)
def test_what_is_no_bundle_to_execute_is_refused(fhir: FhirStore, body: Json) -> None:
    assert issue(fhir.send("POST", "", body))[0] == 400


def test_a_transaction_has_more_resources_than_a_moment_has_versions(fhir: FhirStore) -> None:
    """A store has 1,024 versions of a microsecond (emulator/fhir/search/tables.py): the others are of the next."""
    basic = {"resourceType": "Basic", "code": {"text": "x"}}
    done = execute(fhir, bundle("transaction", *[entry("POST", "Basic", basic) for _ in range(1100)]))
    assert {each["response"]["status"] for each in done} == {"201 Created"}
    assert len({each["response"]["lastModified"] for each in done}) == 2
    assert fhir.read("Basic?_summary=count&_total=accurate")["total"] == 1100


def test_an_empty_bundle_does_nothing(fhir: FhirStore) -> None:
    assert execute(fhir, bundle("batch")) == []


def test_each_entry_asks_for_its_own_right(
    fhir: FhirStore, emulator: RunningEmulator, unique: Callable[[str], str]
) -> None:
    account = make_account(emulator, unique("reader"))
    bindings = [{"role": "roles/healthcare.fhirResourceReader", "members": [account.member]}]
    emulator.request("POST", f"/v1/{fhir.name}:setIamPolicy", {"policy": {"bindings": bindings}})
    patient = fhir.put({**PATIENT, "id": "p"})
    fhir.session.headers["Authorization"] = f"Bearer {account.token}"
    done = execute(fhir, bundle("batch", entry("GET", "Patient/p"), entry("POST", "Patient", PATIENT)))
    assert done[0]["resource"] == patient
    assert done[1]["response"]["status"] == "403 Forbidden"
    refused = fhir.send("POST", "", bundle("transaction", entry("GET", "Patient/p"), entry("DELETE", "Patient/p")))
    assert issue(refused)[:3] == (403, "forbidden", "permission_denied")


def test_r5_takes_full_urls_that_are_some(make_fhir_store: Callable[..., FhirStore]) -> None:
    store = make_fhir_store("R5", enableUpdateCreate=True)
    body: dict[str, Any] = bundle("transaction", entry("POST", "Patient", PATIENT, "patient one"))
    assert issue(store.send("POST", "", body))[2] == "invalid_bundle"
    body["entry"][0]["fullUrl"] = NAME
    assert store.send("POST", "", body).status_code == 200
