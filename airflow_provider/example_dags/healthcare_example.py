"""An example: import FHIR resources once the store is there, count them, and export them, waiting in the triggerer."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from cloud_healthcare_provider.operators.metrics import StoreMetricsOperator
from cloud_healthcare_provider.operators.transfers import FhirExportOperator, FhirImportOperator
from cloud_healthcare_provider.sensors import OperationSensor, ResourceSensor

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2.11
    from airflow import DAG

STORE = os.environ.get("EXAMPLE_FHIR_STORE", "projects/P/locations/L/datasets/D/fhirStores/S")
BUCKET = os.environ.get("EXAMPLE_BUCKET", "BUCKET")

with DAG("healthcare_example", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=False) as dag:
    there = ResourceSensor(task_id="there", resource=STORE, poke_interval=10)
    bring = FhirImportOperator(
        task_id="bring", store=STORE, gcs_uri=f"gs://{BUCKET}/{{{{ ds }}}}/*.ndjson", deferrable=True, poll_seconds=0.1
    )
    counted = StoreMetricsOperator(task_id="counted", store=STORE, at_least={"Patient": 1})
    away = FhirExportOperator(task_id="away", store=STORE, gcs_uri_prefix=f"gs://{BUCKET}/out/{{{{ ds }}}}")
    seen = OperationSensor(
        task_id="seen", operation_name="{{ ti.xcom_pull('away')['name'] }}", deferrable=True, poke_interval=10
    )
    there >> bring >> counted >> away >> seen
