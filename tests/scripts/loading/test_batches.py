"""Importing what was loaded: once, and again where that is needed."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from google.cloud import storage

from scripts import connection
from scripts.connection import Connection
from scripts.errors import ExitCode
from scripts.loading import batches
from scripts.loading.batches import BatchImports
from scripts.loading.manifest import Manifest, State
from scripts.loading.running import Load, run_load
from scripts.loading.sources import Source, folder_sources
from scripts.loading.uploading import Report
from scripts.waiting import get_state
from tests.scripts.conftest import Live, Run, StartLive
from tests.scripts.files import small_film, write_films


def load(run: Run, live: Live, folder: Path) -> dict[str, Any]:
    ended = run("load", folder, "--import", "--json", "--outputs", live.path)
    printed: dict[str, Any] = json.loads(ended.out)
    return {**printed, "code": ended.code}


def begun_import(target: Connection, sources: Sequence[Source]) -> BatchImports:
    """The imports of a run that has loaded the files, begun the first import, and not waited for it."""
    run_load(target, sources, then_import=False)
    bucket = target.outputs.landing_bucket
    manifest = Manifest(target.storage.bucket(bucket), {source.batch for source in sources})
    imports = BatchImports(target, bucket, sources, manifest)
    for source in sources:
        imports.file_done(source, loaded=True, sent=False)
    return imports


def states(landing: storage.Bucket, folder: str) -> dict[str, State]:
    return {each.file: each.state for each in Manifest(landing, [folder]).entries()}


def test_what_is_imported_is_not_imported_again(run: Run, live: Live, landing: storage.Bucket, tmp_path: Path) -> None:
    write_films(tmp_path / "once", "once", 3)
    first = load(run, live, tmp_path / "once")
    assert [each["success"] for each in first["imports"]] == [3]
    assert set(states(landing, "once").values()) == {State.IMPORTED}
    again = load(run, live, tmp_path / "once")
    assert (again["skipped"], again["imported_before"], "imports" in again) == (3, 3, False)
    (tmp_path / "once" / "more.dcm").write_bytes(small_film("once", 4))
    more = load(run, live, tmp_path / "once")
    assert (more["loaded"], [each["success"] for each in more["imports"]]) == (1, [4])


def test_what_was_deleted_from_the_store_is_imported_again(run: Run, live: Live, tmp_path: Path) -> None:
    """Also where the store holds other films."""
    write_films(tmp_path / "stays", "stays", 5)
    load(run, live, tmp_path / "stays")
    write_films(tmp_path / "gone", "gone", 2)
    load(run, live, tmp_path / "gone")
    found = json.loads(run("search", "studies", "PatientID=gone", "--json", "--outputs", live.path).out)
    for study in found:
        run("delete", study["0020000D"]["Value"][0], "--yes", "--outputs", live.path)
    again = load(run, live, tmp_path / "gone")
    assert [each["success"] for each in again["imports"]] == [2]


def test_a_file_that_the_store_refuses_is_named_and_tried_again(
    run: Run, live: Live, landing: storage.Bucket, tmp_path: Path
) -> None:
    paths = write_films(tmp_path / "refused", "refused", 2)
    load(run, live, tmp_path / "refused")
    paths[1].write_bytes(small_film("refused", 2, side=17))  # other bytes under the same SOPInstanceUID
    changed = load(run, live, tmp_path / "refused")
    assert changed["code"] == 3
    (failed,) = changed["imports"][0]["failed"]
    assert failed["file"].endswith("/refused/0002.dcm")
    assert states(landing, "refused") == {"0001.dcm": State.IMPORTED, "0002.dcm": State.FAILED}
    assert load(run, live, tmp_path / "refused")["imports"][0]["failure"] == 1


def test_an_import_left_running_is_waited_for_and_not_started_again(start_live: StartLive, tmp_path: Path) -> None:
    slow = start_live("--operations", "delay:2")
    sources = folder_sources(write_films(tmp_path / "left", "left", 2)[0].parent)
    with Connection(slow.outputs, slow.outputs.endpoints) as target:
        killed = begun_import(target, sources)
        name = killed.leave()
        assert name is not None
        assert not get_state(target, name).done
        load = run_load(target, sources, then_import=True)
        assert [each.state.name for each in load.imports] == [name]
        assert load.imports[0].state.success == 2


def test_new_files_are_not_left_to_an_import_that_began_before_them(start_live: StartLive, tmp_path: Path) -> None:
    slow = start_live("--operations", "delay:2")
    folder = write_films(tmp_path / "new", "new", 2)[0].parent
    with Connection(slow.outputs, slow.outputs.endpoints) as target:
        sources = folder_sources(folder)
        killed = begun_import(target, sources)
        (folder / "0003.dcm").write_bytes(small_film("new", 3))
        load = run_load(target, folder_sources(folder), then_import=True)
        assert [each.state.name == killed.leave() for each in load.imports] == [False]
        assert load.imports[0].state.success == 3


def test_an_old_import_of_a_part_does_not_stand_for_all(start_live: StartLive, tmp_path: Path) -> None:
    """An import of two files is left running; a third is loaded without one; then all are to be imported."""
    slow = start_live("--operations", "delay:2")
    folder = write_films(tmp_path / "part", "part", 2)[0].parent
    with Connection(slow.outputs, slow.outputs.endpoints) as target:
        sources = folder_sources(folder)
        killed = begun_import(target, sources)
        while not get_state(target, killed.leave() or "").done:
            time.sleep(0.1)
        (folder / "0003.dcm").write_bytes(small_film("part", 3))
        run_load(target, folder_sources(folder), then_import=False)
        load = run_load(target, folder_sources(folder), then_import=True)
        assert [each.state.success for each in load.imports] == [3]
        assert load.imports[0].state.name != killed.leave()


def test_a_cancelled_import_ends_nothing_but_itself(start_live: StartLive, tmp_path: Path) -> None:
    slow = start_live("--operations", "delay:3")
    sources = [
        *folder_sources(write_films(tmp_path / "first", "first", 2)[0].parent),
        *folder_sources(write_films(tmp_path / "second", "second", 2)[0].parent),
    ]
    with Connection(slow.outputs, slow.outputs.endpoints) as target:
        imports = begun_import(target, sources)
        target.execute(target.healthcare.operations().cancel(name=imports.leave(), body={}))
        imports.finish()
        assert [(each.state.error_code, each.state.success) for each in imports.ended] == [(1, 0), (0, 2)]
        report = Report(skipped=4)
        assert Load(report, [], imports.ended).exit_code == ExitCode.PARTLY_DONE
        assert Load(report, [], imports.ended[:1]).exit_code == ExitCode.FAILED


def test_a_service_that_is_busy_for_long_is_waited_for(
    run: Run, start_live: StartLive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = start_live()
    monkeypatch.setattr(connection, "_RETRIES", 0)
    monkeypatch.setattr(batches, "_BUSY_PAUSE_SECONDS", 0.1)
    write_films(tmp_path / "busy", "busy", 2)
    method = "healthcare.projects.locations.datasets.dicomStores.import"
    live.emulator.request("POST", "/_emulator/faults", {"method": method, "code": 429, "count": 6})
    assert load(run, live, tmp_path / "busy")["imports"][0]["success"] == 2
    monkeypatch.setattr(batches, "_PATIENCE_SECONDS", 0.3)
    write_films(tmp_path / "busier", "busier", 2)
    live.emulator.request("POST", "/_emulator/faults", {"method": method, "code": 429, "count": 1000})
    ended = run("load", tmp_path / "busier", "--import", "--outputs", live.path)
    assert ended.code == 1
    assert "Wait a minute and run the same command again" in ended.err


def test_a_folder_below_another_is_imported_alone(run: Run, live: Live, tmp_path: Path) -> None:
    for name in ("x", "y"):
        write_films(tmp_path / name, f"team-{name}", 2)
    run("load", tmp_path / "x", "--prefix", "team/x", "--outputs", live.path)
    run("load", tmp_path / "y", "--prefix", "team/y", "--import", "--outputs", live.path)
    assert run("search", "instances", "PatientID=team-x", "--json", "--outputs", live.path).out == "[]\n"
    found = json.loads(run("search", "instances", "PatientID=team-y", "--json", "--outputs", live.path).out)
    assert len(found) == 2
