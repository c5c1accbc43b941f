"""`examples/one-store` by the real engine, with the components of the project's wheel and not of this clone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import StartEmulator
from tests.e2e.conftest import PROJECT
from tests.e2e.pulumi_stack import PulumiStack
from tests.support.emulator import ROOT
from tests.support.wheel import build


def test_a_dataset_with_one_store_is_made_and_goes_again(
    start_emulator: StartEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, program, folder = tmp_path / "site", tmp_path / "program", tmp_path / "stack"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index", "--no-deps")
    subprocess.run([*pip, "--target", site, build(tmp_path / "wheel")], check=True)
    monkeypatch.setenv("PYTHONPATH", str(site))
    shutil.copytree(ROOT / "examples" / "one-store", program)
    folder.mkdir()
    stack = PulumiStack(folder, start_emulator(project=PROJECT), program, {"one-store:deletionProtection": False})
    made = stack.up()
    assert set(made.steps("create")) >= {"films", "films-dataset", "films-store"}
    store = f"projects/{PROJECT}/locations/us-central1/datasets/films/dicomStores/chest"
    status, found = stack.emulator.request("GET", f"/v1/{store}")
    assert (status, found["labels"]["application"]) == (200, "one-store")
    assert stack.preview("--refresh").changed == {}
    stack.destroy()
    assert stack.emulator.request("GET", f"/v1/{store}")[0] == 404
