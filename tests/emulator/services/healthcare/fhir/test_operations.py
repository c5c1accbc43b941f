"""Everything, lastn, references, validate, translate, capabilities and metrics."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from emulator.fhir import parsing
from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, issue, observation
from tests.emulator.services.healthcare.fhir.test_searching import ids, link


def kinds(bundle: Json) -> list[str]:
    return [f"{each['resource']['resourceType']}/{each['resource']['id']}" for each in bundle["entry"]]


def all_pages(store: FhirStore, path: str) -> list[str]:
    page = store.read(path)
    found = kinds(page)
    while url := link(page, "next"):
        page = store.session.get(url).json()
        found += kinds(page)
    return found


@pytest.fixture
def ward(fhir: FhirStore) -> FhirStore:
    """A patient with a practitioner, an encounter and observations of two years; another with one of his own."""
    fhir.put({"resourceType": "Practitioner", "id": "dr"})
    for identifier in ("p", "other"):
        fhir.put({**PATIENT, "id": identifier, "generalPractitioner": [{"reference": "Practitioner/dr"}]})
    fhir.put(
        {
            "resourceType": "Encounter",
            "id": "e",
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "subject": {"reference": "Patient/p"},
            "period": {"start": "2020-03-01", "end": "2020-03-02"},
        }
    )
    encounter = {"encounter": {"reference": "Encounter/e"}}
    fhir.put({**observation("Patient/p", effectiveDateTime="2020-03-01", **encounter), "id": "o2020"})
    fhir.put({**observation("Patient/p", effectiveDateTime="2021-03-01"), "id": "o2021"})
    fhir.put({**observation("Patient/p"), "id": "undated"})
    fhir.put({**observation("Patient/other", effectiveDateTime="2020-03-01"), "id": "of-other"})
    return fhir


EVERYTHING = ["Patient/p", "Observation/undated", "Observation/o2021", "Observation/o2020", "Encounter/e"]


def test_everything_of_a_patient_is_the_patient_and_what_belongs_to_it(ward: FhirStore) -> None:
    assert kinds(ward.read("Patient/p/$everything")) == [*EVERYTHING, "Practitioner/dr"]
    assert issue(ward.send("GET", "Patient/none/$everything"))[0] == 404


def assert_pages_lead_back(store: FhirStore, path: str) -> None:
    """Each page but the first has a link to the one before (discovery: Patient-everything)."""
    pages, page = [], store.read(path)
    assert not link(page, "previous")
    while url := link(page, "next"):
        pages.append(page["entry"])
        page = store.session.get(url).json()
    assert len(pages) > 1
    for entries in reversed(pages):
        page = store.session.get(link(page, "previous")).json()
        assert page["entry"] == entries
    assert not link(page, "previous")


def test_everything_comes_in_pages_and_parts(ward: FhirStore) -> None:
    assert all_pages(ward, "Patient/p/$everything?_count=1") == [*EVERYTHING, "Practitioner/dr"]
    assert_pages_lead_back(ward, "Patient/p/$everything?_count=2")
    # googleapis/mcp-toolbox, integration test of Cloud Healthcare: the patient is there whatever _type and _since say
    some = kinds(ward.read("Patient/p/$everything?_type=Encounter,Practitioner"))
    assert some == ["Patient/p", "Encounter/e", "Practitioner/dr"]
    assert kinds(ward.read("Patient/p/$everything?_type=Claim&_since=2120-01-01T00:00:00Z")) == ["Patient/p"]
    year = kinds(ward.read("Patient/p/$everything?start=2020-01-01&end=2020-12-31"))
    assert "Observation/o2020" in year
    assert "Observation/undated" in year
    assert "Observation/o2021" not in year
    since = ward.read("Observation/o2020")["meta"]["lastUpdated"].replace("+", "%2B")
    recent = kinds(ward.read(f"Patient/p/$everything?_since={since}"))
    assert recent == ["Patient/p", "Observation/undated", "Observation/o2021"]


def test_everything_of_an_encounter(ward: FhirStore) -> None:
    beta = replace(ward, api="v1beta1")
    url = "http://hl7.org/fhir/StructureDefinition/encounter-associatedEncounter"
    extension = [{"url": url, "valueReference": {"reference": "Encounter/e"}}]
    ward.put({"resourceType": "Basic", "id": "b", "code": {"text": "x"}, "extension": extension})
    found = kinds(beta.read("Encounter/e/$everything"))
    assert found[0] == "Encounter/e"
    assert {*found[1:]} == {"Observation/o2020", "Patient/p", "Basic/b"}


def test_a_method_of_v1beta1_is_an_id_that_is_none_in_v1(ward: FhirStore) -> None:
    # fhir.md section 1: operations that are not there fall through to the id
    assert issue(ward.send("GET", "Observation/$lastn?patient=p&code=8867-4"))[3] == "invalid ID '$lastn'"
    assert issue(ward.send("GET", "Patient/_history"))[3] == "invalid ID '_history'"


def test_lastn_gives_the_newest_of_each_code(ward: FhirStore) -> None:
    beta = replace(ward, api="v1beta1")
    weight = {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]}
    ward.put({**observation("Patient/p", effectiveDateTime="2019-01-01", code=weight), "id": "weight"})
    path = "Observation/$lastn?patient=Patient/p&code=8867-4,29463-7"
    assert ids(beta.read(path)) == ["o2021", "weight"]
    assert ids(beta.read(f"{path}&max=2")) == ["o2021", "o2020", "weight"]
    for ignored in ("&foo=1", "&_sort=date&_total=none"):  # as in searches: unknown, or decided by the operation
        assert ids(beta.read(f"{path}{ignored}")) == ["o2021", "weight"]
    strict = issue(beta.send("GET", f"Observation/$lastn{path.partition('$lastn')[2]}&foo=1", Prefer="handling=strict"))
    assert strict[0] == 400
    for wrong in ("?patient=Patient/p", "?code=8867-4", "?patient=Patient/p&code=8867-4&max=none"):
        assert issue(beta.send("GET", f"Observation/$lastn{wrong}"))[0] == 400


def test_references_to_a_resource_are_listed_though_it_is_deleted(
    make_fhir_store: Callable[..., FhirStore],
) -> None:
    store = replace(make_fhir_store(disableReferentialIntegrity=True, enableUpdateCreate=True), api="v1beta1")
    store.put({**PATIENT, "id": "p"})
    made = [store.create(observation("Patient/p"))["id"] for _ in range(3)]
    store.send("DELETE", "Patient/p")
    assert ids(store.read("$references?target=Patient/p")) == made[::-1]
    page = store.read("$references?target=Patient/p&_count=2")
    assert ids(store.session.get(link(page, "next")).json()) == made[:1]
    assert store.read("$references?target=Patient/p&_type=Group")["entry"] == []
    assert issue(store.send("GET", "$references"))[0] == 400


def test_validate_says_success_or_what_is_wrong(fhir: FhirStore) -> None:
    good = fhir.send("POST", "Patient/$validate", PATIENT)
    assert good.status_code == 200
    assert good.json()["issue"][0]["details"] == {"text": "success"}
    assert good.json()["issue"][0]["severity"] == "information"
    bad = fhir.send("POST", "Patient/$validate", {**PATIENT, "meta": 7})
    assert bad.status_code == 200
    assert bad.json()["issue"][0]["severity"] == "error"
    assert issue(fhir.send("POST", "Patient/$validate?profile=http://example.org/none", PATIENT))[0] == 400
    assert fhir.send("GET", "Patient?_count=1").json()["total"] == 0


CONCEPT_MAP: Json = {
    "resourceType": "ConceptMap",
    "id": "cm",
    "url": "http://example.org/cm",
    "version": "2",
    "status": "active",
    "sourceUri": "http://example.org/vs/a",
    "targetUri": "http://example.org/vs/b",
    "group": [
        {
            "source": "http://example.org/a",
            "target": "http://example.org/b",
            "element": [
                {"code": "1", "target": [{"code": "one", "display": "One", "equivalence": "equal"}]},
                {"code": "2", "target": [{"equivalence": "unmatched", "comment": "none"}]},
            ],
        }
    ],
}


@pytest.mark.parametrize(
    "path",
    [
        "ConceptMap/cm/$translate?",
        "ConceptMap/cm/$translate?conceptMapVersion=2&",
        "ConceptMap/$translate?url=http://example.org/cm&",
        "ConceptMap/$translate?source=http://example.org/vs/a&target=http://example.org/vs/b&",
    ],
)
def test_codes_are_translated(fhir: FhirStore, path: str) -> None:
    beta = replace(fhir, api="v1beta1")
    fhir.put(CONCEPT_MAP)

    def translated(code: str) -> list[Any]:
        parameters: list[Any] = beta.read(f"{path}system=http://example.org/a&code={code}")["parameter"]
        return parameters

    coding = {"system": "http://example.org/b", "code": "one", "display": "One"}
    assert translated("1") == [
        {"name": "result", "valueBoolean": True},
        {
            "name": "match",
            "part": [
                {"name": "equivalence", "valueCode": "equal"},
                {"name": "concept", "valueCoding": coding},
                {"name": "source", "valueUri": "http://example.org/cm"},
            ],
        },
    ]
    assert translated("2")[0] == {"name": "result", "valueBoolean": False}
    assert translated("3")[0] == {"name": "result", "valueBoolean": False}
    assert issue(beta.send("GET", f"{path}code=1"))[0] == 400


@pytest.mark.parametrize(("version", "number"), [("STU3", "3.0.1"), ("R4", "4.0.1"), ("R5", "5.0.0")])
def test_capabilities_say_what_the_store_does(
    make_fhir_store: Callable[..., FhirStore], version: str, number: str
) -> None:
    statement = make_fhir_store(version, enableUpdateCreate=True, disableResourceVersioning=True).read("metadata")
    assert (statement["resourceType"], statement["fhirVersion"]) == ("CapabilityStatement", number)
    patient = next(each for each in statement["rest"][0]["resource"] if each["type"] == "Patient")
    assert patient["updateCreate"] is True
    assert patient["versioning"] == "no-version"
    assert {"name": "birthdate", "type": "date"} in patient["searchParam"]


def test_a_statement_has_the_form_of_google_s(fhir: FhirStore, healthcare: Any) -> None:
    """Google's page "Creating and managing FHIR stores"; without an id where the store's is none of FHIR."""
    statement = fhir.read("metadata")
    assert {name: statement[name] for name in ("experimental", "id", "kind", "status", "url")} == {
        "experimental": True,
        "id": fhir.name.rpartition("/")[2],
        "kind": "instance",
        "status": "draft",
        "url": fhir.name,
    }
    assert statement["version"] == date.fromisoformat(statement["date"]).strftime("%Y%m%d")
    assert statement["description"] == "FHIR capability statement for the FHIR store specified by the request."
    stores = healthcare.projects().locations().datasets().fhirStores()
    parent = fhir.name.partition("/fhirStores/")[0]
    name = stores.create(parent=parent, fhirStoreId="under_score", body={"version": "R4"}).execute()["name"]
    other = replace(fhir, name=name).read("metadata")
    assert other["url"] == name
    assert "id" not in other


@pytest.mark.parametrize("version", ["STU3", "R4"])
def test_capabilities_name_operations_as_google_s_do(make_fhir_store: Callable[..., FhirStore], version: str) -> None:
    """google/fhir-gateway keeps a statement of Google's: server/src/test/resources/capability.json."""
    store = make_fhir_store(version)
    rest = replace(store, api="v1beta1").read("metadata")["rest"][0]
    assert rest["documentation"] == f"Main FHIR endpoint for FHIR store {store.name.rpartition('/')[2]}"
    definition = {"R4": "OperationDefinition/Observation-lastn"}.get(version) or {
        "reference": "OperationDefinition/Observation-lastn"
    }
    assert {"definition": definition, "name": "lastn"} in rest["operation"]
    patient = next(each for each in rest["resource"] if each["type"] == "Patient")
    assert patient["searchInclude"] == ["Patient.general-practitioner", "Patient.link", "Patient.organization"]
    assert "lastn" not in {each["name"] for each in store.read("metadata")["rest"][0]["operation"]}


def test_metrics_count_resources_and_versions(fhir: FhirStore, healthcare: Any) -> None:
    stores = healthcare.projects().locations().datasets().fhirStores()
    assert stores.getFHIRStoreMetrics(name=fhir.name).execute() == {"name": fhir.name}
    fhir.put({**PATIENT, "id": "a"})
    fhir.put({**PATIENT, "id": "a", "gender": "male"})
    fhir.put({**PATIENT, "id": "b"})
    fhir.send("DELETE", "Patient/b")
    found = stores.getFHIRStoreMetrics(name=fhir.name).execute()
    (patient,) = found["metrics"]
    size = len(parsing.canonical(fhir.read("Patient/a")))
    assert (patient["resourceType"], patient["count"]) == ("Patient", "1")
    assert patient["structuredStorageSizeBytes"] == str(size)
    assert int(patient["versionedStorageSizeBytes"]) > 2 * size
