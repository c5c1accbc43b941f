"""scripts/demo as a person runs it: from nothing, again, and back to nothing."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from engine.layout import Layout
from tests.support.emulator import free_port
from tests.support.patience import PATIENCE

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

DEMO = Layout().root / "scripts" / "demo"


class Demo:
    """scripts/demo on free ports and in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.options = ["--folder", str(folder), "--port", str(free_port()), "--grpc-port", str(free_port())]

    def run(self, *more: str) -> "subprocess.CompletedProcess[str]":
        """Run it to its end."""
        command = [str(DEMO), *self.options, *more]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)

    def counts(self, *more: str) -> tuple[dict[str, Any], str]:
        """Run it, and give its counts and what it told."""
        done = self.run("--json", *more)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout), done.stderr


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    """A demonstration that has not run yet."""
    return Demo(tmp_path / "demo")


def committed_settings() -> str:
    """The settings of the stack, which no run may change."""
    return (Layout().root / "Pulumi.local.yaml").read_text()


def test_from_nothing_and_back(demo: Demo) -> None:
    settings = committed_settings()
    first, told = demo.counts()
    assert first["loaded"] > 5
    assert first["imported"] == first["loaded"] == first["exported"] == first["rows"]
    assert first["refused"] == 0
    assert 0 < first["studies"] <= first["loaded"]
    assert sorted(Path(file).suffix for file in first["retrieved"]) == [".dcm", ".png"]
    assert all(Path(file).stat().st_size > 100_000 for file in first["retrieved"])
    assert sum(first["modalities"].values()) == first["rows"]
    assert set(first["modalities"]) <= {"CR", "DX"}
    assert first["resources"] > first["studies"]
    assert 0 < first["cohort"]["studies"] < first["studies"]
    assert first["cohort"]["images"] >= first["cohort"]["studies"]
    assert first["deidentified"]["films"] == first["cohort"]["images"]
    assert first["deidentified"]["values"] > 0
    assert "created" in told

    second, told = demo.counts()
    assert second == first
    assert "0 files loaded" in told
    assert "created" not in told

    page = demo.run()
    assert page.returncode == 0
    for word in (
        "What exists",
        "Where to look",
        "/_emulator/console?code=",
        "To tear down",
        "--only-destroy",
        str(demo.folder),
    ):
        assert word in page.stdout

    ended = demo.run("--destroy")
    assert ended.returncode == 0, ended.stderr
    assert "nothing is left in it" in ended.stderr
    assert [file.name for file in demo.folder.rglob("*") if file.is_file() and "emulator" in file.parts] == []
    assert not (demo.folder / "results").exists()
    assert committed_settings() == settings


def test_interrupted_and_taken_up_again(demo: Demo) -> None:
    with subprocess.Popen(
        [str(DEMO), *demo.options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        for line in process.stderr:
            if "Start the emulator" in line:
                break
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Run scripts/demo again to go on" in told
    counts, _ = demo.counts("--destroy")
    assert counts["imported"] == counts["loaded"]


def test_taken_port_is_one_sentence(demo: Demo) -> None:
    import socket

    with socket.create_server(("127.0.0.1", int(demo.options[3]))):
        done = demo.run()
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert demo.options[3] in done.stderr
    assert "--port" in done.stderr


def test_help_needs_no_set_up() -> None:
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run([str(DEMO), "--help"], capture_output=True, text=True, env=environment, check=True)
    assert "--only-destroy" in done.stdout
