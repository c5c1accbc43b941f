"""Operators on the emulator: what they do, and how retries and kills go."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.exceptions import AirflowException

from cloud_healthcare_provider.operators.deidentify import DatasetDeidentifyOperator, FhirDeidentifyOperator
from cloud_healthcare_provider.operators.metrics import StoreMetricsOperator
from cloud_healthcare_provider.operators.transfers import FhirExportOperator, Hl7v2ExportOperator, Hl7v2ImportOperator
from conftest import Make, Place, TaskDeferred

MESSAGE = "MSH|^~\\&|LAB|CLINIC|EHR|CLINIC|20260101120000||ADT^A01|M1|P|2.5\rPID|||1^^^MRN||Doe^Jane\r"


def test_an_import_gives_its_name_and_counters(fhir_import: Make, context: dict[str, Any], place: Place) -> None:
    result = fhir_import().execute(context)
    assert (result["success"], result["failure"]) == (1, 0)
    assert result["name"] in place.imports()
    assert context["task_state_store"].kept == {}


def test_an_operation_with_more_failures_than_allowed_fails_the_task(
    fhir_import: Make, context: dict[str, Any], place: Place
) -> None:
    uri = place.put("bad.ndjson", b'{"resourceType": "Patient", "id": "b"}\n{"resourceType": "Nothing"}\n')
    with pytest.raises(AirflowException, match="1 failed and 1 were done"):
        fhir_import(gcs_uri=uri).execute(context)
    assert fhir_import(gcs_uri=uri, allowed_failures=1).execute(context)["failure"] == 1
    assert fhir_import(gcs_uri=uri, allowed_failures=None).execute(context)["failure"] == 1


def test_a_refusal_says_what_google_says(fhir_import: Make, context: dict[str, Any], place: Place) -> None:
    with pytest.raises(AirflowException, match=r"HTTP 404: .*missing"):
        fhir_import(store=f"{place.dataset}/fhirStores/missing").execute(context)


def test_a_retry_goes_on_with_the_operation_of_the_try_before(
    fhir_import: Make, context: dict[str, Any], place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = fhir_import()

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(killed.hook, "wait", die)
    monkeypatch.setattr(killed, "_end", die)  # the operation may have ended before the worker looks
    with pytest.raises(KeyboardInterrupt):
        killed.execute(context)
    (started,) = place.imports()
    assert fhir_import().execute(context)["name"] == started
    assert place.imports() == [started]


def test_a_retry_after_a_failure_starts_another_operation(
    fhir_import: Make, context: dict[str, Any], place: Place
) -> None:
    missing = f"gs://{place.bucket}/later.ndjson"
    with pytest.raises(AirflowException):
        fhir_import(gcs_uri=missing).execute(context)
    place.put("later.ndjson", b'{"resourceType": "Patient", "id": "late"}')
    assert fhir_import(gcs_uri=missing).execute(context)["success"] == 1


def test_another_request_does_not_take_the_operation_over(
    fhir_import: Make, context: dict[str, Any], place: Place
) -> None:
    first = fhir_import()
    first._start(first._memory(context))
    place.put("other.ndjson", b'{"resourceType": "Patient", "id": "other"}')
    fhir_import(gcs_uri=f"gs://{place.bucket}/other.ndjson").execute(context)
    assert len(place.imports()) == 2


def test_an_operation_that_google_has_forgotten_is_started_again(
    fhir_import: Make, context: dict[str, Any], place: Place
) -> None:
    operator = fhir_import()
    operator._memory(context).keep(f"{place.dataset}/operations/123")
    assert operator.execute(context)["success"] == 1


def test_a_task_that_is_killed_cancels_its_operation(
    fhir_import: Make, context: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = fhir_import()
    cancelled: list[str] = []
    monkeypatch.setattr(operator.hook, "cancel", cancelled.append)
    operator.on_kill()
    assert cancelled == []
    name = operator._start(operator._memory(context)).name
    operator._started = name
    operator.on_kill()
    assert cancelled == [name]


def test_a_deferrable_operator_waits_in_the_triggerer(fhir_import: Make, context: dict[str, Any], place: Place) -> None:
    operator = fhir_import(deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context)
    path, arguments = deferred.value.trigger.serialize()
    assert path == "cloud_healthcare_provider.trigger.OperationTrigger"
    assert [arguments["name"]] == place.imports()
    again = fhir_import(deferrable=True)
    operator.hook.wait(arguments["name"], 0.05)
    assert again.execute_complete(context, {"name": arguments["name"]})["success"] == 1
    with pytest.raises(AirflowException, match="could not be looked at: no connection"):
        again.execute_complete(context, {"name": arguments["name"], "error": "no connection"})


def test_fhir_goes_out_and_is_deidentified(fhir_import: Make, context: dict[str, Any], place: Place) -> None:
    operator: Any = fhir_import()
    operator.execute(context)
    export = FhirExportOperator(
        task_id="export", store=operator.store, gcs_uri_prefix=f"gs://{place.bucket}/out", poll_seconds=0.05
    )
    assert export.execute(context)["success"] == 1
    twin = place.store("fhir", version="R4", enableUpdateCreate=True)
    config: dict[str, Any] = {"text": {}, "fhir": {}}
    away = FhirDeidentifyOperator(
        task_id="away", source=operator.store, destination=twin, config=config, poll_seconds=0.05
    )
    assert away.execute(context)["success"] == 1
    whole = DatasetDeidentifyOperator(
        task_id="whole", source=place.dataset, destination=f"{place.dataset}-away", config=config, poll_seconds=0.05
    )
    assert whole.execute(context)["failure"] == 0


def test_messages_come_in_and_go_out(context: dict[str, Any], place: Place) -> None:
    import base64

    store = place.store("hl7V2")
    line = json.dumps({"data": base64.b64encode(MESSAGE.encode()).decode()})
    uri = place.put("messages.ndjson", line.encode())
    come = Hl7v2ImportOperator(task_id="in", store=store, gcs_uri=uri, poll_seconds=0.05)
    assert come.execute(context)["success"] == 1
    go = Hl7v2ExportOperator(task_id="out", store=store, gcs_uri_prefix=f"gs://{place.bucket}/out", poll_seconds=0.05)
    assert go.execute(context)["success"] == 1
    assert StoreMetricsOperator(task_id="count", store=store).execute(context) == {"ADT": 1}


def test_a_store_that_holds_too_little_fails_the_check(fhir_import: Make, context: dict[str, Any]) -> None:
    operator: Any = fhir_import()
    operator.execute(context)
    check = StoreMetricsOperator(task_id="count", store=operator.store, at_least={"Patient": 1})
    assert check.execute(context) == {"Patient": 1}
    check.at_least = {"Patient": 2, "Observation": 1}
    with pytest.raises(AirflowException, match="Patient is 1 and not 2, Observation is 0 and not 1"):
        check.execute(context)
