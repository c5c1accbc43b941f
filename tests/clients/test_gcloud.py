"""gcloud, where it is on PATH, led by nothing but what `env` prints."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Run

pytestmark = pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not on PATH.")
Gcloud = Callable[..., Any]


@pytest.fixture(scope="module")
def gcloud(run: Run) -> Gcloud:
    def gcloud(*words: str | Path) -> Any:
        said = run("gcloud", *words, "--format=json", "--quiet")
        return json.loads(said) if said.strip() else None

    return gcloud


def test_storage(gcloud: Gcloud, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hello")
    gcloud("storage", "buckets", "create", "gs://of-gcloud", "--location=us-central1")
    gcloud("storage", "cp", tmp_path / "file", "gs://of-gcloud/file")
    found = gcloud("storage", "objects", "list", "gs://of-gcloud")
    assert [one["name"] for one in found] == ["file"]
    gcloud("storage", "rm", "--recursive", "gs://of-gcloud")


def test_healthcare(gcloud: Gcloud) -> None:
    """Creating a dataset waits for an operation."""
    place = "--location=us-central1"
    gcloud("healthcare", "datasets", "create", "of-gcloud", place)
    gcloud("healthcare", "dicom-stores", "create", "images", "--dataset=of-gcloud", place)
    stores = gcloud("healthcare", "dicom-stores", "list", "--dataset=of-gcloud", place)
    assert [store["name"].split("/")[-1] for store in stores] == ["images"]


@pytest.mark.parametrize(
    "words",
    [
        "pubsub topics create of-gcloud",
        "kms keyrings create of-gcloud --location=us-central1",
        "iam service-accounts create of-gcloud",
        "projects describe test-project",
        "services list --enabled",
        "logging sinks list",
        "scheduler jobs list --location=us-central1",
        "alpha monitoring policies list",
    ],
)
def test_other_apis(gcloud: Gcloud, words: str) -> None:
    gcloud(*words.split())


@pytest.mark.skipif(shutil.which("bq") is None, reason="bq is not on PATH.")
def test_bq(run: Run, tmp_path: Path) -> None:
    """Which asks for the discovery document of what gcloud's property names."""
    (tmp_path / "people.csv").write_text("Ada,1815\n")
    run("bq", "mk", "of_bq")
    run("bq", "load", "--source_format=CSV", "of_bq.people", tmp_path / "people.csv", "name:STRING,born:INTEGER")
    assert json.loads(run("bq", "head", "--format=json", "of_bq.people")) == [{"name": "Ada", "born": "1815"}]
    rows = run("bq", "query", "--format=json", "--use_legacy_sql=false", "SELECT born + 1 AS n FROM of_bq.people")
    assert json.loads(rows.splitlines()[-1]) == [{"n": "1816"}]
    run("bq", "rm", "-r", "-f", "of_bq")
