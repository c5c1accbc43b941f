"""Fixtures of the commands' tests: outputs of a stack, a Google made of canned answers, and a way to run a command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.outputs import Endpoints, Outputs
from scripts.__main__ import main
from tests.scripts.fake_google import FakeGoogle

STORE = "projects/some-project/locations/us-central1/datasets/imaging/dicomStores/dicom"


def outputs_for(root: str | None, grpc: str | None = None, project: str = "some-project") -> Outputs:
    """Outputs of a stack on Google Cloud (`root` None) or of one that answers at `root`."""
    dataset = f"projects/{project}/locations/us-central1/datasets/imaging"
    names = [name for name in Endpoints.__dataclass_fields__ if name != "pubsub_grpc"]
    endpoints = Endpoints(**dict.fromkeys(names, root), pubsub_grpc=grpc) if root else Endpoints()
    return Outputs(
        stack="local" if root else "dev",
        environment="local" if root else "dev",
        project=project,
        project_number="123456789012",
        location="us-central1",
        labels={},
        deletion_protection=False,
        dataset_name=dataset,
        dicom_store_name=f"{dataset}/dicomStores/dicom",
        dicomweb_url=f"{root or 'https://healthcare.googleapis.com'}/v1/{dataset}/dicomStores/dicom/dicomWeb",
        landing_bucket=f"{project}-landing",
        export_bucket=f"{project}-export",
        dicom_topic=f"projects/{project}/topics/dicom",
        dicom_subscription=f"projects/{project}/subscriptions/dicom-watch",
        dead_letter_topic=f"projects/{project}/topics/dicom-dead",
        dead_letter_subscription=f"projects/{project}/subscriptions/dicom-dead-watch",
        bigquery_dataset="imaging",
        bigquery_location="us-central1",
        loader_email=f"loader@{project}.iam.gserviceaccount.com",
        reader_email=f"reader@{project}.iam.gserviceaccount.com",
        healthcare_agent_email="service-123456789012@gcp-sa-healthcare.iam.gserviceaccount.com",
        endpoints=endpoints,
    )


@dataclass(frozen=True)
class Finished:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Finished]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `python -m scripts` with arguments, in this process."""

    def call(*arguments: object) -> Finished:
        monkeypatch.setattr(sys, "argv", ["scripts", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        captured = capsys.readouterr()
        return Finished(code, captured.out, captured.err)

    return call


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGoogle]:
    """A server on this machine that gives canned answers, with a token for it in the environment."""
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "a-token")
    with FakeGoogle() as fake:
        yield fake


@pytest.fixture
def outputs_file(google: FakeGoogle, tmp_path: Path) -> Path:
    """A file with the outputs of a stack that `google` answers for."""
    path = tmp_path / "outputs.json"
    path.write_text(outputs_for(google.root).to_json())
    return path
