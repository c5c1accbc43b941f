"""Keys of a stack's own, by the real engine: how a stack moves to them, and what is left of them when it goes."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.conftest import PROJECT, MakeStack
from tests.e2e.pulumi_stack import PulumiStack

PARENT = f"projects/{PROJECT}/locations/us-central1"
RING = f"{PARENT}/keyRings/imaging"
DATASET = f"{PARENT}/datasets/imaging-local"
LANDING = f"{PROJECT}-local-landing"
KINDS = ("bigquery", "healthcare", "objects", "pubsub")
PREFIX = "healthcare-cloud-poc:"


def ask(stack: PulumiStack, path: str) -> dict[str, Any]:
    """What the emulator answers to a GET."""
    status, answer = stack.emulator.request("GET", path)
    assert status == 200, answer
    found: dict[str, Any] = answer
    return found


def key_of(found: dict[str, Any], field: str, name: str = "kmsKeyName") -> str | None:
    """The last part of the key that a resource is encrypted with."""
    key = found.get(field, {}).get(name)
    return key.rpartition("/")[2] if key else None


def test_a_stack_moves_to_keys_that_outlive_it_and_serve_it_again_when_it_comes_back(project_stack: MakeStack) -> None:
    """One story for the sake of time: four runs of the engine make two stories of it."""
    stack = project_stack(deletionProtection=True)
    stack.up()
    upload = f"/upload/storage/v1/b/{LANDING}/o?uploadType=media&name=film.dcm"
    assert stack.emulator.request("POST", upload, {"a": "film"})[0] == 200
    stack.write_config(**{f"{PREFIX}keyRing": "imaging"})
    healthcare_dataset_is_not_replaced(stack)
    stack.write_config(**{f"{PREFIX}keyRing": "", f"{PREFIX}deletionProtection": False})
    stack.up()
    stack.write_config(**{f"{PREFIX}keyRing": "imaging"})
    all_but_the_healthcare_dataset_is_encrypted_in_place(stack)
    assert ask(stack, f"/storage/v1/b/{LANDING}/o/film.dcm")["name"] == "film.dcm"
    stack.destroy()
    keys_are_left(stack)
    take_over(stack)
    stack.write_config(**{f"{PREFIX}keyDestroyDays": 7})
    assert "replace" not in stack.up().changed
    assert stack.preview("--refresh").changed == {}
    assert ask(stack, f"/v1/{RING}/cryptoKeys/objects")["destroyScheduledDuration"] == "2592000s"


def healthcare_dataset_is_not_replaced(stack: PulumiStack) -> None:
    refused = stack.run("up", "--yes", expect=None)
    assert refused.code != 0
    assert "::healthcare-dataset" in refused.errors
    assert "is currently marked for protection" in refused.errors
    assert key_of(ask(stack, f"/v1/{DATASET}"), "encryptionSpec") is None


def all_but_the_healthcare_dataset_is_encrypted_in_place(stack: PulumiStack) -> None:
    moved = stack.up()
    assert set(moved.steps("replace")) >= {"healthcare-dataset", "dicom-store"}
    assert {"landing-bucket", "export-bucket", "analytics-dataset", "messaging-dicom-topic"} <= set(
        moved.steps("update")
    )
    assert key_of(ask(stack, f"/v1/{DATASET}"), "encryptionSpec") == "healthcare"
    assert key_of(ask(stack, f"/storage/v1/b/{LANDING}"), "encryption", "defaultKmsKeyName") == "objects"
    tables = ask(stack, f"/bigquery/v2/projects/{PROJECT}/datasets/imaging_local")
    assert key_of(tables, "defaultEncryptionConfiguration") == "bigquery"
    assert ask(stack, f"/v1/projects/{PROJECT}/topics/imaging-local-dicom")["kmsKeyName"].endswith("/pubsub")


def keys_are_left(stack: PulumiStack) -> None:
    assert stack.state() == []
    for kind in KINDS:
        key = ask(stack, f"/v1/{RING}/cryptoKeys/{kind}")
        assert (key["primary"]["state"], key["rotationPeriod"]) == ("ENABLED", "7776000s")


def take_over(stack: PulumiStack) -> None:
    """Import ring and keys, as docs/how-to/configure.md says."""
    component = {"type": "healthcare-cloud-poc:infra:KeyRing", "name": "keys", "component": True}
    ring = {"type": "gcp:kms/keyRing:KeyRing", "name": "keys-ring", "parent": "keys", "id": RING}
    keys = [
        {"type": "gcp:kms/cryptoKey:CryptoKey", "name": f"keys-{kind}", "parent": "keys"}
        | {"id": f"{RING}/cryptoKeys/{kind}"}
        for kind in KINDS
    ]
    file = stack.folder / "import.json"
    file.write_text(json.dumps({"resources": [component, ring, *keys]}))
    stack.run("import", "--yes", "--skip-preview", "--protect=false", "--generate-code=false", "--file", str(file))
