"""Stacks on emulators of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartEmulator
from tests.e2e.pulumi_stack import PulumiStack
from tests.support.emulator import ROOT, RunningEmulator

_HERE = Path(__file__).parent
PROJECT = "local-project"
MakeStack = Callable[..., PulumiStack]


@pytest.fixture
def project_stack(start_emulator: StartEmulator, tmp_path: Path) -> MakeStack:
    """Makes a stack of the project's own program; configuration keys by their short names."""

    def make(**config: Any) -> PulumiStack:
        emulator = start_emulator(project=PROJECT)
        folder = tmp_path / "stack"
        folder.mkdir()
        values = {
            "location": "us-central1",
            "deletionProtection": False,
            "pubsubGrpcEndpoint": emulator.grpc_address,
            **config,
        }
        return PulumiStack(
            folder, emulator, ROOT, {f"healthcare-cloud-poc:{key}": item for key, item in values.items()}
        )

    return make


@pytest.fixture
def record_stack(start_emulator: StartEmulator, tmp_path: Path) -> PulumiStack:
    """A stack of the program of 53 resources whose official calls are recorded."""
    folder = tmp_path / "stack"
    folder.mkdir()
    return PulumiStack(folder, start_emulator(project=PROJECT), _HERE / "record_program")


@pytest.fixture(scope="module")
def module_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """One emulator for the small stacks of a module."""
    running = RunningEmulator(tmp_path_factory.mktemp("e2e") / "state", PROJECT).start()
    yield running
    running.stop()


@pytest.fixture
def small_stack(module_emulator: RunningEmulator, tmp_path: Path) -> Callable[..., PulumiStack]:
    """Makes a stack of the resources given: `{"type": ..., "name": ..., "args": ...}`, as small_program takes them."""

    def make(*resources: dict[str, Any], **config: Any) -> PulumiStack:
        folder = tmp_path / "stack"
        folder.mkdir()
        values = {"small:resources": list(resources), **config}
        return PulumiStack(folder, module_emulator, _HERE / "small_program", values)

    return make


def declare(stack: PulumiStack, *resources: dict[str, Any]) -> None:
    """Change what a small stack declares."""
    stack.write_config(**{"small:resources": list(resources)})
