"""Each test has the emulator for itself: what one makes, the next does not see."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import registry
from googleapiclient.errors import HttpError


@pytest.mark.parametrize("family", ["Okafor", "Nguyen"])
def test_a_patient_is_registered(gcp_dataset: Any, gcp_healthcare: Any, family: str) -> None:
    assert registry.count(gcp_healthcare, gcp_dataset.fhir_store) == 0
    registry.register(gcp_healthcare, gcp_dataset.fhir_store, family)
    assert registry.count(gcp_healthcare, gcp_dataset.fhir_store) == 1


def test_it_tries_again(gcp_dataset: Any, gcp_healthcare: Any, gcp_fault: Any, gcp_emulator: Any) -> None:
    method = "healthcare.projects.locations.datasets.fhirStores.fhir.create"
    gcp_fault(method, code=503)
    registry.register(gcp_healthcare, gcp_dataset.fhir_store, "Okafor")
    assert [call["status"] for call in gcp_emulator.requests(method=method)] == [503, 201]


def test_a_reader_registers_nobody(gcp_dataset: Any, gcp_emulator: Any, gcp_principal: Any) -> None:
    reader = gcp_principal("roles/healthcare.fhirResourceReader")
    path = f"/v1/{gcp_dataset.fhir_store}/fhir/Patient"
    with pytest.raises(Exception, match="403"):
        gcp_emulator.request("POST", path, {"resourceType": "Patient"}, token=reader.token)


def test_a_store_that_is_not_there(gcp_healthcare: Any, gcp_dataset: Any) -> None:
    with pytest.raises(HttpError, match="404"):
        registry.register(gcp_healthcare, f"{gcp_dataset.name}/fhirStores/other", "Okafor")


def test_texts_are_kept_with_their_time(gcp_bucket: str, gcp_clock: Any, gcp_storage: Any) -> None:
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    gcp_clock.freeze(noon)
    assert registry.keep(gcp_bucket, "1", "No finding.") == noon
    gcp_clock.move(3600)
    assert registry.keep(gcp_bucket, "2", "No finding.").hour == 13
    assert gcp_storage.bucket(gcp_bucket).blob("1.txt").download_as_text() == "No finding."


def test_a_notification_of_the_bucket(gcp_bucket: str, gcp_topic: Any, gcp_storage: Any) -> None:
    topic = gcp_topic.name.rsplit("/", 1)[-1]
    gcp_storage.bucket(gcp_bucket).notification(topic_name=topic, payload_format="NONE").create()
    registry.keep(gcp_bucket, "1", "No finding.")
    assert [message.attributes["objectId"] for message in gcp_topic.messages()] == ["1.txt"]


def test_rows(gcp_bigquery: Any) -> None:
    assert [row.n for row in gcp_bigquery.query_and_wait("SELECT 1 AS n")] == [1]
