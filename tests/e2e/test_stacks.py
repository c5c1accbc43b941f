"""Making a stack, a wrong configuration, an emulator that lost everything: what the real engine does and says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.environment import engine_folder, stack_environment
from engine.layout import Layout
from engine.stacks import Ports, make_stack
from tests.e2e.conftest import MakeStack
from tests.support.emulator import ROOT

pytestmark = pytest.mark.e2e


def test_set_up_makes_stacks_that_the_engine_knows(tmp_path: Path) -> None:
    """In a clone of its own, with this one's engine."""
    clone = Layout(tmp_path)
    for name in ("Pulumi.yaml", "Pulumi.local.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    clone.tools.mkdir()
    shutil.copy(Layout().tools / "engine.json", clone.tools)
    clone.backend.mkdir(parents=True)
    make_stack(clone, "local")
    make_stack(clone, "local-2", Ports(9570, 9571))
    make_stack(clone, "local-2")
    command = [str(engine_folder(clone) / "pulumi"), "stack", "ls", "--json", "--non-interactive"]
    listed = subprocess.run(
        command,
        cwd=tmp_path,
        env=stack_environment("local-2", clone, os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(re.findall(r'"name": "([^"]+)"', listed.stdout)) == {"local", "local-2"}


def test_a_wrong_configuration_is_told_at_once_and_names_its_file(project_stack: MakeStack) -> None:
    """Types, too: where Pulumi.yaml declared them, the engine would stop at the first wrong one."""
    stack = project_stack(
        location="us-west9", softDeleteDays="many", labels={"cost-centre": 4711}, dataflow=[1], loaders="ada"
    )
    said = stack.run("preview", expect=None)
    assert said.code != 0
    problems = set(re.findall(rf"{re.escape(str(stack.config_file))}: healthcare-cloud-poc:(\w+) must be", said.output))
    assert problems == {"location", "softDeleteDays", "labels", "dataflow", "loaders"}
    assert "labels.cost-centre' --type string 4711" in said.output


def test_what_an_emptied_emulator_lost_comes_again_with_refresh(project_stack: MakeStack) -> None:
    stack = project_stack()
    made = stack.up().changed
    assert stack.emulator.request("POST", "/_emulator/reset", {}) == (200, {})
    assert stack.up().changed == {}
    again = stack.up("--refresh").changed
    assert set(again) <= {"create", "update"}
    assert again["create"] > made["create"] / 2
    store = f"/v1/projects/{stack.emulator.project}/locations/us-central1/datasets/imaging-local/dicomStores/dicom"
    assert stack.emulator.request("GET", store)[0] == 200
