"""Datasets, driven by google-cloud-bigquery."""

from collections.abc import Callable

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.support.emulator import RunningEmulator


def test_a_new_dataset_has_location_times_and_default_access(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    found = bigquery_client.get_dataset(dataset.reference)
    assert found.location == "US"
    assert found.created is not None
    assert found.etag == dataset.etag
    roles = {(entry.role, entry.entity_type, entry.entity_id) for entry in found.access_entries}
    assert {
        ("OWNER", "specialGroup", "projectOwners"),
        ("WRITER", "specialGroup", "projectWriters"),
        ("READER", "specialGroup", "projectReaders"),
    } < roles


def test_names_without_case_are_refused_and_not_pretended(
    bigquery_client: bigquery.Client, unique: Callable[[str], str]
) -> None:
    """python-bigquery, tests/system/test_client.py, test_create_tables_in_case_insensitive_dataset."""
    wanted = bigquery.Dataset(f"{bigquery_client.project}.{unique('names').replace('-', '_')}")
    wanted.is_case_insensitive = True
    with pytest.raises(exceptions.MethodNotImplemented, match="isCaseInsensitive"):
        bigquery_client.create_dataset(wanted)
    wanted.is_case_insensitive = False
    assert not bigquery_client.create_dataset(wanted).is_case_insensitive
    bigquery_client.delete_dataset(wanted)


def test_create_twice_is_a_conflict(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    with pytest.raises(exceptions.Conflict, match="Already Exists: Dataset"):
        bigquery_client.create_dataset(dataset.dataset_id)
    bigquery_client.create_dataset(dataset.dataset_id, exists_ok=True)


def test_a_bad_name_is_refused(bigquery_client: bigquery.Client) -> None:
    with pytest.raises(exceptions.BadRequest, match='Invalid dataset ID "no-dashes"'):
        bigquery_client.create_dataset("no-dashes")


def test_update_sets_fields_and_deletes_labels(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    dataset.description = "films"
    dataset.labels = {"kind": "test", "old": "yes"}
    dataset.default_table_expiration_ms = 3_600_000
    changed = bigquery_client.update_dataset(dataset, ["description", "labels", "default_table_expiration_ms"])
    assert changed.description == "films"
    assert changed.default_table_expiration_ms == 3_600_000
    changed.labels["old"] = None
    again = bigquery_client.update_dataset(changed, ["labels"])
    assert again.labels == {"kind": "test"}
    assert again.description == "films"


def test_a_stale_etag_is_refused(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    dataset.description = "one"
    bigquery_client.update_dataset(dataset, ["description"])
    dataset.description = "two"
    with pytest.raises(exceptions.PreconditionFailed):
        bigquery_client.update_dataset(dataset, ["description"])


def test_put_replaces_but_keeps_access(emulator: RunningEmulator, dataset: bigquery.Dataset) -> None:
    path = f"/bigquery/v2/projects/{emulator.project}/datasets/{dataset.dataset_id}"
    emulator.request("PATCH", path, {"description": "gone", "friendlyName": "gone too"})
    before = emulator.request("GET", path)[1]
    body = {"datasetReference": {"datasetId": dataset.dataset_id}, "labels": {"a": "b"}, "location": "US"}
    status, after = emulator.request("PUT", path + "?accessPolicyVersion=3", body)
    assert status == 200
    assert "description" not in after
    assert "friendlyName" not in after
    assert after["labels"] == {"a": "b"}
    assert after["access"] == before["access"]
    assert after["creationTime"] == before["creationTime"]


def test_the_location_cannot_change(emulator: RunningEmulator, dataset: bigquery.Dataset) -> None:
    path = f"/bigquery/v2/projects/{emulator.project}/datasets/{dataset.dataset_id}"
    status, answer = emulator.request("PATCH", path, {"location": "EU"})
    assert status == 400
    assert "location" in answer["error"]["message"]


def test_list_pages_and_filters_by_label(bigquery_client: bigquery.Client, unique: Callable[[str], str]) -> None:
    names = []
    for _ in range(3):
        made = bigquery.Dataset(f"{bigquery_client.project}.{unique('listed').replace('-', '_')}")
        made.labels = {"listed": "here"}
        names.append(bigquery_client.create_dataset(made).dataset_id)
    found = [item.dataset_id for item in bigquery_client.list_datasets(filter="labels.listed:here", page_size=2)]
    assert found == sorted(names)
    assert not list(bigquery_client.list_datasets(filter="labels.listed:elsewhere"))
    for name in names:
        bigquery_client.delete_dataset(name)


def test_delete_needs_delete_contents_where_there_are_tables(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    bigquery_client.create_table(bigquery.Table(dataset.table("t"), [bigquery.SchemaField("a", "STRING")]))
    with pytest.raises(exceptions.BadRequest, match="is still in use"):
        bigquery_client.delete_dataset(dataset)
    bigquery_client.delete_dataset(dataset, delete_contents=True)
    with pytest.raises(exceptions.NotFound, match="Not found: Dataset"):
        bigquery_client.get_dataset(dataset.reference)
    with pytest.raises(exceptions.NotFound):
        bigquery_client.delete_dataset(dataset)


def test_roles_of_access_entries_are_normalised(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    entry = bigquery.AccessEntry("roles/bigquery.dataEditor", "userByEmail", "ann@example.com")
    dataset.access_entries = [*dataset.access_entries, entry]
    changed = bigquery_client.update_dataset(dataset, ["access_entries"])
    assert ("WRITER", "ann@example.com") in {(e.role, e.entity_id) for e in changed.access_entries}


def test_what_was_written_in_the_legacy_form_is_shown_in_it(
    emulator: RunningEmulator, dataset: bigquery.Dataset
) -> None:
    """Also after the gcp provider has written the whole list anew, as it does for each DatasetIamMember."""
    path = f"/bigquery/v2/projects/{emulator.project}/datasets/{dataset.dataset_id}?accessPolicyVersion=3"
    first = {"role": "READER", "userByEmail": "a@example.com"}
    second = {"role": "roles/bigquery.dataViewer", "userByEmail": "b@example.com"}
    assert emulator.request("PATCH", path, {"access": [first]})[0] == 200
    both = [{**first, "role": "roles/bigquery.dataViewer"}, second]
    assert emulator.request("PATCH", path, {"access": both})[0] == 200
    assert emulator.request("GET", path)[1]["access"] == [first, second]


def test_an_access_entry_for_nobody_is_refused(emulator: RunningEmulator, dataset: bigquery.Dataset) -> None:
    path = f"/bigquery/v2/projects/{emulator.project}/datasets/{dataset.dataset_id}"
    status, answer = emulator.request("PATCH", path, {"access": [{"role": "READER"}]})
    assert status == 400
    assert "access entry" in answer["error"]["message"]


def test_a_project_that_is_not_there_has_no_datasets(emulator: RunningEmulator) -> None:
    status, answer = emulator.request("GET", "/bigquery/v2/projects/no-such-project/datasets")
    assert (status, answer["error"]["message"]) == (404, "Not found: Project no-such-project")
