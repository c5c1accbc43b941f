"""`export --since-last` brings what is new, and all of it together is what the store holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.cloud import storage

from tests.scripts.conftest import Live, Run, StartLive
from tests.scripts.fhir.conftest import MakeStore as MakeFhirStore
from tests.scripts.fhir.test_load import OBSERVATION, PATIENT, write
from tests.scripts.files import small_film, write_films
from tests.scripts.hl7v2.conftest import MakeStore as MakeHl7v2Store
from tests.scripts.hl7v2.messages import order


@pytest.fixture
def place(exported: storage.Bucket, request: pytest.FixtureRequest) -> str:
    """A folder of the export bucket."""
    return f"gs://{exported.name}/since-{request.node.name}"


def test_studies_that_are_new_or_have_grown(run: Run, start_live: StartLive, tmp_path: Path) -> None:
    live = start_live()
    place = f"gs://{live.outputs.export_bucket}/nightly"

    def stored(name: str, content: bytes) -> None:
        (tmp_path / name).write_bytes(content)
        assert run("store", tmp_path / name, "--outputs", live.path).code == 0

    def exported_now() -> str:
        shown = run("export", "--to", place, "--since-last", "--manifest", "--outputs", live.path)
        assert shown.code == 0, shown.err
        return shown.err

    stored("one.dcm", small_film("one"))
    assert "1 instance exported" in exported_now()
    assert "Nothing is new since the last export." in exported_now()
    stored("two.dcm", small_film("two"))
    assert "1 instance exported" in exported_now()
    stored("more.dcm", small_film("one", 2))
    assert "2 instances exported" in exported_now()  # the study as a whole
    assert run("verify", "--export", place, "--outputs", live.path).code == 0
    other = run("export", "--to", place, "--mime-type", "image/png", "--since-last", "--outputs", live.path)
    assert "3 instances exported" in other.err  # another form is another export


def test_resources_that_changed_go_to_folders_of_their_own(
    run: Run, make_fhir_store: MakeFhirStore, place: str, tmp_path: Path
) -> None:
    store = make_fhir_store()

    def exported_after(*resources: object) -> dict[str, object]:
        run("fhir", "load", write(tmp_path / "some.ndjson", *resources), "--outputs", store.path)
        shown = run("fhir", "export", "--to", place, "--since-last", "--manifest", "--json", "--outputs", store.path)
        assert shown.code == 0, shown.err
        found: dict[str, object] = json.loads(shown.out)
        return found

    first, second = exported_after(PATIENT, OBSERVATION), exported_after({**PATIENT, "gender": "male"})
    assert (first["success"], second["success"]) == (2, 1)
    assert first["to"] != second["to"]
    assert run("verify", "--export", place, "--outputs", store.live.path).code == 0
    assert exported_after()["success"] == 0


def test_messages_that_came_since(run: Run, make_hl7v2_store: MakeHl7v2Store, place: str, tmp_path: Path) -> None:
    store = make_hl7v2_store()

    def exported_after(number: int) -> str:
        (tmp_path / "some.hl7").write_text(order(number))
        run("hl7v2", "send", tmp_path / "some.hl7", "--outputs", store.path)
        options = ("--filter", 'message_type = "ORM" OR message_type = "ORU"', "--since-last")
        shown = run("hl7v2", "export", "--to", place, *options, "--outputs", store.path)
        assert shown.code == 0, shown.err
        return shown.err

    assert ["1 message exported" in exported_after(number) for number in (1, 2, 3)] == [True] * 3
    whole = run("hl7v2", "verify", place, "--whole", "--outputs", store.path)
    assert "3 messages compared; 0 differences" in whole.err


def test_messages_are_the_same_after_export_deletion_and_import(
    run: Run, make_hl7v2_store: MakeHl7v2Store, place: str, tmp_path: Path
) -> None:
    store = make_hl7v2_store()
    (tmp_path / "some.hl7").write_text(order(1) + order(2))
    run("hl7v2", "send", tmp_path / "some.hl7", "--outputs", store.path)
    request = store.live.emulator.request

    def names() -> list[str]:
        found = request("GET", f"/v1/{store.name}/messages")[1].get("hl7V2Messages", [])
        return sorted(each["name"] for each in found)

    before = names()
    assert run("hl7v2", "export", "--to", place, "--outputs", store.path).code == 0
    for name in before:
        assert request("DELETE", f"/v1/{name}")[0] == 200
    assert names() == []
    assert run("hl7v2", "import", f"{place}/*.ndjson", "--outputs", store.path).code == 0
    assert names() == before
    assert run("hl7v2", "verify", tmp_path / "some.hl7", "--whole", "--outputs", store.path).code == 0


def test_instances_are_the_same_after_export_deletion_and_import(
    run: Run, live: Live, place: str, tmp_path: Path
) -> None:
    paths = write_films(tmp_path / "films", "round-trip", 3)
    run("store", tmp_path / "films", "--outputs", live.path)
    study = json.loads(run("search", "studies", "PatientID=round-trip", "--json", "--outputs", live.path).out)[0]
    uid = study["0020000D"]["Value"][0]
    assert run("export", "--to", place, "--manifest", "--outputs", live.path).code == 0
    assert run("delete", uid, "--yes", "--outputs", live.path).code == 0
    assert run("retrieve", uid, "--to", tmp_path / "gone", "--outputs", live.path).code == 1
    assert run("import", f"{place}/{uid}/**.dcm", "--outputs", live.path).code == 0
    assert run("retrieve", uid, "--to", tmp_path / "back", "--outputs", live.path).code == 0
    back = {path.read_bytes() for path in (tmp_path / "back").rglob("*.dcm")}
    assert back == {path.read_bytes() for path in paths}
