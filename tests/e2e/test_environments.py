"""Several environments in one project, the second in a dataset and with a bucket of the first, by the real engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.conftest import PROJECT, MakeStack
from tests.e2e.pulumi_stack import PulumiStack

DATASET = f"/v1/projects/{PROJECT}/locations/us-central1/datasets/imaging-one"
LANDING = f"{PROJECT}-one-landing"
PREFIX = "healthcare-cloud-poc:"


def beside(first: PulumiStack, folder: Path, **config: Any) -> PulumiStack:
    """A stack of the same program on the same emulator, with other keys."""
    folder.mkdir()
    own = {f"{PREFIX}{key}": value for key, value in config.items()}
    return PulumiStack(folder, first.emulator, first.program, first.config | own)


def stores(stack: PulumiStack) -> set[str]:
    """The DICOM stores in the first environment's dataset."""
    status, answer = stack.emulator.request("GET", f"{DATASET}/dicomStores")
    assert status == 200, answer
    return {each["name"].rpartition("/")[2] for each in answer.get("dicomStores", [])}


def test_one_is_made_in_what_another_has_and_leaves_it_as_it_was(project_stack: MakeStack, tmp_path: Path) -> None:
    first = project_stack(environment="one", dicomStores={"heart": {}})
    first.up()
    assert stores(first) == {"dicom", "heart"}
    second = beside(
        first,
        tmp_path / "second",
        environment="two",
        useDataset="imaging-one",
        useLandingBucket=LANDING,
        dicomStores={},
    )
    made = second.up()
    assert not {"healthcare-dataset", "landing-bucket"} & set(made.steps("create"))
    assert stores(first) == {"dicom", "heart", "imaging-two"}
    assert first.preview("--refresh").changed == {}
    second.destroy()
    assert stores(first) == {"dicom", "heart"}
    assert first.preview("--refresh").changed == {}
