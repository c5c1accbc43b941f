"""What pulumi prints becomes progress, a count, or one sentence with the next step."""

from pathlib import Path

import pytest

from engine.layout import Layout
from scripts.demonstration.places import Places
from scripts.demonstration.provision import _BUSY, reason, summary


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("...\nResources:\n    + 38 created\n\nDuration: 3s\n", "38 created"),
        ("Resources:\n    ~ 1 updated\n    +-1 replaced\n    36 unchanged\n", "1 updated, 1 replaced, 36 unchanged"),
        ("Resources:\n    - 38 deleted\n", "38 deleted"),
        ("Outputs:\n  a: 1\n", "nothing to do"),
    ],
)
def test_summary(said: str, expected: str) -> None:
    assert summary(said) == expected


def test_progress_lines() -> None:
    found = _BUSY.match(" +  gcp:bigquery:Dataset analytics-dataset creating (0s) ")
    assert found
    assert found.groups() == ("bigquery:Dataset", "analytics-dataset", "creating")
    assert not _BUSY.match(" +  gcp:bigquery:Dataset analytics-dataset created (0.1s) ")


def test_reason_is_the_resources_error(tmp_path: Path) -> None:
    said = """ +  gcp:storage:Bucket landing creating (0s) error: gcp:storage/bucket:Bucket landing: quota exceeded
Diagnostics:
  pulumi:pulumi:Stack (x-local):
    error: update failed

  gcp:storage:Bucket (landing):
    error: gcp:storage/bucket:Bucket landing: quota exceeded
"""
    sentence = reason(said, tmp_path / "pulumi-up.log")
    assert sentence.startswith("pulumi says: gcp:storage/bucket:Bucket landing: quota exceeded (all of it: ")
    assert sentence.endswith("mend that, then run scripts/demo again.")


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("error: googleapi: Error 409: already exists, alreadyExists", "python -m emulator reset"),
        ("error: the stack is currently locked by 1 lock(s).", "pulumi cancel --stack local"),
    ],
)
def test_known_troubles_have_their_remedy(tmp_path: Path, said: str, remedy: str) -> None:
    assert remedy in reason(said, tmp_path / "log")


def test_other_ports_reach_every_endpoint_of_the_stack(tmp_path: Path) -> None:
    places = Places(Layout(), 1234, 1235, tmp_path)
    places.prepare()
    settings = places.config.read_text()
    assert "127.0.0.1:9470" not in settings
    assert "127.0.0.1:9471" not in settings
    assert "http://127.0.0.1:1234/storage/v1/" in settings
    assert "127.0.0.1:1235" in settings


def test_default_places_are_those_of_the_other_commands() -> None:
    from emulator.settings import DEFAULT_GRPC_PORT, DEFAULT_PORT, DEFAULT_STATE

    places = Places(Layout())
    assert (places.port, places.grpc_port, places.state) == (DEFAULT_PORT, DEFAULT_GRPC_PORT, DEFAULT_STATE)
    assert places.config == Layout().root / "Pulumi.local.yaml"
    assert places.backend == Layout().backend
