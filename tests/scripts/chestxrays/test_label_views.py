"""The views over labels and DICOM metadata: before an export, after it, after another one, and with a stream."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from scripts.chestxrays import label_views
from scripts.chestxrays.label_table import load_labels
from scripts.chestxrays.label_views import INSTANCES_VIEW, JOINED_VIEW, refresh_views
from scripts.chestxrays.records import FilmRecord
from scripts.chestxrays.uids import FilmUids
from scripts.connection import Connection, resolve_endpoints
from scripts.errors import CommandError
from scripts.queries import preparing
from scripts.tables import find_table, table_id
from tests.scripts.chestxrays.labelled import small_set, uids_of
from tests.scripts.conftest import Live, Run
from tests.scripts.files import write_films

SYSTEM = [
    bigquery.SchemaField("LastUpdated", "TIMESTAMP"),
    bigquery.SchemaField("Type", "STRING"),
]


def metadata(target: Connection, rows: list[dict[str, Any]], name: str = "dicom_metadata", *extra: str) -> None:
    """A metadata table as an export writes it, in the place of the one that was there."""
    columns = ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "PatientID", *extra]
    schema = [*(bigquery.SchemaField(column, "STRING") for column in columns), *SYSTEM]
    config = bigquery.LoadJobConfig(schema=schema, write_disposition="WRITE_TRUNCATE")
    target.bigquery.load_table_from_json(rows, table_id(target, name), job_config=config).result()


def instance(film: FilmRecord, **values: str) -> dict[str, Any]:
    uids = uids_of(film)
    named = {"StudyInstanceUID": uids.study, "SeriesInstanceUID": uids.series, "SOPInstanceUID": uids.instance}
    return {
        **named, "PatientID": film.patient_id, "LastUpdated": "2026-01-01T00:00:00Z", "Type": "INSERT", **values,
    }  # fmt: skip


def ask(target: Connection, columns: str, view: str = JOINED_VIEW) -> list[tuple[Any, ...]]:
    sql = f"SELECT {columns} FROM `{table_id(target, view)}` ORDER BY 1"
    return [tuple(row.values()) for row in target.bigquery.query(sql).result()]


def label(target: Connection) -> list[FilmRecord]:
    films = small_set()
    load_labels(target, [(film, uids_of(film)) for film in films])
    return films


def test_views_wait_for_labels_and_metadata(target: Connection) -> None:
    assert not refresh_views(target)
    films = label(target)
    assert not refresh_views(target)
    assert find_table(target, JOINED_VIEW) is None
    metadata(target, [instance(films[0]), instance(films[3])])
    assert refresh_views(target)
    assert ask(target, "image_index, PatientID, findings, StudyInstanceUID = study_instance_uid") == [
        ("00000001_000.png", "00000001", [], True),
        ("00000002_000.png", "00000002", ["Effusion"], True),
    ]
    view = find_table(target, JOINED_VIEW)
    assert view is not None
    assert (view.table_type, view.labels) == ("VIEW", {"environment": "local"})


def test_views_come_with_labels_that_are_loaded_after_an_export(target: Connection) -> None:
    metadata(target, [instance(small_set()[0])])
    label(target)
    assert ask(target, "image_index, PatientID") == [("00000001_000.png", "00000001")]


def test_views_survive_another_export_and_follow_its_columns(target: Connection) -> None:
    films = label(target)
    metadata(target, [instance(films[0], ViewPosition="PA")], "dicom_metadata", "ViewPosition")
    refresh_views(target)
    metadata(target, [instance(films[1], ViewPosition="AP"), instance(films[2])], "dicom_metadata", "ViewPosition")
    columns = "image_index, ViewPosition, PatientAge"
    assert ask(target, columns) == [("00000001_001.png", "AP", None), ("00000001_002.png", None, None)]
    metadata(target, [instance(films[0], PatientAge="058Y")], "dicom_metadata", "PatientAge")
    assert refresh_views(target)
    assert ask(target, columns) == [("00000001_000.png", None, "058Y")]


def test_a_view_that_is_right_is_left_alone(target: Connection) -> None:
    metadata(target, [instance(label(target)[0])])
    refresh_views(target)
    before = [find_table(target, name) for name in (INSTANCES_VIEW, JOINED_VIEW)]
    refresh_views(target)
    after = [find_table(target, name) for name in (INSTANCES_VIEW, JOINED_VIEW)]
    assert [each and each.etag for each in before] == [each and each.etag for each in after]


def test_a_stream_shows_the_last_state_of_each_instance(stack: Live, target: Connection) -> None:
    films = label(target)
    streamed = dataclasses.replace(
        stack.outputs, dicom_stream_table=f"bq://{stack.outputs.project}.{stack.outputs.bigquery_dataset}.stream"
    )
    metadata(target, [instance(films[0])])
    with Connection(streamed, resolve_endpoints(streamed, {})) as other:
        other.credentials = target.credentials
        assert refresh_views(other)
        assert ask(other, "image_index") == [("00000001_000.png",)]  # not streamed yet: what was exported
        later, last = "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"
        changes = [
            instance(films[1], PatientID="corrected", LastUpdated=last),
            instance(films[1], LastUpdated=later),
            instance(films[2]),
            instance(films[2], LastUpdated=later, Type="DELETE"),
        ]
        metadata(other, changes, "stream")
        assert refresh_views(other)
        assert ask(other, "image_index, PatientID") == [("00000001_001.png", "corrected")]


def test_what_is_no_export_by_attributes_is_refused(target: Connection) -> None:
    label(target)
    schema = [bigquery.SchemaField("SOPInstanceUID", "STRING"), bigquery.SchemaField("Metadata", "JSON")]
    target.bigquery.create_table(bigquery.Table(table_id(target, "dicom_metadata"), schema))
    with pytest.raises(CommandError, match="has no column LastUpdated"):
        refresh_views(target)


def test_a_table_in_the_views_place_is_left_alone(target: Connection) -> None:
    metadata(target, [instance(label(target)[0])])
    target.bigquery.create_table(bigquery.Table(table_id(target, JOINED_VIEW), SYSTEM))
    with pytest.raises(CommandError, match="is there already and is not a view"):
        refresh_views(target)


def test_from_export_to_mismatch(run: Run, stack: Live, target: Connection, tmp_path: Path) -> None:
    """The views come with the first export, and follow the next; `mismatch` names what has no counterpart."""
    first = small_set()[0]
    write_films(tmp_path / "films", "joined", 2)
    assert run("store", tmp_path / "films", "--outputs", stack.path).code == 0
    load_labels(target, [(first, uids_of(first))])
    early = run("query", "--ready", "mismatch", "--outputs", stack.path)
    assert early.code == 1
    assert "has no table dicom_metadata yet: run `python -m scripts export --to table`" in early.err
    assert run("export", "--to", "table", "--outputs", stack.path).code == 0
    asked = f"SELECT SOPInstanceUID, StudyInstanceUID FROM {INSTANCES_VIEW} WHERE PatientID = 'joined' ORDER BY 1"
    stored = json.loads(run("query", asked, "--json", "--outputs", stack.path).out)
    assert len(stored) == 2

    def mismatches() -> list[tuple[str, str, str]]:
        found = json.loads(run("query", "--ready", "mismatch", "--json", "--outputs", stack.path).out)
        ours = {uids_of(first).instance, *(row["SOPInstanceUID"] for row in stored)}
        shown = [row for row in found if row["sop_instance_uid"] in ours]
        return [(row["mismatch"], row["image_index"], row["sop_instance_uid"]) for row in shown]

    lost = ("labels without image", first.index, uids_of(first).instance)
    assert mismatches() == [
        *(("image without labels", None, row["SOPInstanceUID"]) for row in stored),
        lost,
    ]
    second = dataclasses.replace(small_set()[1], findings=("Hernia",))
    of_second = FilmUids(stored[0]["StudyInstanceUID"], "1.2", stored[0]["SOPInstanceUID"])
    load_labels(target, [(second, of_second)])
    assert mismatches() == [("image without labels", None, stored[1]["SOPInstanceUID"]), lost]
    again = run("export", "--to", "table", "--write-disposition", "truncate", "--outputs", stack.path)
    assert again.code == 0
    sql = f"SELECT image_index, findings, PatientID, Modality, `Rows`, BlobStorageSize > 0 AS stored FROM {JOINED_VIEW}"
    assert json.loads(run("query", sql, "--json", "--outputs", stack.path).out) == [
        {
            "image_index": second.index, "findings": ["Hernia"], "PatientID": "joined", "Modality": "CR",
            "Rows": 16, "stored": True,
        }
    ]  # fmt: skip


def test_the_guides_own_queries_work(run: Run, stack: Live, target: Connection) -> None:
    films = label(target)
    rows = [instance(film, ViewPosition=film.view) for film in films]
    metadata(target, rows, "dicom_metadata", "ViewPosition")
    assert refresh_views(target)
    text = (Path(__file__).parents[3] / "docs/how-to/label-queries.md").read_text()
    asked = re.findall(r'scripts query "(SELECT [^"]+)"', text)
    found = [json.loads(run("query", sql, "--json", "--outputs", stack.path).out) for sql in asked]
    # Of the two AP films, the one of patient 1 (61 years) shows Cardiomegaly, that of patient 2 (50) Effusion.
    assert found == [[{"finding": "Cardiomegaly", "mean_age": 61.0}, {"finding": "Effusion", "mean_age": 50.0}], []]


def forbidden(*_: object) -> bool:
    raise exceptions.Forbidden("Access Denied: Permission bigquery.tables.create denied")


def test_an_export_by_who_may_make_no_views_still_succeeds(
    run: Run, stack: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_views, "refresh_views", forbidden)
    write_films(tmp_path / "films", "exported", 1)
    assert run("store", tmp_path / "films", "--outputs", stack.path).code == 0
    ended = run("export", "--to", "table", "--outputs", stack.path)
    assert ended.code == 0
    assert "The view chest_xrays stays as it is: you may not change it." in ended.err


def test_who_may_only_read_uses_the_views_as_they_are(
    run: Run, stack: Live, target: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = label(target)
    metadata(target, [instance(film) for film in films])
    monkeypatch.setattr(preparing, "refresh_views", forbidden)
    refused = run("query", "--ready", "mismatch", "--outputs", stack.path)
    assert (refused.code, "bigquery.tables.create denied" in refused.err) == (1, True)
    monkeypatch.undo()
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(stack.emulator.credentials_file))
    assert refresh_views(target)
    monkeypatch.setattr(preparing, "refresh_views", forbidden)
    asked = run("query", "--ready", "mismatch", "--json", "--outputs", stack.path)
    assert (asked.code, json.loads(asked.out)) == (0, [])
