"""`status`, `watch` and `query` against the emulator."""

from __future__ import annotations

import base64
import dataclasses
import json
from pathlib import Path

import pytest

from scripts.checks import State
from tests.scripts.conftest import Live, Run, StartLive
from tests.scripts.fake_google import FakeGoogle
from tests.scripts.files import write_films
from tests.scripts.outputs import outputs_for
from tests.support.emulator import free_port


def test_all_is_well(run: Run, live: Live) -> None:
    shown = run("status", "--json", "--outputs", live.path)
    checks = json.loads(shown.out)["checks"]
    assert [each for each in checks if each["state"] != State.OK] == []
    assert shown.code == 0
    assert len(checks) == 20
    shown = run("status", "--outputs", live.path)
    assert "ok       DICOM store: projects/" in shown.out
    assert "ok       FHIR store fhir: projects/" in shown.out
    assert "it lacks purpose, requester, identity: run `python -m scripts consent define`" in shown.out


def test_what_there_is_is_counted(run: Run, start_live: StartLive, tmp_path: Path) -> None:
    own = start_live()

    def details() -> dict[str, str]:
        checks = json.loads(run("status", "--json", "--outputs", own.path).out)["checks"]
        return {each["check"]: each["detail"] for each in checks}

    empty = details()
    assert empty["landing bucket"].endswith(", 0 files")
    assert empty["DICOM store"].endswith("/dicom, 0 studies, 0 series, 0 instances")
    assert empty["BigQuery dataset"].endswith(", no tables")
    write_films(tmp_path / "counted", "counted", 3)
    assert run("load", tmp_path / "counted", "--import", "--outputs", own.path).code == 0
    assert run("export", "--to", "table", "--outputs", own.path).code == 0
    filled = details()
    assert filled["landing bucket"].endswith(", 3 files")
    assert filled["DICOM store"].endswith(" 3 instances")
    assert filled["BigQuery dataset"].endswith(", table dicom_metadata with 3 rows")


@pytest.mark.parametrize(
    ("change", "says"),
    [({"version": "STU3"}, "It holds FHIR R4 and not STU3"), ({"name": "{dataset}/fhirStores/none"}, "pulumi up")],
)
def test_a_fhir_store_that_is_not_as_declared(
    run: Run, live: Live, tmp_path: Path, change: dict[str, str], says: str
) -> None:
    values = {key: text.format(dataset=live.outputs.dataset_name) for key, text in change.items()}
    store = dataclasses.replace(live.outputs.fhir_stores["fhir"], **values)  # type: ignore[arg-type]
    path = tmp_path / "outputs.json"
    path.write_text(dataclasses.replace(live.outputs, fhir_stores={"fhir": store}).to_json())
    shown = run("status", "--json", "--outputs", path)
    assert shown.code == 1
    (check,) = [each for each in json.loads(shown.out)["checks"] if each["check"] == "FHIR store fhir"]
    assert check["state"] == State.FAILED
    assert says in check["detail"]


@pytest.mark.parametrize(
    ("field", "name", "check"),
    [
        ("landing_bucket", "no-such-bucket", "landing bucket"),
        ("export_bucket", "no-such-bucket", "export bucket"),
        ("dicom_store_name", "{dataset}/dicomStores/none", "DICOM store"),
        ("dicom_subscription", "projects/{project}/subscriptions/none", "subscription"),
        ("bigquery_dataset", "none", "BigQuery dataset"),
    ],
)
def test_what_is_missing_fails_with_its_remedy(
    run: Run, live: Live, tmp_path: Path, field: str, name: str, check: str
) -> None:
    name = name.format(dataset=live.outputs.dataset_name, project=live.outputs.project)
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps(live.outputs.to_mapping() | {field: name}))
    shown = run("status", "--json", "--outputs", path)
    assert shown.code == 1
    failed = {each["check"]: each["detail"] for each in json.loads(shown.out)["checks"] if each["state"] == "failed"}
    assert check in failed
    assert "run `pulumi up --refresh`" in failed[check]


def test_a_store_that_does_not_notify(run: Run, live: Live, tmp_path: Path) -> None:
    path = tmp_path / "outputs.json"
    other = f"projects/{live.outputs.project}/topics/other"
    path.write_text(dataclasses.replace(live.outputs, dicom_topic=other).to_json())
    shown = run("status", "--outputs", path)
    assert shown.code == 1
    assert f"failed   DICOM store: It does not notify {other}: run `pulumi up --refresh`." in shown.out


def test_an_emulator_that_is_not_running_is_the_only_line(run: Run, tmp_path: Path) -> None:
    root = f"http://127.0.0.1:{free_port()}"
    path = tmp_path / "outputs.json"
    path.write_text(outputs_for(root).to_json())
    shown = run("status", "--outputs", path)
    assert shown.code == 1
    assert shown.out.splitlines()[1:] == [
        f"failed   service: The emulator is not running at {root}: start it with: python -m emulator start"
    ]


def test_what_this_account_may_not_see_is_unknown(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    for name in ("healthcare", "storage", "pubsub", "bigquery"):
        path = f"/v1/projects/some-project/services/{name}.googleapis.com"
        google.refuses("GET", path, 403, "Permission denied to get service")
    shown = json.loads(run("status", "--json", "--outputs", outputs_file).out)
    apis = [each for each in shown["checks"] if each["check"].startswith("API ")]
    assert {each["state"] for each in apis} == {"unknown"}
    assert apis[0]["detail"] == "This account may not look: Permission denied to get service."


def test_notifications_arrive_and_are_acknowledged(run: Run, live: Live, tmp_path: Path) -> None:
    run("watch", "--timeout", "0.5", "--outputs", live.path)
    write_films(tmp_path / "watched", "watched", 3)
    assert run("store", tmp_path / "watched", "--outputs", live.path).code == 0
    shown = run("watch", "--count", 3, "--timeout", 20, "--json", "--outputs", live.path)
    assert shown.code == 0
    lines = [json.loads(line) for line in shown.out.splitlines()]
    assert len(lines) == 3
    assert all(line["resource"].startswith(f"{live.outputs.dicom_store_name}/dicomWeb/studies/") for line in lines)
    assert "3 notifications received" in shown.err
    quiet = run("watch", "--timeout", "0.5", "--outputs", live.path)
    assert (quiet.code, quiet.out) == (0, "")


def test_watch_shows_paths_to_a_person(run: Run, live: Live, tmp_path: Path) -> None:
    run("watch", "--timeout", "0.5", "--outputs", live.path)
    write_films(tmp_path / "shown", "shown", 1)
    run("store", tmp_path / "shown", "--outputs", live.path)
    shown = run("watch", "--count", 1, "--timeout", 20, "--outputs", live.path)
    when, path = shown.out.split("\t")
    assert when.startswith("20")
    assert path.startswith("studies/")


def test_watch_shows_all_kinds_of_stores_in_one_stream(run: Run, live: Live, tmp_path: Path) -> None:
    project = live.outputs.project
    topic, subscription = f"projects/{project}/topics/fhir-told", f"projects/{project}/subscriptions/fhir-told"
    live.emulator.request("PUT", f"/v1/{topic}", {})
    live.emulator.request("PUT", f"/v1/{subscription}", {"topic": topic})
    path = tmp_path / "outputs.json"
    path.write_text(dataclasses.replace(live.outputs, fhir_subscription=subscription).to_json())
    none = run("watch", "hl7v2", "--timeout", "0.5", "--outputs", path)
    assert (none.code, "has no hl7v2 store that notifies" in none.err) == (1, True)
    told = [
        ("a/hl7V2Stores/h/messages/1", {"msgType": "ORU"}),
        (
            '{"resourceType": "Patient"}',
            {"payloadType": "FullResource", "resourceType": "Patient", "action": "Created"},
        ),
    ]
    messages = [{"data": base64.b64encode(data.encode()).decode(), "attributes": given} for data, given in told]
    live.emulator.request("POST", f"/v1/{topic}:publish", {"messages": messages})
    shown = run("watch", "all", "--count", 2, "--timeout", 20, "--outputs", path)
    assert sorted(line.split("\t")[1:] for line in shown.out.splitlines()) == [
        ["Created", "Patient"],
        ["ORU", "h/messages/1"],
    ]


def test_a_reader_that_stands_still_takes_no_more_than_a_hundred(
    run: Run, live: Live, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What it has not taken reaches another reader meanwhile."""
    project = live.outputs.project
    topic, subscription = f"projects/{project}/topics/slow", f"projects/{project}/subscriptions/slow"
    live.emulator.request("PUT", f"/v1/{topic}", {})
    live.emulator.request("PUT", f"/v1/{subscription}", {"topic": topic, "ackDeadlineSeconds": 600})
    path = tmp_path / "outputs.json"
    path.write_text(dataclasses.replace(live.outputs, dicom_subscription=subscription).to_json())
    messages = [{"data": base64.b64encode(b"a").decode()}] * 300
    live.emulator.request("POST", f"/v1/{topic}:publish", {"messages": messages})
    others: list[str] = []

    def stand_still(_cells: object) -> None:
        while len(others) < 200:
            answer = live.emulator.request("POST", f"/v1/{subscription}:pull", {"maxMessages": 300})[1]
            others.extend(one["message"]["messageId"] for one in answer.get("receivedMessages", []))

    monkeypatch.setattr("scripts.commands.watch.say_cells", stand_still)
    shown = run("watch", "--count", 1, "--timeout", 60, "--outputs", path)
    assert (shown.code, len(set(others)) >= 200) == (0, True)


def test_a_subscription_that_is_not_there(run: Run, live: Live, tmp_path: Path) -> None:
    path = tmp_path / "outputs.json"
    name = f"projects/{live.outputs.project}/subscriptions/none"
    path.write_text(dataclasses.replace(live.outputs, dicom_subscription=name).to_json())
    ended = run("watch", "--timeout", 20, "--outputs", path)
    assert ended.code == 1
    assert "pulumi up" in ended.err


def test_exported_metadata_can_be_queried(run: Run, live: Live, tmp_path: Path) -> None:
    write_films(tmp_path / "asked", "asked", 3)
    run("store", tmp_path / "asked", "--outputs", live.path)
    exported = run("export", "--to", "table:asked", "--outputs", live.path)
    assert exported.code == 0
    sql = "SELECT Modality, COUNT(*) AS films FROM asked WHERE PatientID = 'asked' GROUP BY Modality"
    assert json.loads(run("query", sql, "--json", "--outputs", live.path).out) == [{"Modality": "CR", "films": 3}]
    assert run("query", sql, "--outputs", live.path).out == "Modality\tfilms\nCR\t3\n"
    again = run("export", "--to", "table:asked", "--outputs", live.path)
    assert again.code == 1
    replaced = run("export", "--to", "table:asked", "--write-disposition", "truncate", "--outputs", live.path)
    assert replaced.code == 0


def test_a_query_that_is_no_sql(run: Run, live: Live) -> None:
    ended = run("query", "SELECT FROM WHERE", "--outputs", live.path)
    assert ended.code == 1
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1


def test_bad_credentials_end_the_checks(run: Run, live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "stale")
    shown = run("status", "--outputs", live.path)
    assert shown.code == 1
    (line,) = [line for line in shown.out.splitlines() if line.startswith("failed")]
    assert line.startswith("failed   credentials: The emulator refuses these credentials")
    assert "unset GOOGLE_OAUTH_ACCESS_TOKEN" in line
