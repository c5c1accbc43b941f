"""Where a demonstration keeps what it makes, and which ports its emulator has."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from engine.environment import stack_environment
from engine.layout import Layout
from engine.stacks import GRPC_PORT, PORT, Ports, with_ports

STACK = "local"


@dataclass(frozen=True)
class Places:
    """The folders and ports of one demonstration: by default those that all other commands use by default."""

    layout: Layout
    port: int = PORT
    grpc_port: int = GRPC_PORT
    folder: Path | None = None

    @property
    def state(self) -> Path:
        """The emulator's state."""
        return self.folder / "emulator" if self.folder else self.layout.root / ".emulator"

    @property
    def backend(self) -> Path:
        """Pulumi's state."""
        return self.folder / "backend" if self.folder else self.layout.backend

    @property
    def results(self) -> Path:
        """What the demonstration brings out: outputs, retrieved files, logs of pulumi."""
        return self.folder / "results" if self.folder else self.layout.root / ".demo"

    @property
    def outputs(self) -> Path:
        """The stack's outputs, for the commands' --outputs."""
        return self.results / "outputs.json"

    @property
    def config(self) -> Path:
        """The stack's settings: the committed ones, or a copy for other ports."""
        own = self.layout.root / f"Pulumi.{STACK}.yaml"
        return own if (self.port, self.grpc_port) == (PORT, GRPC_PORT) else self.results / own.name

    def prepare(self) -> None:
        """Make the folders, and the settings for other ports."""
        self.backend.mkdir(parents=True, exist_ok=True)
        self.results.mkdir(parents=True, exist_ok=True)
        own = self.layout.root / f"Pulumi.{STACK}.yaml"
        if self.config != own:
            self.config.write_text(with_ports(own.read_text(), Ports(self.port, self.grpc_port)))

    def forget(self) -> None:
        """Remove what the emulator has kept, and what Pulumi has if it holds no other stack."""
        shutil.rmtree(self.state, ignore_errors=True)
        if not list((self.backend / ".pulumi" / "stacks").rglob("*.json")):
            shutil.rmtree(self.backend / ".pulumi", ignore_errors=True)
        if self.folder:
            shutil.rmtree(self.backend, ignore_errors=True)

    def pulumi_environment(self) -> dict[str, str]:
        """The variables with which pulumi runs on this demonstration's stack."""
        return {**stack_environment(STACK, self.layout), "PULUMI_BACKEND_URL": self.backend.as_uri()}
