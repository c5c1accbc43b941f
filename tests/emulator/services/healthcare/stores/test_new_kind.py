"""A new kind of store gets all that stores share, by what it says about itself and without a line changed elsewhere."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.emulator.services.healthcare import transfers
from tests.support.accounts import Account, make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE, eventually

PROJECT = "test-project"
LOCATION = f"projects/{PROJECT}/locations/us-central1"
Unique = Callable[[str], str]


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """An emulator that has annotation stores, too."""
    folder = tmp_path_factory.mktemp("toys") / "state"
    running = RunningEmulator(folder, PROJECT, module=__package__).start()
    yield running
    running.stop()


@pytest.fixture
def dataset(toys: RunningEmulator, unique: Unique) -> str:
    name = unique("dataset")
    assert toys.request("POST", f"/v1/{LOCATION}/datasets?datasetId={name}", {})[0] == 200
    return f"{LOCATION}/datasets/{name}"


def make_store(toys: RunningEmulator, dataset: str, name: str = "notes", **settings: Any) -> str:
    path = f"/v1/{dataset}/annotationStores?annotationStoreId={name}"
    code, made = toys.request("POST", path, settings)
    assert code == 200, made
    assert made == {"name": f"{dataset}/annotationStores/{name}", **settings}
    return str(made["name"])


def annotate(toys: RunningEmulator, store: str, text: str) -> str:
    code, made = toys.request("POST", f"/v1/{store}/annotations", {"text": text})
    assert code == 200, made
    return str(made["name"])


def logged(toys: RunningEmulator, query: str) -> list[dict[str, Any]]:
    """The log entries that match a query, once there are any: some are written after the answer."""
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": query}

    def entries() -> list[dict[str, Any]]:
        code, answer = toys.request("POST", "/v2/entries:list", body)
        assert code == 200, answer
        return list(answer.get("entries", []))

    return eventually(entries)


def grant(toys: RunningEmulator, resource: str, role: str, member: str) -> None:
    policy = {"bindings": [{"role": role, "members": [member]}]}
    code, answer = toys.request("POST", f"/v1/{resource}:setIamPolicy", {"policy": policy})
    assert code == 200, answer


def test_it_is_written_in_under_100_lines() -> None:
    assert len(Path(__file__).with_name("annotations.py").read_text().splitlines()) < 100


def test_its_stores_are_resources_that_refuse_what_the_kind_refuses(toys: RunningEmulator, dataset: str) -> None:
    store = make_store(toys, dataset, color="red", labels={"a": "b"})
    assert toys.request("PATCH", f"/v1/{store}?updateMask=labels", {"labels": {"a": "c"}})[1]["labels"] == {"a": "c"}
    code, answer = toys.request("PATCH", f"/v1/{store}?updateMask=color", {"color": "blue"})
    assert (code, "immutable" in answer["error"]["message"]) == (400, True)
    path = f"/v1/{dataset}/annotationStores?annotationStoreId=other"
    assert toys.request("POST", path, {"color": "ultraviolet"})[1]["error"]["message"] == "Nobody sees ultraviolet."
    assert toys.request("POST", path, {"labels": {"x" * 64: ""}})[0] == 400
    assert toys.request("DELETE", f"/v1/{store}") == (200, {})
    assert toys.request("GET", f"/v1/{store}")[0] == 404


def test_rights_on_a_store_are_its_policy(toys: RunningEmulator, dataset: str, unique: Unique) -> None:
    store = make_store(toys, dataset)
    viewer: Account = make_account(toys, unique("viewer"))
    assert toys.request("GET", f"/v1/{store}", token=viewer.token)[0] == 403
    grant(toys, store, "roles/healthcare.annotationStoreViewer", viewer.member)
    assert toys.request("GET", f"/v1/{store}", token=viewer.token)[0] == 200
    asked = {"permissions": ["healthcare.annotationStores.get", "healthcare.annotationStores.delete"]}
    held = toys.request("POST", f"/v1/{store}:testIamPermissions", asked, token=viewer.token)[1]
    assert held == {"permissions": ["healthcare.annotationStores.get"]}
    assert toys.request("GET", f"/v1/{store}:getIamPolicy")[1]["bindings"][0]["members"] == [viewer.member]


def test_stores_are_listed_in_pages_and_by_label(toys: RunningEmulator, dataset: str) -> None:
    names = [make_store(toys, dataset, name, labels={"first": name}) for name in ("a", "b", "c")]
    path = f"/v1/{dataset}/annotationStores?pageSize=2"
    first = toys.request("GET", path)[1]
    second = toys.request("GET", f"{path}&pageToken={first['nextPageToken']}")[1]
    found = [one["name"] for page in (first, second) for one in page["annotationStores"]]
    assert found == names
    assert "nextPageToken" not in second
    filtered = toys.request("GET", f"/v1/{dataset}/annotationStores?filter=labels.first=b")[1]
    assert [one["name"] for one in filtered["annotationStores"]] == names[1:2]


def test_calls_are_audited_by_whether_they_touch_data(toys: RunningEmulator, dataset: str) -> None:
    audited = {"auditConfigs": [{"service": "allServices", "auditLogConfigs": [{"logType": "DATA_WRITE"}]}]}
    policy = toys.request("POST", f"/v1/projects/{PROJECT}:getIamPolicy", {})[1]
    body = {"policy": {**policy, **audited}, "updateMask": "bindings,etag,auditConfigs"}
    assert toys.request("POST", f"/v1/projects/{PROJECT}:setIamPolicy", body)[0] == 200
    store = make_store(toys, dataset)
    annotate(toys, store, "a shadow")
    for log, method, resource in (
        ("activity", "annotationStores.create", dataset),
        ("data_access", "annotationStores.annotations.create", store),
    ):
        query = f'logName="projects/{PROJECT}/logs/cloudaudit.googleapis.com%2F{log}" AND '
        query += f'protoPayload.resourceName="{resource}"'
        methods = [entry["protoPayload"]["methodName"] for entry in logged(toys, query)]
        assert methods == [f"healthcare.projects.locations.datasets.{method}"]


def test_changes_are_notified_in_its_own_words(toys: RunningEmulator, dataset: str, unique: Unique) -> None:
    topic, subscription = (f"projects/{PROJECT}/{kind}/{unique('told')}" for kind in ("topics", "subscriptions"))
    assert toys.request("PUT", f"/v1/{topic}", {})[0] == 200
    assert toys.request("PUT", f"/v1/{subscription}", {"topic": topic})[0] == 200
    grant(toys, topic, "roles/pubsub.publisher", transfers.agent(toys))
    name = annotate(toys, make_store(toys, dataset, notificationConfigs=[{"pubsubTopic": topic}]), "a shadow")
    pulled = toys.request("POST", f"/v1/{subscription}:pull", {"maxMessages": 10, "returnImmediately": True})[1]
    (message,) = (one["message"] for one in pulled["receivedMessages"])
    assert (base64.b64decode(message["data"]).decode(), message["attributes"]) == (name, {"action": "Create"})


def test_a_topic_that_is_gone_is_logged_with_its_own_resource_type(toys: RunningEmulator, dataset: str) -> None:
    store = make_store(toys, dataset, notificationConfigs=[{"pubsubTopic": f"projects/{PROJECT}/topics/gone"}])
    annotate(toys, store, "a shadow")
    (entry,) = logged(toys, f'resource.labels.dataset_id="{dataset.rpartition("/")[2]}"')
    assert entry["logName"] == f"projects/{PROJECT}/logs/healthcare.googleapis.com%2Fannotation"
    assert entry["resource"]["type"] == "healthcare_annotation_store"
    assert entry["resource"]["labels"]["annotation_store_id"] == "notes"


def test_import_and_export_are_operations_that_count_and_log(
    toys: RunningEmulator, dataset: str, unique: Unique
) -> None:
    store = make_store(toys, dataset)
    bucket = transfers.make_bucket(toys, unique("notes"), "roles/storage.objectAdmin")
    lines = [f"note {number}" for number in range(150)]
    transfers.upload(toys, bucket, "in/1.txt", "\n".join([*lines[:100], "", *lines[100:]]).encode())
    done = transfers.run(toys, store, "import", {"gcsSource": {"uri": f"gs://{bucket}/in/*"}})
    assert done["response"] == {"@type": "type.googleapis.com/google.cloud.healthcare.v1.annotation.Imported"}
    assert done["metadata"]["counter"] == {"success": "150", "failure": "1"}
    assert done["metadata"]["apiMethodName"] == "google.cloud.healthcare.v1.annotation.Import"
    (entry,) = transfers.log_entries(toys, done["name"])
    assert entry["resource"]["type"] == "healthcare_annotation_store"
    assert entry["jsonPayload"] == {
        "@type": "type.googleapis.com/google.cloud.healthcare.logging.ImportAnnotationLogEntry",
        "error": {"code": 3, "message": "An empty line annotates nothing."},
        "source": f"gs://{bucket}/in/1.txt",
    }
    done = transfers.run(toys, store, "export", {"gcsDestination": {"uriPrefix": f"gs://{bucket}/out"}})
    assert done["metadata"]["counter"] == {"success": "150"}
    written = [name for name in transfers.names(toys, bucket) if name.startswith("out/")]
    assert sorted(transfers.download(toys, bucket, name).decode() for name in written) == sorted(lines)


def test_what_a_store_holds_goes_with_its_dataset(toys: RunningEmulator, dataset: str) -> None:
    name = annotate(toys, make_store(toys, dataset), "a shadow")
    assert toys.request("GET", f"/v1/{name}")[1]["text"] == "a shadow"
    assert toys.request("DELETE", f"/v1/{dataset}") == (200, {})
    assert toys.request("POST", f"/v1/{LOCATION}/datasets?datasetId={dataset.rpartition('/')[2]}", {})[0] == 200
    make_store(toys, dataset)
    headers = {"Authorization": f"Bearer {toys.owner_token}"}
    assert requests.get(f"{toys.base_url}/v1/{name}", headers=headers, timeout=PATIENCE).status_code == 404


@pytest.mark.parametrize(("token", "status"), [("owner", 404), ("nobody", 401)])
def test_errors_of_its_data_plane_have_its_own_form(
    toys: RunningEmulator, dataset: str, token: str, status: int
) -> None:
    store = make_store(toys, dataset)
    headers = {"Authorization": f"Bearer {toys.owner_token if token == 'owner' else token}"}
    answer = requests.get(f"{toys.base_url}/v1/{store}/annotations/7", headers=headers, timeout=PATIENCE)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/plain")
    assert answer.text.startswith("Alas! ")
    assert toys.request("GET", f"/v1/{store}-no")[1]["error"]["status"] == "NOT_FOUND"  # Google's, of the store itself


@pytest.mark.crash
def test_an_import_that_was_killed_within_an_object_goes_on_where_it_was(tmp_path: Path) -> None:
    toys = RunningEmulator(tmp_path / "state", PROJECT, module=__package__).start()
    try:
        assert toys.request("POST", f"/v1/{LOCATION}/datasets?datasetId=d", {})[0] == 200
        store = make_store(toys, f"{LOCATION}/datasets/d")
        bucket = transfers.make_bucket(toys, "notes", "roles/storage.objectAdmin")
        lines = 20_000
        transfers.upload(toys, bucket, "1.txt", "\n".join(map(str, range(lines))).encode())
        operation = transfers.start(toys, store, "import", {"gcsSource": {"uri": f"gs://{bucket}/1.txt"}})
        seen = 0
        while not seen:
            found = toys.request("GET", f"/v1/{operation}")[1]
            seen = int(found["metadata"].get("counter", {}).get("success", "0"))
        toys.kill()
        done = transfers.wait(toys.start(), operation)
        assert done["metadata"]["counter"] == {"success": str(lines)}
        assert toys.request("GET", f"/v1/{store}/annotations/{lines}")[1]["text"] == str(lines - 1)
    finally:
        toys.stop()
