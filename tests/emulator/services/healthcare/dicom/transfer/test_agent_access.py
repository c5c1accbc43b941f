"""The service agent reads and writes the objects that its grants cover: conditions see each object's name."""

import time
from collections.abc import Callable

import pytest

from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import made
from tests.emulator.services.healthcare.transfers import agent, download, log_entries, make_bucket, names, run, upload
from tests.support.accounts import grant
from tests.support.emulator import RunningEmulator

Names = Callable[[str], str]


def objects(bucket: str, prefix: str) -> str:
    return f'resource.name.startsWith("projects/_/buckets/{bucket}/objects/{prefix}")'


def test_an_import_reads_what_the_agent_may(emulator: RunningEmulator, store: Store, unique: Names) -> None:
    """The rest goes on; what is closed to the agent is a failure of its own, and is logged."""
    name = make_bucket(emulator, unique("import"))
    upload(emulator, name, "open/a.dcm", made())
    upload(emulator, name, "private/a.dcm", made(SOPInstanceUID="1.2.9.1"))
    condition = f'resource.type == "storage.googleapis.com/Bucket" || {objects(name, "open/")}'
    grant(emulator, f"buckets/{name}", agent(emulator), "roles/storage.objectViewer", condition)
    ended = run(emulator, store.name, "import", {"gcsSource": {"uri": f"gs://{name}/**"}})
    assert ended["metadata"]["counter"] == {"success": "1", "failure": "1"}
    [entry] = log_entries(emulator, ended["name"])
    assert entry["jsonPayload"]["source"] == f"gs://{name}/private/a.dcm"
    assert entry["jsonPayload"]["error"]["code"] == 7
    refused = run(emulator, store.name, "import", {"gcsSource": {"uri": f"gs://{name}/private/**"}})
    assert "Healthcare API doesn't have required Cloud Storage permission" in refused["error"]["message"]


def test_an_export_writes_where_the_agent_may(emulator: RunningEmulator, store: Store, unique: Names) -> None:
    name = make_bucket(emulator, unique("export"))
    data = made()
    assert store.post(data).status_code == 200
    grant(emulator, f"buckets/{name}", agent(emulator), "roles/storage.objectAdmin", objects(name, "out/"))
    done = run(emulator, store.name, "export", {"gcsDestination": {"uriPrefix": f"gs://{name}/out"}})
    assert "error" not in done, done
    [written] = names(emulator, name)
    assert download(emulator, name, written) == data
    refused = run(emulator, store.name, "export", {"gcsDestination": {"uriPrefix": f"gs://{name}/else"}})
    assert "Healthcare API doesn't have required Cloud Storage permission" in refused["error"]["message"]


def test_an_import_of_one_object_lists_nothing(emulator: RunningEmulator, store: Store, unique: Names) -> None:
    """A grant on the object alone is enough where there are no wildcards; listing is asked for on the bucket."""
    name = make_bucket(emulator, unique("single"))
    for each in ("open/a.dcm", "private/a.dcm"):
        upload(emulator, name, each, made())
    grant(emulator, f"buckets/{name}", agent(emulator), "roles/storage.objectViewer", objects(name, "open/"))
    for source, refused in (("open/a.dcm", False), ("private/a.dcm", True), ("open/b.dcm", False), ("open/*", True)):
        ended = run(emulator, store.name, "import", {"gcsSource": {"uri": f"gs://{name}/{source}"}})
        problem = str(ended.get("error", {}).get("message", ""))
        assert ("required Cloud Storage permission" in problem) is refused, (source, ended)


CONDITIONS = [
    'resource.name.endsWith(".dcm")',
    'resource.type == "storage.googleapis.com/Object"',
    'resource.name.extract("/objects/{rest}").startsWith("1.2.2/")',
]


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("folder", ["", "/"])
def test_an_export_asks_for_the_objects_that_it_writes(
    emulator: RunningEmulator, store: Store, unique: Names, condition: str, folder: str
) -> None:
    """Not for the bucket, nor the folder, of which a condition on objects says nothing."""
    name = make_bucket(emulator, unique("objects"))
    for study in ("1.2.1", "1.2.2"):
        assert store.post(made(study=study, series=f"{study}.1", uid=f"{study}.1.1")).status_code == 200
    grant(emulator, f"buckets/{name}", agent(emulator), "roles/storage.objectAdmin", condition)
    done = run(emulator, store.name, "export", {"gcsDestination": {"uriPrefix": f"gs://{name}{folder}"}})
    assert "error" not in done, done
    assert "1.2.2/1.2.2.1/1.2.2.1.1.dcm" in names(emulator, name)
    assert ("1.2.1/1.2.1.1/1.2.1.1.1.dcm" in names(emulator, name)) is ("1.2.2/" not in condition)


def test_a_filter_file_is_read_with_the_agent_s_rights(emulator: RunningEmulator, store: Store, unique: Names) -> None:
    name = make_bucket(emulator, unique("filter"))
    for each in ("lists/open.txt", "private.txt"):
        upload(emulator, name, each, b"/studies/1.2.3\n")
    for role, prefix in (("roles/storage.objectAdmin", "out/"), ("roles/storage.objectViewer", "lists/")):
        grant(emulator, f"buckets/{name}", agent(emulator), role, objects(name, prefix))

    path = f"/v1beta1/{store.name}:export"
    body = {"gcsDestination": {"uriPrefix": f"gs://{name}/out"}}
    for file, refused in (("lists/open.txt", False), ("private.txt", True)):
        code, answer = emulator.request(
            "POST", path, {**body, "filterConfig": {"resourcePathsGcsUri": f"gs://{name}/{file}"}}
        )
        if code == 200:
            while not answer.get("done"):
                time.sleep(0.02)
                answer = emulator.request("GET", f"/v1beta1/{answer['name']}")[1]
        problem = str(answer.get("error", {}).get("message", ""))
        assert ("required Cloud Storage permission" in problem) is refused, answer
