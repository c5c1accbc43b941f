"""Importing what was loaded: once, and again where that is needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from google.cloud import storage

from scripts.connection import Connection
from scripts.loading.batches import BatchImports
from scripts.loading.manifest import Manifest, State
from scripts.loading.running import run_load
from scripts.loading.sources import folder_sources
from scripts.waiting import get_state
from tests.scripts.conftest import Live, Run, StartLive
from tests.scripts.files import small_film, write_films


def load(run: Run, live: Live, folder: Path) -> dict[str, Any]:
    ended = run("load", folder, "--import", "--json", "--outputs", live.path)
    printed: dict[str, Any] = json.loads(ended.out)
    return {**printed, "code": ended.code}


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


def test_what_was_deleted_from_the_store_is_imported_again(run: Run, start_live: StartLive, tmp_path: Path) -> None:
    live = start_live()
    write_films(tmp_path / "gone", "gone", 2)
    load(run, live, tmp_path / "gone")
    for study in json.loads(run("search", "studies", "--limit", "0", "--json", "--outputs", live.path).out):
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
        run_load(target, sources, then_import=False)
        landing = target.storage.bucket(slow.outputs.landing_bucket)
        killed = BatchImports(target, slow.outputs.landing_bucket, sources, Manifest(landing, ["left"]))
        for source in sources:
            killed.file_done(source, loaded=True, sent=False)
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
        run_load(target, sources, then_import=False)
        landing = target.storage.bucket(slow.outputs.landing_bucket)
        killed = BatchImports(target, slow.outputs.landing_bucket, sources, Manifest(landing, ["new"]))
        for source in sources:
            killed.file_done(source, loaded=True, sent=False)
        (folder / "0003.dcm").write_bytes(small_film("new", 3))
        load = run_load(target, folder_sources(folder), then_import=True)
        assert [each.state.name == killed.leave() for each in load.imports] == [False]
        assert load.imports[0].state.success == 3
