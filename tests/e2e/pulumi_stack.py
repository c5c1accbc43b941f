"""A stack under test: PULUMI_HOME, backend and configuration in a temporary folder, driven by the pulumi CLI."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from engine.environment import LOCAL_STACK, stack_environment
from engine.layout import ROOT, Layout
from tests.support.emulator import RunningEmulator
from tests.support.endpoints import ENDPOINTS

_LAUNCHER = """#!/bin/sh
PYTHONPATH={root} exec {python} -m emulator.provider "$@"
"""
SECONDS = 240.0


@dataclass(frozen=True)
class Outcome:
    """How a run of pulumi ended: its exit code, all that it printed, and its events."""

    code: int
    output: str
    events: list[dict[str, Any]]

    @property
    def changes(self) -> dict[str, int]:
        """Steps by their operation (`create`, `update`, `same`, ...), as the summary counts them."""
        found = [event["summaryEvent"]["resourceChanges"] for event in self.events if "summaryEvent" in event]
        return dict(found[-1]) if found else {}

    @property
    def changed(self) -> dict[str, int]:
        """The changes without what stayed the same."""
        return {operation: count for operation, count in self.changes.items() if operation != "same"}

    def steps(self, operation: str) -> dict[str, dict[str, Any]]:
        """The finished steps of one operation, by the logical name of their resource."""
        steps = [event["resOutputsEvent"]["metadata"] for event in self.events if "resOutputsEvent" in event]
        return {step["urn"].rsplit("::", 1)[-1]: step for step in steps if step["op"] == operation}

    @property
    def errors(self) -> str:
        """The text of all error diagnostics, without colours."""
        found = [event["diagnosticEvent"] for event in self.events if "diagnosticEvent" in event]
        return plain("\n".join(item["message"] for item in found if item["severity"] == "error"))


def plain(text: str) -> str:
    """A text without the engine's colour marks."""
    return re.sub(r"<\{%[^%]*%\}>", "", text)


@dataclass
class PulumiStack:
    """One stack `local` of one program, on one emulator."""

    folder: Path
    emulator: RunningEmulator
    program: Path = ROOT
    config: dict[str, Any] = field(default_factory=dict)
    base_url: str = ""
    """Where the emulator's endpoints are, if not on its own port (a proxy)."""

    def __post_init__(self) -> None:
        layout = Layout()
        plugin = self.home / "plugins" / f"resource-gcp-{layout.gcp_version()}" / "pulumi-resource-gcp"
        plugin.parent.mkdir(parents=True)
        plugin.write_text(_LAUNCHER.format(root=ROOT, python=layout.python))
        plugin.chmod(0o755)
        self.backend.mkdir()
        self.write_config()
        self.run("stack", "init", LOCAL_STACK)

    @property
    def home(self) -> Path:
        """PULUMI_HOME."""
        return self.folder / "home"

    @property
    def backend(self) -> Path:
        """The folder of the file backend."""
        return self.folder / "backend"

    @property
    def config_file(self) -> Path:
        """The stack's configuration."""
        return self.folder / "Pulumi.local.yaml"

    def write_config(self, **more: Any) -> None:
        """Write the configuration: the emulator's endpoints, the stack's own values, and `more` of them."""
        self.config |= more
        base = self.base_url or self.emulator.base_url
        settings: dict[str, Any] = {f"gcp:{key}CustomEndpoint": f"{base}/{path}" for key, path in ENDPOINTS.items()}
        settings |= {"gcp:project": self.emulator.project, **self.config}
        self.config_file.write_text(yaml.safe_dump({"config": settings}))

    def environment(self) -> dict[str, str]:
        """The variables that pulumi runs with."""
        variables = stack_environment(LOCAL_STACK, base=os.environ)
        return variables | {
            "PULUMI_HOME": str(self.home),
            "PULUMI_BACKEND_URL": self.backend.as_uri(),
            "GOOGLE_OAUTH_ACCESS_TOKEN": self.emulator.owner_token,
            "PULUMI_DEBUG_COMMANDS": "true",  # for --event-log, as the Automation API does
        }

    def start(self, *arguments: str, events: Path | None = None) -> subprocess.Popen[str]:
        """Start pulumi in the program's folder."""
        command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
        if arguments[0] != "stack":
            command += ["--stack", LOCAL_STACK, "--config-file", str(self.config_file)]
        if events:
            command += ["--event-log", str(events)]
        environment = self.environment()
        return subprocess.Popen(
            command,
            cwd=self.program,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, expect: int | None = 0) -> Outcome:
        """Run pulumi to its end. AssertionError when its exit code is not the expected one (None: any)."""
        log = self.folder / "events.json"
        log.unlink(missing_ok=True)
        with_events = arguments[0] in ("up", "preview", "refresh", "destroy", "import")
        process = self.start(*arguments, events=log if with_events else None)
        return self.finish(process, expect=expect)

    def finish(self, process: subprocess.Popen[str], *, expect: int | None = 0) -> Outcome:
        """Wait for a started pulumi; as `run`."""
        try:
            output, _ = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            raise AssertionError(f"pulumi did not end in {SECONDS} s:\n{output[-4000:]}") from None
        log = self.folder / "events.json"
        lines = log.read_text().splitlines() if log.exists() else []
        outcome = Outcome(process.returncode, output, [json.loads(line) for line in lines])
        if expect is not None and process.returncode != expect:
            raise AssertionError(f"pulumi {process.args!r} ended with {process.returncode}:\n{output[-6000:]}")
        return outcome

    def up(self, *arguments: str, expect: int | None = 0) -> Outcome:
        """`pulumi up` without its preview."""
        return self.run("up", "--yes", "--skip-preview", *arguments, expect=expect)

    def preview(self, *arguments: str) -> Outcome:
        """`pulumi preview`."""
        return self.run("preview", *arguments)

    def refresh(self, *arguments: str) -> Outcome:
        """`pulumi refresh` without its preview."""
        return self.run("refresh", "--yes", "--skip-preview", *arguments)

    def destroy(self, *arguments: str, expect: int | None = 0) -> Outcome:
        """`pulumi destroy` without its preview."""
        return self.run("destroy", "--yes", "--skip-preview", *arguments, expect=expect)

    def state(self) -> list[dict[str, Any]]:
        """The stack's resources as its state has them."""
        process = self.run("stack", "export", "--stack", LOCAL_STACK)
        document: Mapping[str, Any] = json.loads(process.output)
        return list(document["deployment"].get("resources", []))

    def resource(self, name: str) -> dict[str, Any]:
        """One resource of the state by its logical name."""
        return next(item for item in self.state() if item["urn"].rsplit("::", 1)[-1] == name)
