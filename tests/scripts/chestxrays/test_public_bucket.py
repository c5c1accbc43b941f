"""The emulated public bucket as the commands meet it: readable with the stack's project, of no use to an import."""

from __future__ import annotations

import os

import pytest
from google.api_core import exceptions

from scripts.connection import Connection, resolve_endpoints
from tests.scripts.chestxrays.conftest import public_objects
from tests.scripts.conftest import Live, Run


def test_the_stacks_project_pays(live: Live, public_bucket: str) -> None:
    with Connection(live.outputs, resolve_endpoints(live.outputs, os.environ)) as target:
        with pytest.raises(exceptions.BadRequest, match="requester pays bucket but no user project provided"):
            list(target.storage.list_blobs(target.storage.bucket(public_bucket)))
        bucket = target.storage.bucket(public_bucket, user_project=live.outputs.project)
        found = {blob.name: blob.download_as_bytes() for blob in target.storage.list_blobs(bucket)}
        assert found == public_objects()
        assert sorted(found)[:2] == ["dicom/00000001_000.dcm", "dicom/00000001_001.dcm"]
        landing = target.storage.bucket(live.outputs.landing_bucket, user_project=live.outputs.project)
        copied = landing.blob("public/00000001_000.dcm")
        assert copied.rewrite(bucket.blob("dicom/00000001_000.dcm"))[0] is None
        assert copied.download_as_bytes() == found["dicom/00000001_000.dcm"]
        copied.delete()


def test_an_import_from_it_fails_in_one_sentence(run: Run, live: Live, public_bucket: str) -> None:
    ended = run("import", f"gs://{public_bucket}/dicom/*.dcm", "--outputs", live.path)
    assert ended.code == 1
    assert "requester pays" in ended.err
    assert ended.err.count("\n") == 1
