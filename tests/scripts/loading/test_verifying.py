"""Every difference between a source and what arrived is named, and nothing else."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from google.cloud import storage
from google.oauth2.credentials import Credentials

from scripts.connection import Connection
from scripts.console import progress
from scripts.errors import CommandError
from scripts.loading import verifying
from scripts.loading.manifest import Entry, Manifest, State
from scripts.loading.sources import Source, folder_sources, synthetic_sources
from scripts.loading.verifying import Differences, compare
from tests.scripts.conftest import Live, Run, StartLive
from tests.scripts.files import small_film, write_films


def differences(live: Live, sources: list[Source], *, whole: bool = True) -> Differences:
    with Connection(live.outputs, live.outputs.endpoints) as target, progress("Verifying") as bar:
        return compare(target, sources, bar, whole=whole)


def test_all_is_where_it_should_be(run: Run, own: Live, tmp_path: Path) -> None:
    write_films(tmp_path / "sound", "sound", 4)
    run("load", tmp_path / "sound", "--import", "--outputs", own.path)
    run("export", "--to", "table", "--write-disposition", "truncate", "--outputs", own.path)
    found = differences(own, list(folder_sources(tmp_path / "sound")))
    assert found.found == []
    assert (found.compared, found.in_bucket, found.in_store, found.in_tables) == (4, 4, 4, {"dicom_metadata": 4})


def test_each_difference_is_named(run: Run, own: Live, landing: storage.Bucket, tmp_path: Path) -> None:
    paths = write_films(tmp_path / "odd", "odd", 5)
    run("load", tmp_path / "odd", "--import", "--outputs", own.path)
    run("export", "--to", "table", "--write-disposition", "truncate", "--outputs", own.path)
    landing.blob("odd/0001.dcm").delete()
    paths[1].write_bytes(small_film("odd", 2, side=18))
    paths[2].write_bytes(b"")
    landing.blob("odd/stray.dcm").upload_from_string(b"x")
    study = json.loads(run("search", "instances", "PatientID=odd", "--json", "--outputs", own.path).out)
    numbers = {each["00200013"]["Value"][0]: each for each in study}
    uids = [numbers[4][tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018")]
    run("delete", *uids, "--yes", "--outputs", own.path)
    (tmp_path / "odd" / "0006.dcm").write_bytes(small_film("odd", 6))
    found = differences(own, list(folder_sources(tmp_path / "odd")))
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
        own, list(folder_sources(tmp_path / "odd")), whole=False
    ).found


def test_films_that_came_after_the_table_are_one_difference(run: Run, own: Live, tmp_path: Path) -> None:
    write_films(tmp_path / "later", "later", 2)
    load = ("load", tmp_path / "later", "--import", "--outputs", own.path)
    run(*load)
    run("export", "--to", "table", "--write-disposition", "truncate", "--outputs", own.path)
    for number in range(3, 6):
        (tmp_path / "later" / f"000{number}.dcm").write_bytes(small_film("later", number))
    run(*load)
    ((what, said),) = differences(own, list(folder_sources(tmp_path / "later"))).found
    assert what == "table dicom_metadata is older than the load"
    assert "lacks 3 files that came later" in said
    assert "--write-disposition truncate" in said
    run("export", "--to", "table", "--write-disposition", "truncate", "--outputs", own.path)
    assert differences(own, list(folder_sources(tmp_path / "later"))).found == []


def test_the_reason_why_the_store_lacks_a_file_is_given(
    run: Run, own: Live, landing: storage.Bucket, tmp_path: Path
) -> None:
    write_films(tmp_path / "reason", "reason", 1)
    run("load", tmp_path / "reason", "--outputs", own.path)
    manifest = Manifest(landing, ["reason"])
    manifest.record(Entry("reason/0001.dcm", "0001.dcm", State.FAILED, reason="The store refused it"))
    manifest.write()
    found = differences(own, list(folder_sources(tmp_path / "reason"))).found
    assert ("missing in the store (The store refused it)", "0001.dcm") in found


def test_what_another_version_made_is_a_difference_only_if_its_bytes_are(
    run: Run, own: Live, landing: storage.Bucket
) -> None:
    run("load", "--synthetic", "2", "--prefix", "versions", "--import", "--outputs", own.path)
    for number, content in ((0, None), (1, b"other bytes")):
        blob = landing.get_blob(f"versions/00000001_00{number}.dcm")
        assert blob is not None
        blob.metadata = {"generated-by": "an-older-one"}
        if content:
            blob.upload_from_string(content)
        else:
            blob.patch()
    found = differences(own, list(synthetic_sources(2, "versions")))
    assert found.found == [("other bytes in the bucket", "00000001_001.dcm")]


def test_a_comparison_that_is_stopped_says_nothing_of_any(
    own: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_films(tmp_path / "stopped", "stopped", 9)

    def stopped(work: Callable[[Source], object], items: list[Source]) -> Generator[tuple[Source, object], None, None]:
        yield from ((item, work(item)) for item in items[:3])

    monkeypatch.setattr(verifying, "run_parallel", stopped)
    with pytest.raises(CommandError, match="Stopped after 3 of 9 files"):
        differences(own, list(folder_sources(tmp_path / "stopped")))


def test_one_file_has_no_neighbours_to_answer_for(run: Run, own: Live, tmp_path: Path) -> None:
    paths = write_films(tmp_path / "one", "one", 3)
    run("load", tmp_path / "one", "--import", "--outputs", own.path)
    ended = run("verify", paths[0], "--prefix", "one", "--outputs", own.path)
    assert (ended.code, ended.out) == (0, "")


@pytest.fixture
def own(start_live: StartLive) -> Live:
    """An environment for one test: comparing looks at all of a table."""
    return start_live()


@pytest.fixture
def landing(own: Live) -> Iterator[storage.Bucket]:
    credentials = Credentials(token=own.emulator.owner_token)
    client = storage.Client(own.outputs.project, credentials, client_options={"api_endpoint": own.emulator.base_url})
    yield client.bucket(own.outputs.landing_bucket)
    client.close()


def test_a_table_is_compared_with_the_store_alone(run: Run, own: Live, tmp_path: Path) -> None:
    write_films(tmp_path / "tabled", "tabled", 2)
    run("load", tmp_path / "tabled", "--import", "--outputs", own.path)
    assert run("export", "--to", "table", "--write-disposition", "truncate", "--outputs", own.path).code == 0
    assert run("verify", "--table", "table", "--outputs", own.path).code == 0
    write_films(tmp_path / "later", "later", 1)
    run("load", tmp_path / "later", "--import", "--outputs", own.path)
    shown = run("verify", "--table", "table", "--json", "--outputs", own.path)
    assert shown.code == 1
    assert [each["what"] for each in json.loads(shown.out)["differences"]] == ["missing in table dicom_metadata"]
    none = run("verify", "--table", "table:other", "--outputs", own.path)
    assert (none.code, "There is no table" in none.err) == (1, True)
    assert run("verify", "--outputs", own.path).code == 2


def test_a_table_that_the_store_streams_into_may_hold_what_was_deleted(run: Run, own: Live, tmp_path: Path) -> None:
    write_films(tmp_path / "streamed", "streamed", 1)
    run("store", tmp_path / "streamed", "--outputs", own.path)
    assert run("export", "--to", "table", "--write-disposition", "truncate", "--outputs", own.path).code == 0
    assert run("delete", "--where", "PatientID=streamed", "--yes", "--outputs", own.path).code == 0
    shown = run("verify", "--table", "table", "--json", "--outputs", own.path)
    assert [each["what"] for each in json.loads(shown.out)["differences"]] == ["only in table dicom_metadata"]
    table = f"bq://{own.outputs.project}.{own.outputs.bigquery_dataset}.dicom_metadata"
    streaming = tmp_path / "streaming.json"
    streaming.write_text(dataclasses.replace(own.outputs, dicom_stream_table=table).to_json())
    assert run("verify", "--table", "table", "--outputs", streaming).code == 0
