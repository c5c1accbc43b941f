"""What a FHIR store may be set to, and what is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore

STREAM = {"bigqueryDestination": {"datasetUri": "bq://p.d", "schemaConfig": {"schemaType": "ANALYTICS"}}}


def refusal(error: "pytest.ExceptionInfo[HttpError]") -> tuple[int, str]:
    return int(error.value.resp.status), str(error.value.reason)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"version": "DSTU2", "consentConfig": {"version": "V1"}}, "A store of DSTU2 has no consentConfig"),
        ({"version": "VERSION_UNSPECIFIED"}, "version is required"),
        ({"version": "R6"}, "version"),
        ({"notificationConfigs": [{"pubsubTopic": "t"}]}, 'Invalid pubsubTopic "t"'),
        ({"streamConfigs": [STREAM] * 11}, "at most 10"),
        ({"streamConfigs": [{}]}, "needs one of bigqueryDestination"),
        (
            {"streamConfigs": [{"bigqueryDestination": {"datasetUri": "bq://p"}}]},
            'Invalid BigQuery datasetUri "bq://p"',
        ),
        ({"streamConfigs": [{**STREAM, "resourceTypes": ["Spaceship"]}]}, '"Spaceship" is no type of FHIR R4'),
        ({"bulkExportGcsDestination": {"uriPrefix": "/x"}}, 'Invalid uriPrefix "/x"'),
        ({"version": "R5", "complexDataTypeReferenceParsing": "DISABLED"}, "can't be DISABLED"),
        ({"version": "R5", "notificationConfig": {"pubsubTopic": "projects/p/topics/t"}}, "use notificationConfigs"),
        ({"version": "R5", "consentConfig": {"version": "V1"}}, "no consentConfig"),
    ],
)
def test_a_setting_that_google_refuses(
    make_fhir_store: Callable[..., FhirStore], settings: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(HttpError) as refused:
        make_fhir_store(**{"version": "R4", **settings})
    status, reason = refusal(refused)
    assert status == 400
    assert sentence in reason


@pytest.mark.parametrize(
    ("field", "value"),
    [("version", "STU3"), ("disableReferentialIntegrity", True), ("disableResourceVersioning", True)],
)
def test_what_is_fixed_stays(fhir: FhirStore, healthcare: Any, field: str, value: Any) -> None:
    stores = healthcare.projects().locations().datasets().fhirStores()
    with pytest.raises(HttpError) as refused:
        stores.patch(name=fhir.name, updateMask=field, body={field: value}).execute()
    assert refusal(refused)[0] == 400
    assert stores.get(name=fhir.name).execute() == {"name": fhir.name, "version": "R4", "enableUpdateCreate": True}


def test_a_store_shows_what_it_was_given_and_nothing_else(
    make_fhir_store: Callable[..., FhirStore], healthcare: Any
) -> None:
    settings: dict[str, Any] = {
        "enableUpdateCreate": True,
        "disableReferentialIntegrity": True,
        "validationConfig": {"disableRequiredFieldValidation": True},
        "notificationConfigs": [{"pubsubTopic": "projects/p/topics/t", "sendFullResource": True}],
        "streamConfigs": [STREAM],
        "labels": {"a": "b"},
    }
    store = make_fhir_store("R4", **settings)
    stores = healthcare.projects().locations().datasets().fhirStores()
    assert stores.get(name=store.name).execute() == {"name": store.name, "version": "R4", **settings}


def test_v1_shows_nothing_that_only_v1beta1_has(fhir: FhirStore) -> None:
    address = f"{fhir.base_url}/v1beta1/{fhir.name}"
    body: Any = {"enableHistoryModifications": True, "labels": {"a": "b"}}
    shown = {"name": fhir.name, "version": "R4", "enableUpdateCreate": True, "labels": {"a": "b"}}
    patched = fhir.session.patch(address, json=body, params={"updateMask": ",".join(body)}).json()
    assert patched == {**shown, "enableHistoryModifications": True} == fhir.session.get(address).json()
    address = address.replace("/v1beta1/", "/v1/")
    assert fhir.session.get(address).json() == shown
    listed = fhir.session.get(address.rpartition("/")[0], params={"filter": "labels.a=b"}).json()
    assert shown in listed["fhirStores"]
    assert fhir.session.patch(address, json={"labels": {"a": "c"}}, params={"updateMask": "labels"}).json() == {
        **shown,
        "labels": {"a": "c"},
    }
    beta = fhir.session.get(address.replace("/v1/", "/v1beta1/")).json()
    assert beta["enableHistoryModifications"] is True  # though the other version does not know it


def test_validation_can_be_switched_off_in_parts(make_fhir_store: Callable[..., FhirStore]) -> None:
    incomplete = {"resourceType": "Observation", "code": {"text": "x"}}
    wrong = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": "Basic/b"},
    }
    strict = make_fhir_store(disableReferentialIntegrity=True)
    assert strict.send("POST", "Observation", incomplete).status_code == 400
    assert strict.send("POST", "Observation", wrong).status_code == 400
    lax = make_fhir_store(
        disableReferentialIntegrity=True,
        validationConfig={"disableRequiredFieldValidation": True, "disableReferenceTypeValidation": True},
    )
    assert lax.send("POST", "Observation", incomplete).status_code == 201
    assert lax.send("POST", "Observation", wrong).status_code == 201


def test_fhirpath_validation_can_be_switched_off(make_fhir_store: Callable[..., FhirStore]) -> None:
    content = {"resourceType": "Patient", "name": [{"period": {"start": "2021", "end": "2020"}}]}
    refused = make_fhir_store().send("POST", "Patient", content)
    assert refused.status_code == 400
    assert refused.json()["issue"][0]["diagnostics"].startswith("fhirpath-constraint-violation-Patient.name.period: ")
    lax = make_fhir_store(validationConfig={"disableFhirpathValidation": True})
    assert lax.send("POST", "Patient", content).status_code == 201


def test_versions_of_fhir_are_told_apart(make_fhir_store: Callable[..., FhirStore]) -> None:
    content = {"resourceType": "Patient", "animal": {"species": {"text": "cat"}}}  # of STU3 only
    assert make_fhir_store("STU3").send("POST", "Patient", content).status_code == 201
    assert make_fhir_store("R4").send("POST", "Patient", content).status_code == 400
    assert make_fhir_store("R5").send("POST", "Patient", PATIENT).status_code == 201
