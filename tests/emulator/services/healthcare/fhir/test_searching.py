"""Searches over HTTP: GET and POST, links, pages, handling, aliases; and conditional interactions."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.services.healthcare.fhir.conftest import FHIR, PATIENT, FhirStore, Json, issue, observation
from tests.support.patience import PATIENCE


def ids(bundle: Json) -> list[str]:
    return [each["resource"]["id"] for each in bundle.get("entry", [])]


def link(bundle: Json, relation: str) -> str:
    return next((each["url"] for each in bundle["link"] if each["relation"] == relation), "")


def patients(store: FhirStore, *families: str) -> None:
    for number, family in enumerate(families):
        identifier = [{"system": "http://example.org/mrn", "value": str(number)}]
        store.put({**PATIENT, "id": f"p{number}", "name": [{"family": family}], "identifier": identifier})


def test_get_and_post_find_the_same(fhir: FhirStore) -> None:
    patients(fhir, "Smith", "Jones")
    got = fhir.read("Patient?family:exact=Smith")
    assert ids(got) == ["p0"]
    assert got["resourceType"], got["type"] == ("Bundle", "searchset")
    assert got["total"] == 1
    assert got["entry"][0]["fullUrl"] == f"{fhir.url}/Patient/p0"
    assert got["entry"][0]["search"] == {"mode": "match"}
    assert link(got, "self") == f"{fhir.url}/Patient/?family%3Aexact=Smith"
    posted = fhir.send("POST", "Patient/_search?family:exact=Smith")
    assert posted.headers["content-type"] == FHIR
    assert posted.json() == got
    assert ids(fhir.read("?_type=Patient&_id=p1")) == ["p1"]
    assert ids(fhir.send("POST", "_search?resourceType=Patient&name=jones").json()) == ["p1"]


def test_the_type_of_a_search_may_be_in_its_body(fhir: FhirStore) -> None:
    # SearchResourcesRequest of older discovery documents, as Apache Beam's HttpHealthcareApiClient sends it, with the
    # parameters in the query
    patients(fhir, "Smith", "Jones")
    fhir.put({"resourceType": "Practitioner", "id": "dr", "name": [{"family": "Jones"}]})
    body = {"resourceType": "Patient"}
    for media_type in ("application/json; charset=UTF-8", FHIR):
        found = fhir.send("POST", "_search?name=jones", body, Content_Type=media_type).json()
        assert ids(found) == ["p1"]
        assert link(found, "self") == f"{fhir.url}/Patient/?name=jones"
    assert ids(fhir.send("POST", "_search?resourceType=Practitioner&name=jones", body).json()) == ["dr"]
    assert len(ids(fhir.send("POST", "_search", b"[]").json())) == 3
    wrong = issue(fhir.send("POST", "_search", {"resourceType": "Nobody"}))
    assert wrong[2:] == ("bad_resource_type", "unsupported resource type: Nobody")


@pytest.mark.parametrize("path", ["Patient/_search", "_search"])
def test_parameters_in_a_form_are_refused_and_find_nobody_else(fhir: FhirStore, path: str) -> None:
    # fhirStores.fhir.search does not support them; HAPI FHIR's client sends them by SearchStyleEnum.POST. What sends
    # an empty form, as curl does with --data "", asks in the URL.
    patients(fhir, "Smith", "Jones")
    form = "application/x-www-form-urlencoded"
    refused = issue(fhir.send("POST", path, b"name=smith", Content_Type=form))
    assert refused[:3] == (415, "not-supported", "unsupported_media_type")
    assert "in the URL" in refused[3]
    assert "smith" not in refused[3]
    found = fhir.send("POST", f"{path}?_id=p0", b"", Content_Type=f"{form}; charset=utf-8")
    assert ids(found.json()) == ["p0"]


def test_links_are_those_of_google_s_answers(fhir: FhirStore) -> None:
    """google/fhir-gateway keeps answers of Google's: src/test/resources/patient_id_search.json, ..._single.json."""
    patients(fhir, "Smith", "Jones")
    address = f"{fhir.url}/Patient/?_count=1&_elements=id"
    first = fhir.read("Patient?_count=1&_elements=id")
    assert [each["relation"] for each in first["link"]] == ["search", "next", "first", "self"]
    assert {link(first, relation) for relation in ("search", "first", "self")} == {address}
    assert link(first, "next").startswith(f"{address}&_page_token=")
    meta = first["entry"][0]["resource"].pop("meta")
    assert first["entry"][0]["resource"] == {"id": "p1", "resourceType": "Patient"}
    assert meta["tag"] == [{"code": "SUBSETTED", "system": "http://hl7.org/fhir/v3/ObservationValue"}]
    last = fhir.session.get(link(first, "next")).json()
    assert [each["relation"] for each in last["link"]] == ["search", "first", "self"]
    assert link(last, "first") == address


def test_a_date_that_is_none_is_refused_in_google_s_words(fhir: FhirStore) -> None:
    """As SATUSEHAT's platform passes them on, which keeps its data in such a store."""
    sentence = 'error parsing date "2024-07-021": invalid dateTime: 2024-07-021'
    for date in ("2024-07-021", "ge2024-07-021"):
        assert issue(fhir.send("GET", f"Patient?birthdate={date}")) == (400, "value", "invalid_query", sentence)


def test_a_token_in_the_query_is_no_parameter(fhir: FhirStore) -> None:
    patients(fhir, "Smith")
    token = str(fhir.session.headers.pop("Authorization")).removeprefix("Bearer ")
    found = fhir.read(f"Patient?access_token={token}&name=smith")
    assert "access_token" not in link(found, "self")
    assert ids(found) == ["p0"]


def test_pages_lead_through_all_though_others_write(fhir: FhirStore) -> None:
    patients(fhir, *"abcdefg")
    page = fhir.read("Patient?_count=3")
    seen = ids(page)
    assert page["total"] >= 3
    fhir.put({**PATIENT, "id": "new"})
    while url := link(page, "next"):
        page = fhir.session.get(url).json()
        seen += ids(page)
    assert seen == [f"p{number}" for number in reversed(range(7))]
    assert issue(fhir.send("GET", "Patient?_page_token=none"))[0] == 400


def test_a_page_of_large_resources_is_shorter(fhir: FhirStore) -> None:
    text = {"status": "generated", "div": f"<div xmlns='http://www.w3.org/1999/xhtml'>{'x' * (9 << 20)}</div>"}
    for number in range(5):
        fhir.put({**PATIENT, "id": f"p{number}", "text": text})
    page, seen = fhir.read("Patient?_elements=gender"), []
    while True:
        assert 0 < len(ids(page)) < 5
        seen += ids(page)
        if not (url := link(page, "next")):
            break
        page = fhir.session.get(url).json()
    assert seen == [f"p{number}" for number in reversed(range(5))]


def test_what_is_unknown_is_left_out_or_refused(fhir: FhirStore, make_fhir_store: Callable[..., FhirStore]) -> None:
    patients(fhir, "Smith")
    lenient = fhir.read("Patient?shoe=7&name=smith")
    assert ids(lenient) == ["p0"]
    assert link(lenient, "self").endswith("/?name=smith")
    assert issue(fhir.send("GET", "Patient?shoe=7", Prefer="handling=strict"))[0] == 400
    strict = make_fhir_store(defaultSearchHandlingStrict=True)
    assert issue(strict.send("GET", "Patient?shoe=7"))[0] == 400
    assert strict.send("GET", "Patient?shoe=7", Prefer="handling=lenient").status_code == 200


def test_includes_and_parts_of_resources(fhir: FhirStore) -> None:
    patients(fhir, "Smith")
    made = fhir.create(observation("Patient/p0", text={"status": "generated", "div": "<div>x</div>"}))
    found = fhir.read("Observation?_include=Observation:subject&_elements=status")
    assert ids(found) == [made["id"], "p0"]
    assert [each["search"]["mode"] for each in found["entry"]] == ["match", "include"]
    assert set(found["entry"][0]["resource"]) == {"resourceType", "id", "meta", "status", "code"}
    assert found["entry"][0]["resource"]["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert set(fhir.read("Observation?_summary=text")["entry"][0]["resource"]) == {
        *("resourceType", "id", "meta", "text", "status", "code")
    }
    assert "text" not in fhir.read("Observation?_summary=data")["entry"][0]["resource"]


def test_circles_of_references_end(fhir: FhirStore) -> None:
    linked = [{"other": {"reference": f"Patient/{other}"}, "type": "seealso"} for other in ("a", "b")]
    for identifier in ("a", "b", "a"):
        fhir.send("PUT", f"Patient/{identifier}", {**PATIENT, "id": identifier, "link": linked[:0]})
    fhir.put({**PATIENT, "id": "a", "link": linked[1:]})
    fhir.put({**PATIENT, "id": "b", "link": linked[:1]})
    assert sorted(ids(fhir.read("Patient?_id=a&_include:iterate=Patient:link"))) == ["a", "b"]


def test_deleted_resources_are_not_found(fhir: FhirStore) -> None:
    patients(fhir, "Smith", "Smith")
    fhir.send("DELETE", "Patient/p0")
    assert ids(fhir.read("Patient?name=smith")) == ["p1"]


def test_value_sets_of_the_store_count(fhir: FhirStore) -> None:
    patients(fhir, "Smith")
    made = fhir.create(observation("Patient/p0"))
    concepts = [{"system": "http://loinc.org", "concept": [{"code": "8867-4"}]}]
    value_set = {"resourceType": "ValueSet", "status": "active", "url": "http://example.org/vs/rates"}
    fhir.create({**value_set, "compose": {"include": concepts}})
    assert ids(fhir.read("Observation?code:in=http://example.org/vs/rates")) == [made["id"]]
    assert ids(fhir.read("Observation?code:not-in=http://example.org/vs/rates")) == []


@pytest.mark.parametrize("path", ["Patient/p0", "Patient?name=smith", "Patient/p0/_history", "metadata"])
def test_resources_is_another_name_of_fhir_for_reading(fhir: FhirStore, path: str) -> None:
    patients(fhir, "Smith")
    other = f"{fhir.url.removesuffix('/fhir')}/resources/{path}"
    assert fhir.session.get(other).json() == fhir.read(path)


def test_resources_is_no_name_for_writing(fhir: FhirStore) -> None:
    other = f"{fhir.url.removesuffix('/fhir')}/resources/Patient"
    assert fhir.session.post(other, json=PATIENT).status_code in (404, 405)


def test_a_conditional_create_makes_one(fhir: FhirStore) -> None:
    patients(fhir, "Smith", "Smith")
    criteria = "identifier=http://example.org/mrn|0"
    found = fhir.send("POST", "Patient", PATIENT, If_None_Exist=criteria)
    assert (found.status_code, found.json()["id"]) == (200, "p0")
    assert fhir.send("POST", "Patient", PATIENT, If_None_Exist="identifier=none").status_code == 201
    many = fhir.send("POST", "Patient", PATIENT, If_None_Exist="family=smith")
    assert issue(many)[:3] == (412, "conflict", "multiple_matches")  # the code that gcp-pilot's client looks for
    assert issue(fhir.send("POST", "Patient", PATIENT, If_None_Exist="shoe=7"))[0] == 400


def test_a_conditional_update_changes_what_it_finds(fhir: FhirStore) -> None:
    patients(fhir, "Smith", "Smith")
    path = "Patient?identifier=http://example.org/mrn|0"
    identifier = [{"system": "http://example.org/mrn", "value": "0"}]
    answer = fhir.send("PUT", path, {**PATIENT, "identifier": identifier, "gender": "male"})
    assert (answer.status_code, answer.json()["id"]) == (200, "p0")
    assert issue(fhir.send("PUT", path, {**PATIENT, "id": "other"}))[0] == 400
    made = fhir.send("PUT", "Patient?identifier=new", PATIENT)
    assert made.status_code == 201
    own = fhir.send("PUT", "Patient?identifier=newer", {**PATIENT, "id": "own"})
    assert (own.status_code, own.json()["id"]) == (201, "own")
    assert issue(fhir.send("PUT", "Patient?family=smith", PATIENT))[0] == 412
    assert issue(fhir.send("PUT", "Patient", PATIENT))[0] == 400


def test_a_conditional_patch_changes_what_it_finds(fhir: FhirStore) -> None:
    patients(fhir, "Smith", "Smith")
    operations: list[Any] = [{"op": "replace", "path": "/gender", "value": "other"}]
    media = "application/json-patch+json"
    answer = fhir.send("PATCH", "Patient?identifier=1", operations, Content_Type=media)
    assert (answer.status_code, answer.json()["gender"], answer.json()["id"]) == (200, "other", "p1")
    assert issue(fhir.send("PATCH", "Patient?identifier=none", operations, Content_Type=media))[0] == 404
    assert issue(fhir.send("PATCH", "Patient?family=smith", operations, Content_Type=media))[0] == 412


def test_v1_deletes_by_identifier_only_where_one_resource_has_it(fhir: FhirStore) -> None:
    """Cloud Healthcare: "Conditionally delete a FHIR resource", and discovery of v1; v1beta1 deletes all that match."""
    for value in ("twice", "twice", "once"):
        fhir.create({"resourceType": "Patient", "identifier": [{"system": "urn:s", "value": value}]})
    refused = fhir.send("DELETE", "Patient?identifier=urn:s|twice")
    assert (refused.status_code, issue(refused)[2]) == (412, "multiple_matches")
    assert len(ids(fhir.read("Patient"))) == 3
    for value in ("once", "none"):
        assert fhir.send("DELETE", f"Patient?identifier=urn:s|{value}").json() == {}
    assert len(ids(fhir.read("Patient"))) == 2
    beta = f"{fhir.url.replace('/v1/', '/v1beta1/')}/Patient?identifier=urn:s|twice"
    assert fhir.session.delete(beta, headers=fhir.headers, timeout=PATIENCE).json() == {}
    assert ids(fhir.read("Patient")) == []


def test_a_conditional_delete_takes_all_that_it_finds(fhir: FhirStore) -> None:
    patients(fhir, "Smith", "Smith", "Smith", "Jones")
    assert fhir.send("DELETE", "Patient?family=smith&_count=2").json() == {}
    assert len(ids(fhir.read("Patient?family=smith"))) == 1
    assert fhir.send("DELETE", "Patient?family=smith").status_code == 200
    assert ids(fhir.read("Patient")) == ["p3"]
    for nothing in ("", "?shoe=7", "?_elements=name", "?_summary=data", "?_total=none", "?_count=5", "?_sort=family"):
        assert issue(fhir.send("DELETE", f"Patient{nothing}"))[0] == 400
    assert ids(fhir.read("Patient")) == ["p3"]
