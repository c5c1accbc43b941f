"""Every difference between a source and what arrived is named, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from google.cloud import storage

from scripts.connection import Connection
from scripts.console import progress
from scripts.loading.manifest import Entry, Manifest, State
from scripts.loading.sources import Source, folder_sources, synthetic_sources
from scripts.loading.verifying import Differences, compare
from tests.scripts.conftest import Live, Run
from tests.scripts.files import small_film, write_films


def differences(live: Live, sources: list[Source], *, whole: bool = True) -> Differences:
    with Connection(live.outputs, live.outputs.endpoints) as target, progress("Verifying") as bar:
        return compare(target, sources, bar, whole=whole)


def test_all_is_where_it_should_be(run: Run, live: Live, tmp_path: Path) -> None:
    write_films(tmp_path / "sound", "sound", 4)
    run("load", tmp_path / "sound", "--import", "--outputs", live.path)
    run("export", "--to", "table", "--write-disposition", "truncate", "--outputs", live.path)
    found = differences(live, list(folder_sources(tmp_path / "sound")))
    assert found.found == []
    assert (found.files, found.in_bucket, found.in_store, found.in_tables) == (4, 4, 4, {"dicom_metadata": 4})


def test_each_difference_is_named(run: Run, live: Live, landing: storage.Bucket, tmp_path: Path) -> None:
    paths = write_films(tmp_path / "odd", "odd", 5)
    run("load", tmp_path / "odd", "--import", "--outputs", live.path)
    run("export", "--to", "table", "--write-disposition", "truncate", "--outputs", live.path)
    landing.blob("odd/0001.dcm").delete()
    paths[1].write_bytes(small_film("odd", 2, side=18))
    paths[2].write_bytes(b"")
    landing.blob("odd/stray.dcm").upload_from_string(b"x")
    study = json.loads(run("search", "instances", "PatientID=odd", "--json", "--outputs", live.path).out)
    numbers = {each["00200013"]["Value"][0]: each for each in study}
    uids = [numbers[4][tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018")]
    run("delete", *uids, "--yes", "--outputs", live.path)
    (tmp_path / "odd" / "0006.dcm").write_bytes(small_film("odd", 6))
    found = differences(live, list(folder_sources(tmp_path / "odd")))
    assert found.found == [
        ("missing in the bucket", "0001.dcm"),
        ("missing in the bucket", "0006.dcm"),
        ("other bytes in the bucket", "0002.dcm"),
        ("unsound at its source (The file is empty)", "0003.dcm"),
        ("only in the bucket", "odd/stray.dcm"),
        ("missing in the store", "0004.dcm"),
        ("missing in the store", "0006.dcm"),
        ("missing in table dicom_metadata", "0006.dcm"),
    ]
    assert ("only in the bucket", "odd/stray.dcm") not in differences(
        live, list(folder_sources(tmp_path / "odd")), whole=False
    ).found


def test_the_reason_why_the_store_lacks_a_file_is_given(
    run: Run, live: Live, landing: storage.Bucket, tmp_path: Path
) -> None:
    write_films(tmp_path / "reason", "reason", 1)
    run("load", tmp_path / "reason", "--outputs", live.path)
    manifest = Manifest(landing, ["reason"])
    manifest.record(Entry("reason/0001.dcm", "0001.dcm", State.FAILED, reason="The store refused it"))
    manifest.write()
    found = differences(live, list(folder_sources(tmp_path / "reason"))).found
    assert ("missing in the store (The store refused it)", "0001.dcm") in found


def test_what_was_made_by_another_version_is_a_difference(run: Run, live: Live, landing: storage.Bucket) -> None:
    run("load", "--synthetic", "2", "--prefix", "versions", "--outputs", live.path)
    blob = landing.get_blob("versions/00000001_000.dcm")
    assert blob is not None
    blob.metadata = {"generated-by": "an-older-one"}
    blob.patch()
    found = differences(live, list(synthetic_sources(2, "versions")))
    assert ("made from another version in the bucket", "00000001_000.dcm") in found.found
