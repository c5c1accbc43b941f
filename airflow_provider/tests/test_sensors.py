"""Sensors on the emulator."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.exceptions import AirflowException

from cloud_healthcare_provider.sensors import OperationSensor, ResourceSensor, StoreMetricsSensor
from conftest import Make, Place, TaskDeferred


def test_a_store_is_waited_for_until_it_is_there(place: Place) -> None:
    there = place.store("dicom")
    assert ResourceSensor(task_id="t", resource=there).poke({})
    assert ResourceSensor(task_id="t", resource=place.dataset).poke({})
    assert not ResourceSensor(task_id="t", resource=f"{place.dataset}/dicomStores/none").poke({})


def test_an_operation_is_waited_for_until_it_has_ended(fhir_import: Make, context: dict[str, Any]) -> None:
    result = fhir_import().execute(context)
    assert OperationSensor(task_id="t", operation_name=result["name"]).poke({})


def test_an_operation_that_went_wrong_fails_the_sensor(
    fhir_import: Make, context: dict[str, Any], place: Place
) -> None:
    uri = place.put("bad.ndjson", b'{"resourceType": "Nothing"}\n')
    result = fhir_import(gcs_uri=uri, allowed_failures=None).execute(context)
    with pytest.raises(AirflowException, match="1 failed"):
        OperationSensor(task_id="t", operation_name=result["name"]).poke({})
    assert OperationSensor(task_id="t", operation_name=result["name"], allowed_failures=None).poke({})


def test_a_deferrable_sensor_hands_an_operation_that_runs_to_the_triggerer(
    fhir_import: Make, context: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = fhir_import().execute(context)
    sensor = OperationSensor(task_id="t", operation_name=result["name"], deferrable=True)
    sensor.execute(context)
    monkeypatch.setattr(sensor, "poke", lambda _: False)
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute(context)
    assert deferred.value.trigger.name == result["name"]


def test_a_store_is_waited_for_until_it_holds_what_it_should(fhir_import: Make, context: dict[str, Any]) -> None:
    operator: Any = fhir_import()
    sensor = StoreMetricsSensor(task_id="t", store=operator.store, at_least={"Patient": 1})
    assert not sensor.poke({})
    operator.execute(context)
    assert sensor.poke({})
