"""Imports, exports and deletions that take time: progress, failures by name, Ctrl-C, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts import waiting
from tests.scripts.conftest import Run
from tests.scripts.fake_google import FakeGoogle
from tests.scripts.outputs import STORE

DATASET = STORE.rsplit("/", 2)[0]
NAME = f"{DATASET}/operations/42"
IMPORT = ("POST", f"/v1/{STORE}:import")
EXPORT = ("POST", f"/v1/{STORE}:export")
GET = ("GET", f"/v1/{NAME}")
CANCEL = ("POST", f"/v1/{NAME}:cancel")
LOGS = ("POST", "/v2/entries:list")
NO_GRANT = (
    "Healthcare API doesn't have required Cloud Storage permission. See"
    " https://cloud.google.com/healthcare/docs/how-tos/permissions-healthcare-api-gcp-products for more information"
)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_FIRST_PAUSE_SECONDS", 0.001)


def operation(*, done: bool = True, error: dict[str, Any] | None = None, **counter: int) -> dict[str, Any]:
    metadata = {
        "apiMethodName": "google.cloud.healthcare.v1.dicom.DicomService.ImportDicomData",
        "createTime": "2026-01-01T00:00:00Z",
        "counter": {name: str(value) for name, value in counter.items()},
        "logsUrl": "https://console.cloud.google.com/logs/query/x",
    }
    body: dict[str, Any] = {"name": NAME, "metadata": metadata}
    if done:
        body |= {"done": True} | ({"error": error} if error else {"response": {}})
    return body


def failure(name: str, message: str) -> dict[str, Any]:
    kind = "type.googleapis.com/google.cloud.healthcare.logging.ImportDicomLogEntry"
    payload = {"@type": kind, "source": name, "error": {"code": 3, "message": message}}
    return {"jsonPayload": payload, "operation": {"id": "42"}}


def test_import_waits_until_it_is_done(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    google.answers(*IMPORT, {"name": NAME})
    google.answers(*GET, operation(done=False))
    google.answers(*GET, operation(done=False, success=1, pending=2))
    google.answers(*GET, operation(success=3))
    ended = run("import", "--outputs", outputs_file)
    assert (ended.code, ended.out, ended.err) == (0, "", "3 instances imported\n")
    assert google.made(*IMPORT)[0].json() == {"gcsSource": {"uri": "gs://some-project-landing/**.dcm"}}
    assert len(google.made(*GET)) == 3


def test_import_takes_any_place_in_cloud_storage(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    google.answers(*IMPORT, {"name": NAME})
    google.answers(*GET, operation(success=1))
    assert run("import", "gs://other/a*.dcm", "--outputs", outputs_file).code == 0
    assert google.made(*IMPORT)[0].json() == {"gcsSource": {"uri": "gs://other/a*.dcm"}}
    assert run("import", "films/", "--outputs", outputs_file).code == 2


def test_import_without_waiting(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    google.answers(*IMPORT, {"name": NAME})
    assert run("import", "--no-wait", "--outputs", outputs_file).out == f"{NAME}\n"
    assert json.loads(run("import", "--no-wait", "--json", "--outputs", outputs_file).out) == {"name": NAME}
    assert not google.made(*GET)


def test_failed_files_are_named_from_the_log(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    google.answers(*IMPORT, {"name": NAME})
    google.answers(*GET, operation(success=998, failure=2))
    google.answers(*LOGS, {"entries": [failure("gs://b/1.dcm", "empty DICOM instance found")], "nextPageToken": "t"})
    google.answers(*LOGS, {"entries": [failure("gs://b/2.dcm", "invalid DICOM.")]})
    ended = run("import", "--json", "--outputs", outputs_file)
    assert ended.code == 3
    assert ended.err.splitlines() == [
        "failed: gs://b/1.dcm: empty DICOM instance found",
        "failed: gs://b/2.dcm: invalid DICOM",
        "998 instances imported; 2 failed",
    ]
    printed = json.loads(ended.out)
    assert printed["failure"] == 2
    assert [each["file"] for each in printed["failed"]] == ["gs://b/1.dcm", "gs://b/2.dcm"]
    asked = google.made(*LOGS)
    assert asked[0].json()["resourceNames"] == ["projects/some-project"]
    assert 'operation.id:"42"' in asked[0].json()["filter"]
    assert asked[1].json()["pageToken"] == "t"


def test_many_failures_are_cut_short(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    google.answers(*IMPORT, {"name": NAME})
    google.answers(*GET, operation(success=1, failure=500))
    google.answers(*LOGS, {"entries": [failure(f"gs://b/{number}.dcm", "bad") for number in range(500)]})
    ended = run("import", "--outputs", outputs_file)
    assert ended.err.count("failed: gs://") == 20
    assert "480 more files failed; Cloud Logging names them: https://console.cloud.google.com/" in ended.err


def test_a_log_that_may_not_be_read_is_said(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    google.answers(*IMPORT, {"name": NAME})
    google.answers(*GET, operation(success=1, failure=1))
    google.refuses(*LOGS, 403, "Permission 'logging.logEntries.list' denied")
    ended = run("import", "--outputs", outputs_file)
    assert ended.code == 3
    assert "cannot be read: Permission 'logging.logEntries.list' denied" in ended.err
    assert "1 more file failed" in ended.err


def test_an_import_in_which_every_file_fails_has_failed(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    google.answers(*IMPORT, {"name": NAME})
    google.answers(*GET, operation(failure=1))
    google.answers(*LOGS, {"entries": [failure("gs://b/1.dcm", "not DICOM")]})
    assert run("import", "--outputs", outputs_file).code == 1


def test_an_agent_without_its_grant(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    google.answers(*IMPORT, {"name": NAME})
    google.answers(*GET, operation(error={"code": 7, "message": NO_GRANT}))
    ended = run("import", "--outputs", outputs_file)
    assert ended.code == 1
    assert ended.err.startswith(f"error: {NO_GRANT}. service-123456789012@gcp-sa-healthcare.iam.gserviceaccount.com")
    assert " lacks storage.objects.get on gs://some-project-landing: run `pulumi up --refresh`" in ended.err


def test_a_store_that_is_not_there(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    google.refuses(*IMPORT, 404, "DICOM store not found")
    ended = run("import", "--outputs", outputs_file)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: DICOM store not found. Check the name; if stack local was changed")


def interrupt_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Press Ctrl-C at the first look at the operation."""
    original = waiting.get_state
    pressed: list[bool] = []

    def look(*arguments: Any) -> Any:
        if not pressed:
            pressed.append(True)
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(waiting, "get_state", look)


def test_ctrl_c_where_nobody_can_be_asked_leaves_the_import_running(
    run: Run, google: FakeGoogle, outputs_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_once(monkeypatch)
    google.answers(*IMPORT, {"name": NAME})
    ended = run("import", "--outputs", outputs_file)
    assert ended.code == 3
    assert "goes on without this command" in ended.err
    assert "operations cancel 42" in ended.err
    assert not google.made(*CANCEL)


@pytest.mark.parametrize(
    ("answer", "code", "said", "cancelled"),
    [
        ("cancel", 3, "was cancelled after 5 of its files were done", True),
        ("leave", 3, "goes on without this command", False),
        ("wait", 0, "6 instances imported", False),
    ],
)
def test_ctrl_c_asks(
    run: Run,
    google: FakeGoogle,
    outputs_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    code: int,
    said: str,
    cancelled: bool,
) -> None:
    interrupt_once(monkeypatch)
    monkeypatch.setattr(waiting, "interactive", lambda: True)
    monkeypatch.setattr("typer.prompt", lambda *_, **__: answer)
    google.answers(*IMPORT, {"name": NAME})
    google.answers(*CANCEL)
    google.answers(
        *GET, operation(error={"code": 1, "message": "cancelled"}, success=5) if cancelled else operation(success=6)
    )
    ended = run("import", "--outputs", outputs_file)
    assert ended.code == code
    assert said in ended.err
    assert bool(google.made(*CANCEL)) == cancelled


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        ([], {"gcsDestination": {"uriPrefix": "gs://some-project-export/"}}),
        (
            ["--to", "gs://b/films", "--mime-type", "image/png"],
            {"gcsDestination": {"uriPrefix": "gs://b/films", "mimeType": "image/png"}},
        ),
        (
            ["--to", "table"],
            {
                "bigqueryDestination": {
                    "tableUri": "bq://some-project.imaging.dicom_metadata",
                    "writeDisposition": "WRITE_EMPTY",
                }
            },
        ),
        (
            ["--to", "table:films", "--write-disposition", "append"],
            {
                "bigqueryDestination": {
                    "tableUri": "bq://some-project.imaging.films",
                    "writeDisposition": "WRITE_APPEND",
                }
            },
        ),
        (
            ["--to", "bq://p.d.t", "--write-disposition", "truncate"],
            {"bigqueryDestination": {"tableUri": "bq://p.d.t", "writeDisposition": "WRITE_TRUNCATE"}},
        ),
    ],
)
def test_export_goes_where_it_is_sent(
    run: Run, google: FakeGoogle, outputs_file: Path, arguments: list[str], body: dict[str, Any]
) -> None:
    google.answers(*EXPORT, {"name": NAME})
    google.answers(*GET, operation(success=2))
    ended = run("export", *arguments, "--outputs", outputs_file)
    assert ended.code == 0
    assert google.made(*EXPORT)[0].json() == body
    assert ended.err.startswith("2 instances exported to ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--to", "somewhere"],
        ["--to", "bq://table"],
        ["--to", "table", "--mime-type", "image/png"],
        ["--to", "bucket", "--write-disposition", "append"],
        ["--write-disposition", "sometimes"],
    ],
)
def test_export_refuses_what_makes_no_sense(
    run: Run, google: FakeGoogle, outputs_file: Path, arguments: list[str]
) -> None:
    assert run("export", *arguments, "--outputs", outputs_file).code == 2
    assert not google.calls


def test_operations_are_listed_newest_first(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    running = operation(done=False, success=1, pending=9) | {"name": f"{DATASET}/operations/43"}
    running["metadata"] = running["metadata"] | {"createTime": "2026-02-01T00:00:00Z"}
    google.answers("GET", f"/v1/{DATASET}/operations", {"operations": [operation(success=3)], "nextPageToken": "t"})
    google.answers("GET", f"/v1/{DATASET}/operations", {"operations": [running]})
    listed = json.loads(run("operations", "list", "--json", "--outputs", outputs_file).out)
    assert [(each["name"].rsplit("/", 1)[1], each["state"]) for each in listed] == [("43", "running"), ("42", "done")]
    assert listed[0]["method"] == "ImportDicomData"


def test_operations_that_run(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    google.answers("GET", f"/v1/{DATASET}/operations", {"operations": [operation(success=3)]})
    shown = run("operations", "list", "--running", "--outputs", outputs_file)
    assert shown.out.splitlines() == ["operation\tmethod\tstate\tsuccess\tfailure\tpending\tcreated\tended"]


def test_one_operation(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    google.answers(*GET, operation(error={"code": 7, "message": NO_GRANT}))
    for name in ("42", NAME):
        shown = run("operations", "get", name, "--outputs", outputs_file)
        assert shown.code == 0
        assert "state\tfailed\n" in shown.out
        assert f"error\t{NO_GRANT}\n" in shown.out


def test_cancel(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    google.answers(*GET, operation(done=False))
    google.answers(*CANCEL)
    ended = run("operations", "cancel", "42", "--outputs", outputs_file)
    assert (ended.code, ended.err) == (0, "Operation 42 is being cancelled; what is done stays.\n")
    assert google.made(*CANCEL)


def test_what_has_ended_is_not_cancelled(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    google.answers(*GET, operation(success=1))
    ended = run("operations", "cancel", "42", "--outputs", outputs_file)
    assert "nothing to cancel" in ended.err
    assert not google.made(*CANCEL)


def test_ctrl_c_while_an_import_begins(
    run: Run, google: FakeGoogle, outputs_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(_: Any) -> None:
        raise KeyboardInterrupt

    google.answers(*IMPORT, {"name": NAME})
    monkeypatch.setattr("scripts.connection.Connection.execute", staticmethod(pressed))
    ended = run("import", "--outputs", outputs_file)
    assert ended.code == 3
    assert "operations list --running" in ended.err
