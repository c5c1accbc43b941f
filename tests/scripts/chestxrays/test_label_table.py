"""The label table on the emulator: what is in it, and that a load happens whole or not at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from scripts.chestxrays import label_table
from scripts.chestxrays.label_columns import TABLE
from scripts.chestxrays.label_table import LoadedLabels, ensure_table, load_labels
from scripts.chestxrays.records import FilmRecord
from scripts.chestxrays.uids import FilmUids
from scripts.connection import Connection
from scripts.errors import CommandError
from scripts.tables import find_table, table_id
from tests.scripts.chestxrays.labelled import small_set, uids_of


def pairs(films: list[FilmRecord]) -> list[tuple[FilmRecord, FilmUids]]:
    return [(film, uids_of(film)) for film in films]


def rows(target: Connection, columns: str = "*") -> list[dict[str, Any]]:
    sql = f"SELECT {columns} FROM `{table_id(target, TABLE)}` ORDER BY image_index, label_version"
    return [dict(row.items()) for row in target.bigquery.query(sql).result()]


def tables(target: Connection) -> list[str]:
    return [item.table_id for item in target.bigquery.list_tables(target.outputs.bigquery_dataset)]


def test_every_column_of_a_film_is_kept(target: Connection) -> None:
    assert load_labels(target, pairs(small_set())) == LoadedLabels(read=5, added=5, replaced=0)
    first, second, *_, last = rows(target)
    assert first == {
        "image_index": "00000001_000.png",
        "label_version": "2017",
        "sop_instance_uid": "1.2.826.0.1.3680043.8.498.3.11000",
        "series_instance_uid": "1.2.826.0.1.3680043.8.498.2.11000",
        "study_instance_uid": "1.2.826.0.1.3680043.8.498.1.11000",
        "patient_id": "00000001",
        "follow_up": 0,
        "findings": [],
        "boxes": [],
        "age": 58,
        "sex": "F",
        "view": "PA",
        "original_width": 2682,
        "original_height": 2749,
        "pixel_spacing_x": 0.143,
        "pixel_spacing_y": 0.144,
        "split": "train_val",
    }
    assert second["findings"] == ["Cardiomegaly", "Effusion"]
    assert second["boxes"] == [{"finding": "Cardiomegaly", "x": 10.5, "y": 20.0, "width": 512.0, "height": 256.0}]
    unknown = ("age", "sex", "view", "split", "original_width", "original_height", "pixel_spacing_x", "pixel_spacing_y")
    assert [last[name] for name in unknown] == [None] * 8


def test_the_table_says_what_it_is(target: Connection) -> None:
    load_labels(target, [])
    table = find_table(target, TABLE)
    assert table is not None
    assert "NIH Clinical Center" in table.description
    assert "Wang" in table.description
    assert "CVPR 2017" in table.description
    # Sets of one's own are in it, too, so that nothing may say of the whole table that it is NIH's.
    assert table.description.startswith("Labels of chest X-rays: ")
    assert "Rows of any other version are of the set of that name" in table.description
    assert table.labels == {"environment": "local"}
    assert table.clustering_fields == ["patient_id"]
    assert all(field.description for field in table.schema)
    types = {field.name: (field.field_type, field.mode) for field in table.schema}
    assert types["image_index"] == ("STRING", "REQUIRED")
    assert types["findings"] == ("STRING", "REPEATED")
    assert types["boxes"] == ("RECORD", "REPEATED")
    assert [field.description for field in next(f for f in table.schema if f.name == "boxes").fields][1] == (
        "Left edge in pixels of the 1024 x 1024 film."
    )


def test_a_second_load_replaces_its_films_and_leaves_the_others(target: Connection) -> None:
    films = small_set()
    load_labels(target, pairs(films))
    assert load_labels(target, pairs(films)) == LoadedLabels(read=5, added=0, replaced=5)
    before = rows(target)
    changed = dataclasses.replace(films[1], findings=("Mass",), boxes=(), split="test")
    new = dataclasses.replace(films[0], index="00000009_000.png", patient_id="00000009")
    assert load_labels(target, pairs([changed, new])) == LoadedLabels(read=2, added=1, replaced=1)
    after = rows(target)
    assert [row for row in after if row["image_index"] not in (changed.index, new.index)] == [
        row for row in before if row["image_index"] != changed.index
    ]
    replaced = next(row for row in after if row["image_index"] == changed.index)
    assert (replaced["findings"], replaced["boxes"], replaced["split"]) == (["Mass"], [], "test")


def test_versions_stand_beside_each_other(target: Connection) -> None:
    load_labels(target, pairs(small_set("2017")))
    other = [dataclasses.replace(film, findings=()) for film in small_set("v2020")]
    assert load_labels(target, pairs(other)).added == 5
    assert len(rows(target)) == 10
    found = rows(target, "image_index, label_version, findings")
    assert found[2:4] == [
        {"image_index": "00000001_001.png", "label_version": "2017", "findings": ["Cardiomegaly", "Effusion"]},
        {"image_index": "00000001_001.png", "label_version": "v2020", "findings": []},
    ]


def test_of_a_film_that_comes_twice_the_last_counts(target: Connection) -> None:
    film = small_set()[0]
    given = pairs([film, dataclasses.replace(film, age=70), small_set()[1], dataclasses.replace(film, age=71)])
    assert load_labels(target, given, chunk_rows=2) == LoadedLabels(read=4, added=2, replaced=0)
    assert [row["age"] for row in rows(target, "image_index, age, label_version")] == [71, 58]


def test_a_film_without_an_image_has_no_uids(target: Connection) -> None:
    load_labels(target, [(small_set()[0], None)])
    assert rows(target, "image_index, label_version, sop_instance_uid")[0]["sop_instance_uid"] is None


def test_a_film_keeps_its_uids_until_it_comes_with_others(target: Connection) -> None:
    film = small_set()[0]
    load_labels(target, pairs([film]))
    load_labels(target, [(dataclasses.replace(film, age=70), None)])
    named = "image_index, label_version, age, sop_instance_uid, series_instance_uid, study_instance_uid"
    (row,) = rows(target, named)
    uids = uids_of(film)
    assert list(row.values())[2:] == [70, uids.instance, uids.series, uids.study]
    load_labels(target, [(film, FilmUids("1.2.1", "1.2.2", "1.2.3"))])
    (row,) = rows(target, named)
    assert list(row.values())[2:] == [58, "1.2.3", "1.2.2", "1.2.1"]


def test_films_are_read_once_in_chunks(target: Connection) -> None:
    read: list[str] = []
    seen: list[tuple[int, int]] = []

    def films() -> Iterator[tuple[FilmRecord, FilmUids]]:
        for number in range(25):
            read.append(str(number))
            film = FilmRecord(f"{number:08}_000.png", f"{number:08}", version="2017")
            yield film, uids_of(film)

    load_labels(target, films(), chunk_rows=10, on_progress=lambda done: seen.append((done, len(read))))
    assert seen == [(10, 10), (20, 20), (25, 25)]
    assert len(rows(target)) == 25


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, ValueError])
def test_what_stops_while_films_are_read_changes_nothing(target: Connection, interrupt: type[BaseException]) -> None:
    load_labels(target, pairs(small_set()))
    before = rows(target)

    def films() -> Iterator[tuple[FilmRecord, FilmUids]]:
        for film in small_set():
            yield dataclasses.replace(film, age=99), uids_of(film)
        raise interrupt

    with pytest.raises(interrupt):
        load_labels(target, films(), chunk_rows=2)
    assert rows(target) == before
    assert tables(target) == [TABLE]


def test_a_merge_that_fails_changes_nothing(target: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    load_labels(target, pairs(small_set()))
    before = rows(target)

    film = dataclasses.replace(small_set()[0], age=99)
    once = label_table.merge_statement
    monkeypatch.setattr(label_table, "merge_statement", lambda *names: once(*names).replace("DESC) = 1", "DESC) > 0"))
    with pytest.raises(exceptions.BadRequest, match="at most one source row"):
        load_labels(target, pairs([film, film]))
    assert rows(target) == before
    assert tables(target) == [TABLE]


def test_a_killed_load_leaves_a_table_that_expires(target: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(target.bigquery, "delete_table", killed)
    monkeypatch.setattr(label_table, "_merge", killed)
    with pytest.raises(Killed):
        load_labels(target, pairs(small_set()))
    assert rows(target) == []
    staging = [name for name in tables(target) if name != TABLE]
    assert len(staging) == 1
    left = find_table(target, staging[0])
    assert left is not None
    assert left.expires is not None
    monkeypatch.undo()
    assert load_labels(target, pairs(small_set())).added == 5


def test_a_table_of_an_older_version_gets_its_columns(target: Connection) -> None:
    ensure_table(target)
    target.bigquery.query(f"ALTER TABLE `{table_id(target, TABLE)}` DROP COLUMN split").result()
    load_labels(target, pairs(small_set()))
    assert [row["split"] for row in rows(target, "image_index, label_version, split")][3] == "test"


def test_a_stranger_of_that_name_is_left_alone(target: Connection) -> None:
    schema = [bigquery.SchemaField("findings", "STRING")]
    target.bigquery.create_table(bigquery.Table(table_id(target, TABLE), schema))
    with pytest.raises(CommandError, match=r"chest_xray_labels is there already .* \(column findings\)"):
        load_labels(target, pairs(small_set()))
    assert tables(target) == [TABLE]
