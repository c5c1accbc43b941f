"""What a manifest keeps between runs."""

from __future__ import annotations

import gzip
import json

import pytest
from google.cloud import storage

from scripts.loading import manifest as manifest_module
from scripts.loading.manifest import Entry, Manifest, State, top_folder


def entry(number: int, state: State = State.LOADED, *, folder: str = "kept-films", reason: str = "") -> Entry:
    return Entry(f"{folder}/{number}.dcm", f"{number}.png", state, "AAAAAA==", reason)


def parts(bucket: storage.Bucket, folder: str) -> int:
    return sum(1 for _ in bucket.list_blobs(prefix=f".load/{folder}/"))


def test_the_next_run_knows_what_the_last_has_written(landing: storage.Bucket) -> None:
    first = Manifest(landing, ["kept-films", "kept-others"])
    first.record(entry(1))
    first.record(entry(2, State.FAILED, reason="The file is empty"))
    first.record(entry(3, folder="kept-others"))
    first.record_operation("kept-films/00", "projects/p/operations/7")
    first.record(entry(4))  # not written any more: the run is killed
    second = Manifest(landing, ["kept-films"])
    assert second.get("kept-films/1.dcm") == entry(1)
    assert second.get("kept-films/2.dcm") == entry(2, State.FAILED, reason="The file is empty")
    assert second.get("kept-others/3.dcm") is None
    assert second.get("kept-films/4.dcm") is None
    assert second.operation("kept-films/00") == "projects/p/operations/7"


def test_of_a_files_lines_the_last_counts(landing: storage.Bucket) -> None:
    for state in (State.LOADED, State.IMPORTED, State.FAILED):
        run = Manifest(landing, ["kept-again"])
        run.record(entry(1, state, folder="kept-again"))
        run.record_operation("kept-again", "an-import" if state == State.LOADED else None)
    last = Manifest(landing, ["kept-again"])
    assert [each.state for each in last.entries()] == [State.FAILED]
    assert last.operation("kept-again") is None


def test_what_is_known_is_not_written_again(landing: storage.Bucket) -> None:
    run = Manifest(landing, ["kept-known"])
    run.record(entry(1, folder="kept-known"))
    run.write()
    before = parts(landing, "kept-known")
    run.record(entry(1, folder="kept-known"))
    run.write()
    assert parts(landing, "kept-known") == before == 1


def test_many_lines_are_written_on_the_way(landing: storage.Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_module, "_LINES", 10)
    run = Manifest(landing, ["kept-many"])
    for number in range(25):
        run.record(entry(number, folder="kept-many"))
    assert len(list(Manifest(landing, ["kept-many"]).entries())) == 20


def test_many_parts_are_joined(landing: storage.Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_module, "_PARTS", 5)
    run = Manifest(landing, ["kept-joined"])
    for number in range(6):
        run.record(entry(number, folder="kept-joined"))
        run.write()
    run.record_operation("kept-joined", "an-import")
    Manifest(landing, ["kept-joined"])
    assert parts(landing, "kept-joined") == 7
    Manifest(landing, ["kept-joined"], join=True)
    assert parts(landing, "kept-joined") == 1
    last = Manifest(landing, ["kept-joined"])
    assert sorted(each.object_name for each in last.entries()) == [f"kept-joined/{number}.dcm" for number in range(6)]
    assert last.operation("kept-joined") == "an-import"


def test_objects_without_a_folder_have_a_manifest_too(landing: storage.Bucket) -> None:
    run = Manifest(landing, [top_folder("plain.dcm")])
    run.record(Entry("plain.dcm", "plain", State.LOADED))
    run.write()
    assert Manifest(landing, [""]).get("plain.dcm") == Entry("plain.dcm", "plain", State.LOADED)


def test_what_cannot_be_read_is_passed_over(landing: storage.Bucket, capsys: pytest.CaptureFixture[str]) -> None:
    run = Manifest(landing, ["kept-odd"])
    run.record(entry(1, folder="kept-odd"))
    run.write()
    landing.blob(".load/kept-odd/9-junk.ndjson.gz").upload_from_string(b"junk")
    lines = [{"object_name": "kept-odd/2.dcm", "file": "2", "state": "blessed"}, {"batch": "x"}, 7]
    text = "\n".join(json.dumps(line) for line in lines)
    landing.blob(".load/kept-odd/9-newer.ndjson.gz").upload_from_string(gzip.compress(text.encode()))
    last = Manifest(landing, ["kept-odd"])
    assert list(last.entries()) == [entry(1, folder="kept-odd")]
    assert capsys.readouterr().err.count("can't be read and is passed over") == 1
