"""References: which are taken, that they lead to something, and that nothing is left that leads nowhere."""

from collections.abc import Callable

import pytest

from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, issue, observation


def test_a_reference_must_lead_to_a_resource(fhir: FhirStore) -> None:
    answer = fhir.send("POST", "Observation", observation("Patient/nobody"))
    expected = 'error at "Observation.subject": reference target(s) not found: Patient/nobody'
    assert issue(answer) == (400, "invalid", "invalid_references", expected)
    fhir.put({**PATIENT, "id": "somebody"})
    fhir.create(observation("Patient/somebody"))
    fhir.create(observation(f"{fhir.url}/Patient/somebody"))
    fhir.create(observation(f"{fhir.name}/fhir/Patient/somebody"))


def test_a_reference_to_a_version_must_lead_to_it(fhir: FhirStore) -> None:
    patient = fhir.put({**PATIENT, "id": "p"})
    fhir.put({**PATIENT, "id": "p", "gender": "male"})
    fhir.create(observation(f"Patient/p/_history/{patient['meta']['versionId']}"))
    assert issue(fhir.send("POST", "Observation", observation("Patient/p/_history/1")))[0] == 400


def test_what_is_referred_to_cannot_be_deleted(fhir: FhirStore) -> None:
    patient = fhir.create(PATIENT)
    path = f"Patient/{patient['id']}"
    made = fhir.create(observation(path))
    status, code, text, sentence = issue(fhir.send("DELETE", path))
    assert (status, code, text) == (409, "conflict", "resource_referenced")
    assert sentence == f"something else refers to it: Observation/{made['id']} refers to {path}"
    assert fhir.read(path) == patient
    fhir.send("DELETE", f"Observation/{made['id']}")
    assert fhir.send("DELETE", path).status_code == 200


def test_an_update_or_patch_lets_go_of_what_it_referred_to(fhir: FhirStore) -> None:
    for identifier in ("a", "b", "c"):
        fhir.put({**PATIENT, "id": identifier})
    made = fhir.create(observation("Patient/a"))
    fhir.put({**made, "subject": {"reference": "Patient/b"}})
    assert fhir.send("DELETE", "Patient/a").status_code == 200
    assert fhir.send("DELETE", "Patient/b").status_code == 409
    operations = [{"op": "replace", "path": "/subject/reference", "value": "Patient/c"}]
    media = "application/json-patch+json"
    assert fhir.send("PATCH", f"Observation/{made['id']}", operations, Content_Type=media).status_code == 200
    assert fhir.send("DELETE", "Patient/b").status_code == 200
    operations[0]["value"] = "Patient/nobody"
    assert issue(fhir.send("PATCH", f"Observation/{made['id']}", operations, Content_Type=media))[0] == 400


def test_a_resource_may_refer_to_itself(fhir: FhirStore) -> None:
    fhir.put({**PATIENT, "id": "p", "link": [{"other": {"reference": "Patient/p"}, "type": "seealso"}]})
    assert fhir.send("DELETE", "Patient/p").status_code == 200


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("#none", "no contained resource has the ID of the reference #none"),
        ("urn:uuid:7a1e61a8-3d3f-4b4e-8f0d-2f4f3d0f0001", "is the fullUrl of no entry"),
        ("Patient?identifier=a|b", "conditional reference outside of a bundle"),
        (
            "projects/p/locations/l/datasets/d/fhirStores/other/fhir/Patient/p",
            "non-local reference: projects/p/locations/l/datasets/d/fhirStores/other/fhir/Patient/p",
        ),
    ],
)
def test_what_can_be_no_reference_is_refused(fhir: FhirStore, reference: str, sentence: str) -> None:
    answer = issue(fhir.send("POST", "Observation", observation(reference)))
    assert answer[:3] == (400, "invalid", "invalid_references")
    assert sentence in answer[3]


@pytest.mark.parametrize("integrity", [True, False])
@pytest.mark.parametrize("reference", ["Patient/a_b", "Patient/", "Patient/a b/_history/1", f"Patient/{'x' * 65}"])
def test_what_looks_like_a_reference_has_a_valid_id_in_r5(
    make_fhir_store: Callable[..., FhirStore], reference: str, *, integrity: bool
) -> None:
    # FHIR conformance statement: R5; what looks like none is kept as it is
    store = make_fhir_store("R5", disableReferentialIntegrity=not integrity)
    status, code, text, words = issue(store.send("POST", "Observation", observation(reference)))
    assert (status, code, text) == (400, "invalid", "invalid_references")
    assert words.startswith('error at "Observation.subject": invalid ID \'')
    store.create(observation("https://example.org/fhir/Patient/a_b"))
    older = make_fhir_store("R4", disableReferentialIntegrity=not integrity)
    older.create(observation(reference))


@pytest.mark.parametrize("reference", ["https://example.org/fhir/Patient/1", "#me", "#"])
def test_what_leads_elsewhere_or_inside_is_taken(fhir: FhirStore, reference: str) -> None:
    fhir.create(observation(reference, contained=[{"resourceType": "Patient", "id": "me"}]))


@pytest.mark.parametrize("version", ["STU3", "R4", "R5"])
def test_what_a_bundle_holds_refers_to_what_is_in_the_bundle(
    make_fhir_store: Callable[..., FhirStore], version: str
) -> None:
    # As in HL7's examples: STU3 Bundle/72ac8493-52ac-41bd-8d5d-7258c289b5ea, R5 Bundle/father.
    urn = "urn:uuid:541a72a8-df75-4484-ac89-ac4923f03b81"
    inside = observation("#me", contained=[{"resourceType": "Patient", "id": "me"}])
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": "http://example.org/fhir/Observation/1", "resource": inside},
            {"fullUrl": "http://example.org/fhir/Observation/2", "resource": observation(urn)},
            {"fullUrl": urn, "resource": PATIENT},
        ],
    }
    store = make_fhir_store(version)
    made = store.create(bundle)
    assert store.read(f"Bundle/{made['id']}")["entry"] == bundle["entry"]
    wrong = {**bundle, "entry": [*bundle["entry"], {"fullUrl": f"{urn[:-1]}9", "resource": observation("#me")}]}
    words = 'error at "Bundle.entry[3].resource.subject": no contained resource has the ID of the reference #me'
    assert issue(store.send("POST", "Bundle", wrong))[2:] == ("invalid_references", words)


def test_references_in_extensions_count_where_the_store_says_so(make_fhir_store: Callable[..., FhirStore]) -> None:
    extended = {**PATIENT, "extension": [{"url": "http://e.org/x", "valueReference": {"reference": "Group/none"}}]}
    assert make_fhir_store().send("POST", "Patient", extended).status_code == 201
    store = make_fhir_store(complexDataTypeReferenceParsing="ENABLED")
    assert issue(store.send("POST", "Patient", extended))[2] == "invalid_references"
    assert issue(make_fhir_store("R5").send("POST", "Patient", extended))[2] == "invalid_references"


def test_a_store_without_integrity_takes_references_to_nothing(make_fhir_store: Callable[..., FhirStore]) -> None:
    store = make_fhir_store(disableReferentialIntegrity=True, enableUpdateCreate=True)
    store.put({**PATIENT, "id": "p"})
    store.create(observation("Patient/nobody"))
    store.create(observation("urn:uuid:7a1e61a8-3d3f-4b4e-8f0d-2f4f3d0f0001"))
    store.create(observation("Patient/p"))
    assert store.send("DELETE", "Patient/p").status_code == 200
    assert issue(store.send("POST", "Observation", observation("#none")))[2] == "invalid_references"
