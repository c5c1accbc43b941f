"""The examples for Node, for GitHub's workflows and for containers, with the emulator of a wheel.

Nothing builds a container here: what the files would run is run on this machine.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from engine.layout import ROOT
from tests.clients.conftest import skip_without
from tests.clients.prepare import HERE, NODE, PACKAGE
from tests.clients.test_package import run
from tests.support.emulator import free_port
from tests.support.patience import PATIENCE
from tests.support.wheel import build

pytestmark = skip_without(PACKAGE)
EXAMPLES = ROOT / "examples"
PYTHON = PACKAGE.folder / "bin" / "python"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables with which the programs of the wheel are found, which has a folder of its own beside what it needs."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--python", PYTHON, "--disable-pip-version-check")
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", "--target", folder, build(folder), folder=folder)
    return {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(folder)}


@pytest.mark.skipif(not NODE.is_there(), reason=NODE.missing())
def test_node(installed: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "node"
    shutil.copytree(EXAMPLES / "node", folder)
    (folder / "node_modules").symlink_to(NODE.folder / "node_modules")
    said = run("npm", "test", folder=folder, **installed)
    assert "# fail 0" in said
    assert "# pass 5" in said


def test_node_asks_for_the_clients_that_it_is_tested_with() -> None:
    wanted = json.loads((EXAMPLES / "node" / "package.json").read_text())["dependencies"]
    tested = json.loads((HERE / "node" / "package.json").read_text())["dependencies"]
    assert wanted.items() <= tested.items()


def test_steps_of_a_workflow(installed: dict[str, str], tmp_path: Path) -> None:
    """The steps but for those that install, in order, each with the variables that earlier ones wrote."""
    steps = yaml.safe_load((EXAMPLES / "github-actions" / "tests.yml").read_text())["jobs"]["beside"]["steps"]
    commands = {step["name"]: step["run"] for step in steps if "run" in step}
    del commands["Install"], commands["Say what the emulator logged"]
    noted = tmp_path / "github-env"
    noted.touch()
    variables = {**installed, "GITHUB_ENV": str(noted), "RUNNER_TEMP": str(tmp_path)}
    ports = f"--port {free_port()} --grpc-port {free_port()} --detach"  # others may have the usual ones
    said = {}
    for name, command in commands.items():
        written = dict(line.split("=", 1) for line in noted.read_text().splitlines())
        words = command.replace("--detach", ports)
        said[name] = run("bash", "-e", "-c", words, folder=tmp_path, **written, **variables)
    assert json.loads(said["Test"]) == {}
    assert "stopped" in said["Stop the emulator"]


@pytest.fixture
def container(installed: dict[str, str], tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address and the state of what a container of the example runs: its entry point with its words."""
    words = re.findall(r"^(?:ENTRYPOINT|CMD) (\[.*\])$", (EXAMPLES / "docker" / "Dockerfile").read_text(), re.MULTILINE)
    port, state = free_port(), tmp_path / "state"
    command = [word for each in words for word in json.loads(each)]
    command = [str(state) if word == "/state" else word for word in command]
    ports = ["--port", str(port), "--grpc-port", str(free_port())]
    environment = {**installed, "HOME": str(tmp_path)}
    program = shutil.which(command[0], path=installed["PATH"])
    assert program is not None
    with subprocess.Popen([program, *command[1:], *ports], cwd=tmp_path, env=environment) as process:
        deadline = time.monotonic() + PATIENCE
        while not (state / "owner-token").exists() or not (state / "emulator.json").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", state
        process.terminate()


def test_a_container_answers_its_health_check_and_its_neighbour(container: tuple[str, Path], tmp_path: Path) -> None:
    address, state = container
    check = re.search(r"^HEALTHCHECK .*CMD (\[.*\])$", (EXAMPLES / "docker" / "Dockerfile").read_text(), re.MULTILINE)
    assert check is not None
    _, option, code = json.loads(check[1])
    run(PYTHON, option, code.replace("http://127.0.0.1:9470", address), folder=tmp_path)
    service = yaml.safe_load((EXAMPLES / "docker" / "compose.yaml").read_text())["services"]["check"]
    shell, option, command = (word.replace("$$", "$") for word in service["command"])
    command = command.replace("http://emulator:9470", address).replace("/state", str(state))
    assert json.loads(run(shell, option, command, folder=tmp_path)) == {}
