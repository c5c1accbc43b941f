"""`export --manifest` says which objects hold what; `verify --export` finds whatever is different later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pydicom
import pytest
from google.cloud import storage

from tests.scripts.conftest import Live, Run
from tests.scripts.fhir.conftest import MakeStore as MakeFhirStore
from tests.scripts.fhir.test_load import OBSERVATION, PATIENT, write
from tests.scripts.files import write_films
from tests.scripts.hl7v2.conftest import MakeStore as MakeHl7v2Store
from tests.scripts.hl7v2.messages import order


def brought(run: Run, *arguments: object) -> dict[str, Any]:
    """What an export says with --json."""
    shown = run(*arguments, "--json")
    assert shown.code == 0, shown.err
    found: dict[str, Any] = json.loads(shown.out)
    return found


def manifest_of(bucket: storage.Bucket, told: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The line about the export, and those about objects."""
    name = told["manifest"].removeprefix(f"gs://{bucket.name}/")
    about, *lines = map(json.loads, bucket.blob(name).download_as_bytes().splitlines())
    return about, lines


def differences(run: Run, live: Live, uri: str) -> list[tuple[str, str]]:
    shown = run("verify", "--export", uri, "--json", "--outputs", live.path)
    found = [(each["what"], each["name"]) for each in json.loads(shown.out)["differences"]]
    assert shown.code == (1 if found else 0)
    return found


@pytest.fixture
def place(exported: storage.Bucket, unique: Any) -> str:
    """A folder of the export bucket."""
    return f"gs://{exported.name}/{unique('place')}"


def test_an_export_of_instances(run: Run, live: Live, exported: storage.Bucket, place: str, tmp_path: Path) -> None:
    paths = write_films(tmp_path, "manifested", 2)
    assert run("store", tmp_path, "--outputs", live.path).code == 0
    told = brought(run, "export", "--to", place, "--manifest", "--outputs", live.path)
    about, lines = manifest_of(exported, told)
    assert about["items"] == about["success"] == len(lines) == about["objects"]
    by_uid = {line["instance"]: line for line in lines}
    for path in paths:
        film = pydicom.dcmread(path)
        line = by_uid[film.SOPInstanceUID]
        assert (line["study"], line["series"]) == (film.StudyInstanceUID, film.SeriesInstanceUID)
        held = exported.get_blob(line["name"])
        assert held is not None
        assert (line["size"], line["crc32c"]) == (held.size, held.crc32c) == (path.stat().st_size, held.crc32c)
    assert "manifested" not in json.dumps([about, lines])
    assert differences(run, live, place) == []
    first, second = lines[:2]
    exported.blob(first["name"]).delete()
    exported.blob(second["name"]).upload_from_string(b"other")
    folder = place.removeprefix(f"gs://{exported.name}/")
    exported.blob(f"{folder}/stray").upload_from_string(b"x")
    assert differences(run, live, place) == [
        ("missing in the bucket", first["name"]),
        ("other bytes in the bucket", second["name"]),
        ("in no manifest", f"{folder}/stray"),
    ]


def test_an_older_object_in_the_folder_is_not_the_exports(
    run: Run, live: Live, exported: storage.Bucket, place: str, tmp_path: Path
) -> None:
    write_films(tmp_path, "older", 1)
    run("store", tmp_path, "--outputs", live.path)
    folder = place.removeprefix(f"gs://{exported.name}/")
    exported.blob(f"{folder}/before").upload_from_string(b"x")
    _, lines = manifest_of(exported, brought(run, "export", "--to", place, "--manifest", "--outputs", live.path))
    assert f"{folder}/before" not in [line["name"] for line in lines]
    assert differences(run, live, place) == [("in no manifest", f"{folder}/before")]


def test_resources_are_counted_by_object(
    run: Run, make_fhir_store: MakeFhirStore, exported: storage.Bucket, place: str, tmp_path: Path
) -> None:
    store = make_fhir_store()
    file = write(tmp_path / "some.ndjson", PATIENT, {**PATIENT, "id": "p2"}, OBSERVATION)
    assert run("fhir", "load", file, "--outputs", store.path).code == 0
    about, lines = manifest_of(
        exported, brought(run, "fhir", "export", "--to", place, "--manifest", "--outputs", store.path)
    )
    assert (about["items"], about["success"]) == (3, 3)
    assert {(line["type"], line["count"]) for line in lines} == {("Observation", 1), ("Patient", 2)}
    assert differences(run, store.live, place) == []


def test_messages_are_counted_and_a_filter_is_not_told(
    run: Run, make_hl7v2_store: MakeHl7v2Store, exported: storage.Bucket, place: str, tmp_path: Path
) -> None:
    store = make_hl7v2_store()
    (tmp_path / "some.hl7").write_text(order(1) + order(2))
    run("hl7v2", "send", tmp_path / "some.hl7", "--outputs", store.path)
    options = ("--to", place, "--manifest", "--filter", 'PatientId("123", "MR")')
    told = brought(run, "hl7v2", "export", *options, "--outputs", store.path)
    about, lines = manifest_of(exported, told)
    assert (about["items"], [line["count"] for line in lines]) == (2, [2])
    assert '"123"' not in json.dumps(about)
    assert differences(run, store.live, place) == []


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("export", "--to", "table", "--manifest"), 2, "has no manifest: only exports to Cloud Storage have"),
        (("export", "--to", "table", "--since-last"), 2, "--since-last is for exports to Cloud Storage"),
        (("export", "--no-wait", "--manifest"), 2, "--no-wait does not see the end"),
        (("export", "--since-last", "--filter", "gs://b/f"), 2, "--since-last and --filter exclude each other"),
        (("verify", "--export", "gs://{bucket}/nothing-here/"), 1, "There is no manifest of an export to"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    run: Run, live: Live, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    told = [each.format(bucket=live.outputs.export_bucket) for each in arguments]
    shown = run(*told, "--outputs", live.path)
    assert (shown.code, sentence in shown.err) == (code, True), shown.err
