"""gsutil, from PyPI, on the TLS port, with the configuration that `env` names."""

import json
import os
import ssl
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.conftest import Run, skip_without
from tests.clients.prepare import GSUTIL
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

pytestmark = skip_without(GSUTIL)
Gsutil = Callable[..., str]


@pytest.fixture(scope="module")
def gsutil(run: Run) -> Gsutil:
    def gsutil(*words: str | Path) -> str:
        return run(GSUTIL.folder / "bin" / "gsutil", "-q", *words)

    return gsutil


@pytest.fixture(scope="module")
def bucket(gsutil: Gsutil) -> str:
    gsutil("mb", "-l", "us-central1", "gs://of-gsutil")
    return "gs://of-gsutil"


def test_files_are_copied_there_and_back(gsutil: Gsutil, bucket: str, tmp_path: Path) -> None:
    """In one request, resumable (more than 8 MiB), and in parallel pieces that are composed."""
    sizes = {"empty": 0, "small": 1000, "resumable": (8 << 20) + 1, "composite": 6 << 20}
    for name, size in sizes.items():
        (tmp_path / name).write_bytes(os.urandom(size))
        options = ["-o", "GSUtil:parallel_composite_upload_threshold=5M"] if name == "composite" else []
        gsutil(*options, "cp", tmp_path / name, f"{bucket}/copied/{name}")
    gsutil("cp", "-r", f"{bucket}/copied", tmp_path)
    for name in sizes:
        assert (tmp_path / "copied" / name).read_bytes() == (tmp_path / name).read_bytes()
    listed = gsutil("ls", "-L", f"{bucket}/copied/*")
    assert listed.count("Hash (crc32c):") == len(sizes)
    assert "Component-Count:        " in listed


def test_folders_are_synchronized(gsutil: Gsutil, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "from" / "below").mkdir(parents=True)
    for name in ("a", "below/b"):
        (tmp_path / "from" / name).write_text(name)
    gsutil("rsync", "-r", tmp_path / "from", f"{bucket}/synchronized")
    (tmp_path / "from" / "a").unlink()
    gsutil("rsync", "-r", "-d", tmp_path / "from", f"{bucket}/synchronized")
    assert gsutil("ls", "-r", f"{bucket}/synchronized/**").split() == [f"{bucket}/synchronized/below/b"]
    assert gsutil("cat", f"{bucket}/synchronized/below/b") == "below/b"
    gsutil("rm", "-r", f"{bucket}/synchronized")


def test_settings_of_a_bucket(gsutil: Gsutil, bucket: str, tmp_path: Path) -> None:
    gsutil("iam", "ch", "allUsers:objectViewer", bucket)
    bindings = json.loads(gsutil("iam", "get", bucket))["bindings"]
    assert {"role": "roles/storage.objectViewer", "members": ["allUsers"]} in bindings
    gsutil("versioning", "set", "on", bucket)
    assert gsutil("versioning", "get", bucket) == f"{bucket}: Enabled\n"
    rules = {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}]}
    (tmp_path / "rules.json").write_text(json.dumps(rules))
    gsutil("lifecycle", "set", tmp_path / "rules.json", bucket)
    assert json.loads(gsutil("lifecycle", "get", bucket)) == rules
    gsutil("label", "ch", "-l", "kind:contract", bucket)
    assert "us-central1" in gsutil("ls", "-L", "-b", bucket).lower()


def test_access_control_lists(gsutil: Gsutil, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    gsutil("cp", "-a", "public-read", tmp_path / "file", f"{bucket}/listed")
    gsutil("acl", "ch", "-d", "AllUsers", "-g", "AllAuthenticatedUsers:R", f"{bucket}/listed")
    entities = [entry["entity"] for entry in json.loads(gsutil("acl", "get", f"{bucket}/listed"))]
    assert ("allUsers" in entities, "allAuthenticatedUsers" in entities) == (False, True)
    gsutil("rewrite", "-s", "nearline", f"{bucket}/listed")
    assert "NEARLINE" in gsutil("ls", "-L", f"{bucket}/listed")


def test_notifications(gsutil: Gsutil, bucket: str) -> None:
    """The topic is made, and the service agent let in, over the same port."""
    gsutil("notification", "create", "-t", "of-gsutil", "-f", "json", bucket)
    assert "topics/of-gsutil" in gsutil("notification", "list", bucket)
    gsutil("notification", "delete", bucket)


def test_signed_addresses(gsutil: Gsutil, bucket: str, with_tls: RunningEmulator, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("to be read by anybody")
    gsutil("cp", tmp_path / "text", f"{bucket}/signed")
    line = gsutil("signurl", "-d", "10m", "-r", "us", with_tls.credentials_file, f"{bucket}/signed").splitlines()[-1]
    context = ssl.create_default_context(cafile=str(with_tls.state / "tls-ca.pem"))
    with urllib.request.urlopen(line.split("\t")[-1], context=context, timeout=PATIENCE) as answer:
        assert answer.read() == b"to be read by anybody"


def test_a_bucket_is_removed_with_all_that_is_in_it(gsutil: Gsutil, tmp_path: Path) -> None:
    gsutil("mb", "gs://of-gsutil-removed")
    (tmp_path / "file").write_text("x")
    gsutil("cp", tmp_path / "file", "gs://of-gsutil-removed/a/b")
    gsutil("rm", "-r", "gs://of-gsutil-removed")
    assert "of-gsutil-removed" not in gsutil("ls")
