"""The load as a Beam pipeline, on this machine: it leaves what a local load leaves, and each goes on from the other."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from google.cloud import storage
from pydicom import dcmread

from scripts.chestxrays.archive import open_archive
from scripts.chestxrays.rehearsal import write_set
from tests.scripts.conftest import Live, Run

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

FILMS = 24
SIDE = 32


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set with all its oddities."""
    folder = tmp_path_factory.mktemp("beam") / "data"
    write_set(folder, FILMS, SIDE)
    return folder


def printed(run: Run, live: Live, *arguments: object) -> dict[str, Any]:
    ended = run(*arguments, "--json", "--outputs", live.path)
    assert ended.code == 0, ended.err
    found: dict[str, Any] = json.loads(ended.out)
    return found


def objects(landing: storage.Bucket, prefix: str) -> dict[str, tuple[Any, ...]]:
    """What the bucket holds below a folder: bytes, checksums, types and marks by name."""
    return {
        blob.name.removeprefix(prefix): (blob.size, blob.crc32c, blob.content_type, blob.metadata)
        for blob in landing.list_blobs(prefix=f"{prefix}/")
    }


def test_a_pipeline_leaves_what_a_local_load_leaves(
    run: Run, live: Live, landing: storage.Bucket, archive: Path
) -> None:
    films = len(open_archive(archive))
    local = printed(run, live, "load", archive, "--source", "kaggle", "--import", "--prefix", "local")
    beam = printed(run, live, "pipeline", archive, "--import", "--prefix", "beam")
    assert objects(landing, "beam") == objects(landing, "local")
    assert (beam["loaded"], beam["bytes"], beam["labels"]) == (local["loaded"], local["bytes"], local["labels"])
    assert beam["loaded"] == films
    assert [each["success"] for each in beam["imports"]] == [each["success"] for each in local["imports"]]
    for again in (("load", archive, "--source", "kaggle"), ("pipeline", archive)):
        done = printed(run, live, *again, "--import", "--prefix", "beam")
        assert (done["loaded"], done["skipped"], done["imported_before"]) == (0, films, films)
    ended = run("verify", archive, "--source", "kaggle", "--prefix", "beam", "--outputs", live.path)
    assert (ended.code, ended.out) == (0, ""), ended.out
    blob = next(iter(landing.list_blobs(prefix="beam/")))
    assert dcmread(io.BytesIO(blob.download_as_bytes())).Rows == SIDE
