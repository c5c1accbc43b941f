"""Ready queries about the store's instances, each result counted by hand from a small set."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import duckdb
import pydicom
import pytest

from tests.scripts.conftest import Live, Run, StartLive
from tests.scripts.fhir.test_load import write
from tests.scripts.files import small_film


def film(folder: Path, patient: str, study: str, day: str, number: int = 1, **more: str) -> None:
    """Write a film of a study of a day."""
    path = folder / f"{study}-{number}.dcm"
    path.write_bytes(small_film(patient, number, study=study))
    dataset = pydicom.dcmread(path)
    for name, value in {"StudyDate": day, **more}.items():
        setattr(dataset, name, value)
    dataset.save_as(path)


@pytest.fixture
def imaging(run: Run, start_live: StartLive, tmp_path: Path) -> Live:
    """Two patients, one of whom comes back after thirty days; four instances in all."""
    live = start_live()
    films = tmp_path / "films"
    films.mkdir()
    film(films, "one", "first", "20260101", AccessionNumber="A1", StudyTime="120000")
    film(films, "one", "first", "20260101", 2, AccessionNumber="A1", StudyTime="120000")
    film(films, "one", "second", "20260131", Modality="DX")
    film(films, "two", "other", "20260101")
    assert run("load", films, "--import", "--outputs", live.path).code == 0
    assert run("export", "--to", "table", "--outputs", live.path).code == 0
    return live


def rows(run: Run, live: Live, name: str) -> list[tuple[Any, ...]]:
    shown = run("query", "--ready", name, "--json", "--outputs", live.path)
    assert shown.code == 0, shown.err
    return [tuple(row.values()) for row in json.loads(shown.out)]


def test_what_is_asked_of_a_store(run: Run, imaging: Live) -> None:
    assert rows(run, imaging, "studies") == [
        ("2026-01-01", "CR", 2, 3),
        ("2026-01-31", "DX", 1, 1),
    ]
    assert rows(run, imaging, "followed-up") == [("one", 2, "2026-01-01", "2026-01-31", 30)]
    ((_, instances, stored, in_all),) = rows(run, imaging, "storage")
    assert (instances, stored) == (4, in_all)
    assert stored > 4 * 256
    assert sum(row[1] for row in rows(run, imaging, "arrivals")) == 4
    assert [sum(row[place] for row in rows(run, imaging, "arrivals")) for place in (3, 4)] == [4, 0]


def test_time_from_order_to_image(run: Run, imaging: Live, tmp_path: Path) -> None:
    without = run("query", "--ready", "order-to-image", "--outputs", imaging.path)
    assert (without.code, "No FHIR store has a table ServiceRequest" in without.err) == (1, True)
    order = {
        "resourceType": "ServiceRequest",
        "id": "s1",
        "status": "active",
        "intent": "order",
        "subject": {"display": "one"},
        "authoredOn": "2026-01-01T09:30:00Z",
        "identifier": [{"value": "A1"}],
    }
    path = with_fhir(imaging, tmp_path)
    write(tmp_path / "order.ndjson", order)
    for arguments in (("load", tmp_path / "order.ndjson"), ("export", "--to", "table")):
        done = run("fhir", *arguments, "--outputs", path)
        assert done.code == 0, done.err
    shown = run("query", "--ready", "order-to-image", "--json", "--outputs", path)
    assert shown.code == 0, shown.err
    (found,) = json.loads(shown.out)
    assert (found["accession_number"], found["hours"]) == ("A1", 2.5)


def with_fhir(live: Live, folder: Path) -> Path:
    """Outputs with a FHIR store, whose tables are in the dataset of the images."""
    parent = live.outputs.dataset_name
    body = {"version": "R4", "enableUpdateCreate": True}
    assert live.emulator.request("POST", f"/v1/{parent}/fhirStores?fhirStoreId=orders", body)[0] == 200
    outputs = json.loads(live.path.read_text())
    store = {"name": f"{parent}/fhirStores/orders", "version": "R4", "streams": False}
    outputs["fhir_stores"] = {"orders": {**store, "bigquery_dataset": live.outputs.bigquery_dataset}}
    path = folder / "with-fhir.json"
    path.write_text(json.dumps(outputs))
    return path


def test_without_metadata_it_says_what_to_do_first(run: Run, stack: Live) -> None:
    ended = run("query", "--ready", "studies", "--outputs", stack.path)
    assert ended.code == 1
    assert "has no table dicom_metadata yet: run `python -m scripts export --to table`" in ended.err


SQL = (
    "SELECT 'a' AS name, 3 AS films, DATE '2026-01-02' AS day, TIMESTAMP '2026-01-02 03:04:05+00' AS seen,"
    " ['x', 'y'] AS tags, STRUCT(1.5 AS wide) AS size"
    " UNION ALL SELECT 'b, c', 6, NULL, NULL, ['z'], NULL ORDER BY films"
)


def test_rows_are_written_as_files_of_three_kinds(run: Run, live: Live, tmp_path: Path) -> None:
    for ending in ("csv", "json", "parquet"):
        shown = run("query", SQL, "--to", tmp_path / f"rows.{ending}", "--outputs", live.path)
        assert (shown.code, shown.out) == (0, ""), shown.err
        assert "2 rows written to" in shown.err
    with (tmp_path / "rows.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["films"], first["day"], first["tags"]) == ("3", "2026-01-02", '["x", "y"]')
    assert (second["name"], second["day"]) == ("b, c", "")
    assert [row["size"] for row in json.loads((tmp_path / "rows.json").read_text())] == [{"wide": 1.5}, None]
    with duckdb.connect() as engine:
        found = engine.execute(f"SELECT * FROM '{tmp_path / 'rows.parquet'}'")
        kinds = [str(each[1]) for each in found.description]
        table = found.fetchall()
    assert [row[:2] for row in table] == [("a", 3), ("b, c", 6)]
    assert table[0][4:] == (["x", "y"], {"wide": 1.5})
    assert kinds[1:4] == ["BIGINT", "DATE", "TIMESTAMP WITH TIME ZONE"]


def test_a_chart_has_a_bar_a_row(run: Run, live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    shown = run(
        "query", "SELECT 'a' AS name, 3 AS films UNION ALL SELECT 'bb', 6 ORDER BY 2", "--chart", "--outputs", live.path
    )
    assert shown.out == f"name: films\na   3  {'█' * 12}\nbb  6  {'█' * 23}\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("SELECT 1", "--to", "rows.xlsx"), "has no known ending: use one of .csv, .json, .parquet"),
        (("SELECT 1", "--to", "rows.csv", "--json"), "--to, --chart and --json exclude each other"),
        (("SELECT 'a' AS a", "--chart"), "--chart needs rows with a column of numbers"),
    ],
)
def test_wrong_use_is_one_sentence(run: Run, live: Live, arguments: tuple[str, ...], sentence: str) -> None:
    ended = run("query", *arguments, "--outputs", live.path)
    assert (ended.code, sentence in ended.err) == (2, True), ended.err
