"""A program as yours might be: it registers patients in a FHIR store, and keeps what was said of them in a bucket."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from google.cloud import storage


def register(healthcare: Any, fhir_store: str, family: str) -> str:
    """Create a patient; gives the id. Tries again twice where the store is not available."""
    fhir = healthcare.projects().locations().datasets().fhirStores().fhir()
    body = {"resourceType": "Patient", "name": [{"family": family}]}
    patient = fhir.create(parent=fhir_store, type="Patient", body=body).execute(num_retries=2)
    return str(patient["id"])


def count(healthcare: Any, fhir_store: str) -> int:
    """How many patients the store holds."""
    fhir = healthcare.projects().locations().datasets().fhirStores().fhir()
    found = fhir.search(parent=fhir_store, body={"resourceType": "Patient"}).execute()
    return int(found["total"])


def keep(bucket: str, patient: str, text: str) -> datetime:
    """Keep a text about a patient; gives when that was."""
    blob = storage.Client().bucket(bucket).blob(f"{patient}.txt")
    blob.upload_from_string(text)
    created: datetime = blob.time_created
    return created
