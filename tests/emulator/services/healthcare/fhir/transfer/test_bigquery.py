"""Export and streams to BigQuery (Cloud Healthcare: fhirStores.export, FhirStore.streamConfigs)."""

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, observation
from tests.support.emulator import RunningEmulator
from tests.support.patience import eventually

if TYPE_CHECKING:
    from google.cloud import bigquery

pytestmark = pytest.mark.usefixtures("agent_runs_jobs")
MakeStore = Callable[..., FhirStore]
SHAPES = [("ANALYTICS", "v1"), ("ANALYTICS_V2", "v1"), ("LOSSLESS", "v1beta1")]  # and the first API that has it
RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"


def to(tables: str, shape: str = "ANALYTICS", **more: Any) -> Json:
    return {"bigqueryDestination": {"datasetUri": f"bq://{tables}", "schemaConfig": {"schemaType": shape}, **more}}


def rows(client: "bigquery.Client", query: str) -> list[Json]:
    return [dict(row) for row in client.query(query).result()]


def until(client: "bigquery.Client", table: str, query: str, number: int) -> list[Json]:
    """The rows of a query once the table is there and they are so many."""
    from google.api_core.exceptions import NotFound

    def found() -> list[Json]:
        with contextlib.suppress(NotFound):
            client.get_table(table)
            return rows(client, query)
        return []

    return eventually(found, lambda known: len(known) == number)


@pytest.mark.parametrize(("shape", "api"), SHAPES)
def test_each_type_becomes_a_table(
    emulator: RunningEmulator, fhir: FhirStore, bigquery_client: "bigquery.Client", tables: str, shape: str, api: str
) -> None:
    made = fhir.put({**PATIENT, "id": "a", "multipleBirthInteger": 2})
    fhir.put(observation("Patient/a", id="o"))
    done = transfers.run(emulator, fhir.name, "export", to(tables, shape), api)
    assert done["metadata"]["counter"] == {"success": "2"}
    (patient,) = rows(bigquery_client, f"SELECT id, gender, name, meta FROM `{tables}.Patient`")
    assert (patient["id"], patient["gender"]) == ("a", "female")
    assert patient["name"][0]["given"] == ["Darcy"]
    assert patient["meta"]["versionId"] == made["meta"]["versionId"]
    subject = "subject.reference" if shape == "LOSSLESS" else "subject.patientId"
    (seen,) = rows(bigquery_client, f"SELECT {subject} AS subject FROM `{tables}.Observation`")
    assert seen["subject"] == ("Patient/a" if shape == "LOSSLESS" else "a")


def test_columns_are_those_of_the_definitions_and_of_extensions(
    emulator: RunningEmulator, fhir: FhirStore, bigquery_client: "bigquery.Client", tables: str
) -> None:
    fhir.put({**PATIENT, "id": "a", "extension": [{"url": RACE, "valueString": "x"}]})
    fhir.put({**PATIENT, "id": "b"})
    transfers.run(emulator, fhir.name, "export", to(tables))
    names = {field.name for field in bigquery_client.get_table(f"{tables}.Patient").schema}
    assert {"maritalStatus", "contact", "us_core_race"} <= names
    found = rows(bigquery_client, f"SELECT id, us_core_race.value.string AS race FROM `{tables}.Patient` ORDER BY id")
    assert found == [{"id": "a", "race": "x"}, {"id": "b", "race": None}]


def test_a_resource_without_a_row_is_logged_and_the_rest_written(
    emulator: RunningEmulator, fhir: FhirStore, bigquery_client: "bigquery.Client", tables: str
) -> None:
    twice = [{"url": RACE, "valueString": "x"}, {"url": RACE, "valueString": "y"}]
    fhir.put({**PATIENT, "id": "a", "extension": twice})
    fhir.put({**PATIENT, "id": "b"})
    done = transfers.run(emulator, fhir.name, "export", to(tables))
    assert done["metadata"]["counter"] == {"success": "1", "failure": "1"}
    assert rows(bigquery_client, f"SELECT id FROM `{tables}.Patient`") == [{"id": "b"}]
    (entry,) = transfers.log_entries(emulator, done["name"])
    assert entry["jsonPayload"]["source"] == f"{fhir.name}/fhir/Patient/a"
    again = transfers.run(emulator, fhir.name, "export", to(tables, "ANALYTICS_V2", writeDisposition="WRITE_TRUNCATE"))
    assert again["metadata"]["counter"] == {"success": "2"}


def test_tables_with_rows_are_kept_unless_told_otherwise(
    emulator: RunningEmulator, fhir: FhirStore, bigquery_client: "bigquery.Client", tables: str
) -> None:
    fhir.put({**PATIENT, "id": "a"})
    transfers.run(emulator, fhir.name, "export", to(tables))
    assert "error" in transfers.run(emulator, fhir.name, "export", to(tables))
    transfers.run(emulator, fhir.name, "export", to(tables, writeDisposition="WRITE_APPEND"))
    assert len(rows(bigquery_client, f"SELECT id FROM `{tables}.Patient`")) == 2


def test_what_is_refused_at_once(emulator: RunningEmulator, fhir: FhirStore, tables: str) -> None:
    for wrong in (
        to(tables, "ANALYTIC"),
        to(tables, datasetUri="bq://nothing"),
        to(f"other.{tables.partition('.')[2]}"),
        partitioned(tables, lastUpdatedPartitionConfig={}),
        partitioned(tables, lastUpdatedPartitionConfig={"type": "DAY", "expirationMs": "-1"}),
    ):
        assert emulator.request("POST", f"/v1/{fhir.name}:export", wrong)[0] == 400


def test_a_stream_can_not_be_lossless(emulator: RunningEmulator, fhir: FhirStore, tables: str) -> None:
    body = {"streamConfigs": [to(tables, "LOSSLESS")]}
    code, answer = emulator.request("PATCH", f"/v1beta1/{fhir.name}?updateMask=streamConfigs", body)
    assert (code, "LOSSLESS" in answer["error"]["message"]) == (400, True)


@pytest.mark.parametrize(("shape", "api"), SHAPES[:2])
def test_a_stream_has_every_version_and_a_view_the_current_ones(
    emulator: RunningEmulator,
    fhir: FhirStore,
    bigquery_client: "bigquery.Client",
    tables: str,
    shape: str,
    api: str,
) -> None:
    store, configs = fhir, {"streamConfigs": [to(tables, shape)]}
    assert emulator.request("PATCH", f"/{api}/{store.name}?updateMask=streamConfigs", configs)[0] == 200
    store.put({**PATIENT, "id": "a"})
    store.put({**PATIENT, "id": "a", "gender": "male"})
    store.put({**PATIENT, "id": "b"})
    store.send("DELETE", "Patient/b")
    told = "SELECT id, tag.code AS code FROM `{}.Patient`, UNNEST(meta.tag) AS tag ORDER BY meta.lastUpdated"
    found = until(bigquery_client, f"{tables}.Patient", told.format(tables), 4)
    assert [(row["id"], row["code"]) for row in found] == [
        ("a", "CREATE"),
        ("a", "UPDATE"),
        ("b", "CREATE"),
        ("b", "DELETE"),
    ]
    view = f"{tables}.PatientView"
    assert until(bigquery_client, view, f"SELECT id, gender FROM `{view}`", 1) == [{"id": "a", "gender": "male"}]


DAILY = {"lastUpdatedPartitionConfig": {"type": "DAY", "expirationMs": "86400000000"}}


def partitioned(tables: str, shape: str = "ANALYTICS_V2", **more: Any) -> Json:
    return to(tables, schemaConfig={"schemaType": shape, **DAILY, **more})


@pytest.mark.parametrize(("shape", "api"), SHAPES)
def test_tables_are_partitioned_by_the_time_of_the_last_change(
    emulator: RunningEmulator, fhir: FhirStore, bigquery_client: "bigquery.Client", tables: str, shape: str, api: str
) -> None:
    made = fhir.put({**PATIENT, "id": "a"})
    transfers.run(emulator, fhir.name, "export", partitioned(tables, shape), api)
    how = bigquery_client.get_table(f"{tables}.Patient").time_partitioning
    assert (how.type_, how.field, how.expiration_ms) == ("DAY", "lastUpdated", 86_400_000_000)
    query = f"SELECT id, STRING(lastUpdated) AS moment, meta.lastUpdated AS kept FROM `{tables}.Patient`"
    (row,) = rows(bigquery_client, f"{query} WHERE lastUpdated > TIMESTAMP '2020-01-01'")
    assert row["kept"] == made["meta"]["lastUpdated"]
    assert row["moment"][:19] == row["kept"][:19].replace("T", " ")


def test_streams_make_partitioned_tables_with_a_view(
    make_fhir_store: MakeStore, bigquery_client: "bigquery.Client", tables: str
) -> None:
    store = make_fhir_store(enableUpdateCreate=True, streamConfigs=[partitioned(tables)])
    store.put({**PATIENT, "id": "a"})
    store.put({**PATIENT, "id": "a", "gender": "male"})
    view = f"{tables}.PatientView"
    until(bigquery_client, f"{tables}.Patient", f"SELECT id FROM `{tables}.Patient`", 2)
    assert until(bigquery_client, view, f"SELECT id, gender FROM `{view}`", 1) == [{"id": "a", "gender": "male"}]
    assert bigquery_client.get_table(f"{tables}.Patient").time_partitioning.field == "lastUpdated"


def captured(tables: str, **more: Any) -> Json:
    return to(tables, "ANALYTICS_V2", changeDataCaptureConfig=more)


def key(client: "bigquery.Client", table: str) -> Any:
    return client.get_table(table).to_api_repr()["tableConstraints"]["primaryKey"]["columns"]


def test_a_stream_that_captures_changes_keeps_the_latest_version_only(
    emulator: RunningEmulator, fhir: FhirStore, bigquery_client: "bigquery.Client", tables: str
) -> None:
    path = f"/v1beta1/{fhir.name}?updateMask=streamConfigs"
    assert emulator.request("PATCH", path, {"streamConfigs": [captured(tables)]})[0] == 200
    table = f"{tables}.Patient"
    fhir.put({**PATIENT, "id": "a"})
    fhir.put({**PATIENT, "id": "b"})
    until(bigquery_client, table, f"SELECT id FROM `{table}`", 2)
    fhir.put({**PATIENT, "id": "a", "gender": "male"})
    fhir.send("DELETE", "Patient/b")
    fhir.put({**PATIENT, "id": "c"})
    fhir.send("DELETE", "Patient/c")
    fhir.put({**PATIENT, "id": "last"})
    until(bigquery_client, table, f"SELECT id FROM `{table}` WHERE id = 'last'", 1)
    found = rows(bigquery_client, f"SELECT id, gender FROM `{table}` ORDER BY id")
    assert found == [{"id": "a", "gender": "male"}, {"id": "last", "gender": "female"}]
    assert key(bigquery_client, table) == ["id"]
    assert [each.table_id for each in bigquery_client.list_tables(tables)] == ["Patient"]  # without a view


ALL = {"historyMode": "KEEP_ALL_VERSIONS"}


def test_a_stream_that_captures_changes_may_keep_all_versions(
    emulator: RunningEmulator, fhir: FhirStore, bigquery_client: "bigquery.Client", tables: str
) -> None:
    path = f"/v1beta1/{fhir.name}?updateMask=streamConfigs"
    assert emulator.request("PATCH", path, {"streamConfigs": [captured(tables, **ALL)]})[0] == 200
    first = fhir.put({**PATIENT, "id": "a"})
    second = fhir.put({**PATIENT, "id": "a", "gender": "male"})
    fhir.put({**PATIENT, "id": "b"})
    fhir.send("DELETE", "Patient/b")
    table, view = f"{tables}.Patient", f"{tables}.PatientView"
    until(bigquery_client, table, f"SELECT id FROM `{table}`", 4)
    found = rows(bigquery_client, f"SELECT versionId FROM `{table}` WHERE id = 'a' ORDER BY meta.lastUpdated")
    assert [each["versionId"] for each in found] == [each["meta"]["versionId"] for each in (first, second)]
    assert until(bigquery_client, view, f"SELECT id, gender FROM `{view}`", 1) == [{"id": "a", "gender": "male"}]
    assert key(bigquery_client, table) == ["id", "versionId"]


def test_exports_append_by_the_key_of_captured_changes(
    emulator: RunningEmulator, fhir: FhirStore, bigquery_client: "bigquery.Client", tables: str
) -> None:
    def export(**more: str) -> list[Json]:
        wanted = captured(tables, **more)
        wanted["bigqueryDestination"]["writeDisposition"] = "WRITE_APPEND"
        transfers.run(emulator, fhir.name, "export", wanted, "v1beta1")
        return rows(bigquery_client, f"SELECT id, gender FROM `{tables}.Patient` ORDER BY id, gender")

    fhir.put({**PATIENT, "id": "a"})
    fhir.put({**PATIENT, "id": "b"})
    assert export() == export() == [{"id": each, "gender": "female"} for each in "ab"]
    fhir.put({**PATIENT, "id": "a", "gender": "male"})
    assert export() == [{"id": "a", "gender": "male"}, {"id": "b", "gender": "female"}]
    bigquery_client.delete_table(f"{tables}.Patient")
    assert export(**ALL) == export(**ALL)
    fhir.put({**PATIENT, "id": "a"})
    assert [each["gender"] for each in export(**ALL) if each["id"] == "a"] == ["female", "male"]


def test_all_versions_need_a_store_that_keeps_them(
    emulator: RunningEmulator, make_fhir_store: MakeStore, tables: str
) -> None:
    store = make_fhir_store(disableResourceVersioning=True)
    body = {"streamConfigs": [captured(tables, **ALL)]}
    code, answer = emulator.request("PATCH", f"/v1beta1/{store.name}?updateMask=streamConfigs", body)
    assert (code, "keeps versions" in answer["error"]["message"]) == (400, True)
    done = transfers.run(emulator, store.name, "export", captured(tables, **ALL), "v1beta1")
    assert done["error"]["code"] == 3


def test_an_export_whose_changes_are_captured_has_a_key(
    emulator: RunningEmulator, fhir: FhirStore, bigquery_client: "bigquery.Client", tables: str
) -> None:
    fhir.put({**PATIENT, "id": "a"})
    transfers.run(emulator, fhir.name, "export", captured(tables), "v1beta1")
    assert key(bigquery_client, f"{tables}.Patient") == ["id"]


def test_a_stream_of_some_types(make_fhir_store: MakeStore, bigquery_client: "bigquery.Client", tables: str) -> None:
    config = {**to(tables), "resourceTypes": ["Observation"]}
    store = make_fhir_store(enableUpdateCreate=True, streamConfigs=[config])
    store.put({**PATIENT, "id": "a"})
    store.put(observation("Patient/a", id="o"))
    until(bigquery_client, f"{tables}.Observation", f"SELECT id FROM `{tables}.Observation`", 1)
    assert {table.table_id for table in bigquery_client.list_tables(tables)} <= {"Observation", "ObservationView"}
