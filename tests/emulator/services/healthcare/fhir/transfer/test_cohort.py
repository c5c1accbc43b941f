"""executeCohort (v1beta1): the resources that FHIRPath expressions choose, in files."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, observation
from tests.support.emulator import RunningEmulator

WOMEN = "Patient.gender = 'female'"


def asked(bucket: str, *expressions: str | Json, **more: Any) -> Json:
    listed = [{"fhirpathExpression": each} if isinstance(each, str) else each for each in expressions]
    return {"fhirpathQuery": {"expressions": listed}, "gcsDestination": {"uriPrefix": f"gs://{bucket}/out"}, **more}


def chosen(
    emulator: RunningEmulator, store: FhirStore, bucket: str, *expressions: str | Json, **more: Any
) -> dict[str, list[str]]:
    """The ids of the resources in each file, by its name without the operation's number."""
    done = transfers.run(emulator, store.name, "executeCohort", asked(bucket, *expressions, **more), "v1beta1")
    assert done["response"]["fhirStore"] == store.name, done
    number = done["name"].rpartition("/")[2]
    names = [name for name in transfers.names(emulator, bucket) if f"{number}_" in name]
    texts = {name: transfers.download(emulator, bucket, name).splitlines() for name in names}
    return {
        name.removeprefix("out/").replace(f"{number}_", ""): sorted(json.loads(line)["id"] for line in lines)
        for name, lines in texts.items()
    }


@pytest.fixture
def store(fhir: FhirStore) -> FhirStore:
    """A store with a woman who has an observation, and a man."""
    fhir.put({**PATIENT, "id": "w"})
    fhir.put({**PATIENT, "id": "m", "gender": "male"})
    fhir.put(observation("Patient/w", id="o"))
    return fhir


def test_what_is_true_of_a_resource_chooses_it(emulator: RunningEmulator, store: FhirStore, bucket: str) -> None:
    assert chosen(emulator, store, bucket, WOMEN) == {"Patient": ["w"]}
    assert chosen(emulator, store, bucket, "Patient.where(gender = 'male')") == {"Patient": ["m"]}
    assert chosen(emulator, store, bucket, "Resource.id.exists()") == {"Patient": ["m", "w"], "Observation": ["o"]}
    assert chosen(emulator, store, bucket, "Patient.deceased.exists()") == {}


def test_resources_that_are_referred_to_are_chosen(emulator: RunningEmulator, store: FhirStore, bucket: str) -> None:
    assert chosen(emulator, store, bucket, "Observation.subject.resolve()") == {"Patient": ["w"]}
    by_patient = "Observation.subject.resolve().gender = 'female'"
    assert chosen(emulator, store, bucket, by_patient, WOMEN) == {"Observation": ["o"], "Patient": ["w"]}


def test_labels_are_folders(emulator: RunningEmulator, store: FhirStore, bucket: str) -> None:
    labelled = [
        {"fhirpathExpression": WOMEN, "label": "a"},
        {"fhirpathExpression": "Patient.gender = 'male'", "label": "a"},
        {"fhirpathExpression": "Observation.status = 'final'", "label": "b/c"},
    ]
    assert chosen(emulator, store, bucket, *labelled) == {"a/Patient": ["m", "w"], "b/c/Observation": ["o"]}


def test_a_cohort_of_the_past(emulator: RunningEmulator, store: FhirStore, bucket: str) -> None:
    then = store.read("Observation/o")["meta"]["lastUpdated"]
    store.put({**PATIENT, "id": "m"})
    store.send("DELETE", "Observation/o")
    store.put({**PATIENT, "id": "new"})
    assert chosen(emulator, store, bucket, WOMEN) == {"Patient": ["m", "new", "w"]}
    assert chosen(emulator, store, bucket, WOMEN, _at=then) == {"Patient": ["w"]}
    assert chosen(emulator, store, bucket, "Observation.subject.resolve()", _at=then) == {"Patient": ["w"]}


def test_a_trial_writes_nothing(emulator: RunningEmulator, store: FhirStore, bucket: str) -> None:
    assert chosen(emulator, store, bucket, WOMEN, validateOnly=True) == {}


def test_an_expression_that_chooses_no_resources_fails(
    emulator: RunningEmulator, store: FhirStore, bucket: str
) -> None:
    done = transfers.run(emulator, store.name, "executeCohort", asked(bucket, "Patient.gender"), "v1beta1")
    assert done["metadata"]["counter"] == {"failure": "2"}
    entries = transfers.log_entries(emulator, done["name"])
    assert {entry["jsonPayload"]["source"].rpartition("/")[2] for entry in entries} == {"w", "m"}
    assert "female" not in json.dumps(entries)


@pytest.mark.parametrize(
    "wrong",
    [
        {"fhirpathQuery": {}},
        {"fhirpathQuery": {"expressions": [{"fhirpathExpression": "gender = 'male'"}]}},
        {"fhirpathQuery": {"expressions": [{"fhirpathExpression": "Patient"}]}},
        {"fhirpathQuery": {"expressions": [{"fhirpathExpression": "Patient.shoe("}]}},
        {"fhirpathQuery": {"expressions": [{"fhirpathExpression": WOMEN, "label": "../x"}]}},
        {"fhirpathQuery": {"expressions": [{"fhirpathExpression": WOMEN}], "engineVersion": "9"}},
        {"gcsDestination": {"uriPrefix": "x"}},
        {"_at": "2020-99-01T00:00:00Z"},
    ],
)
def test_what_can_not_be_evaluated_is_refused_at_once(
    emulator: RunningEmulator, store: FhirStore, bucket: str, wrong: Json
) -> None:
    body = {**asked(bucket, WOMEN), **wrong}
    code, answer = emulator.request("POST", f"/v1beta1/{store.name}:executeCohort", body)
    assert (code, answer["error"]["status"]) == (400, "INVALID_ARGUMENT"), answer


def test_the_past_needs_a_history(
    emulator: RunningEmulator, make_fhir_store: Callable[..., FhirStore], bucket: str
) -> None:
    store = make_fhir_store(disableResourceVersioning=True)
    body = asked(bucket, WOMEN, _at="2020-01-01T00:00:00Z")
    code, answer = emulator.request("POST", f"/v1beta1/{store.name}:executeCohort", body)
    assert (code, answer["error"]["status"]) == (400, "FAILED_PRECONDITION")
