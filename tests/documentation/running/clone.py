"""A clone of the repository that is set up, with an emulator and a stack: where a reader's lines are run."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.layout import PROGRAMS, ROOT, Layout
from engine.packages import write_programs
from engine.stamps import LAUNCHER, packages_key, plugin_folder
from tests.support.patience import PATIENCE

STACK = 'eval "$(scripts/setup --env local)"\n'
"""What begins a reader's work in a shell."""
EMULATOR = 'eval "$(python -m emulator env)"\n'
STOCK = Path(__file__).parent / "stock"
_SNAPSHOT = "as-the-pages-find-it"
_CHANGING = (Path(".pulumi-home") / "backend", Path("Pulumi.local.yaml"))
"""What pages change beside the emulator's state."""
_LONGEST = 5 * PATIENCE


@dataclass(frozen=True)
class Finished:
    """How a script ended: its exit code, and all that it said."""

    code: int
    said: str


class Clone:
    """A clone in a folder, with a reader's home beside it. Its emulator has the ports that the pages name."""

    def __init__(self, folder: Path) -> None:
        self.root, self.home, self._kept, self._stock = (folder / name for name in ("clone", "home", "kept", "stock"))
        self.layout = Layout(self.root)
        self._names: frozenset[str] = frozenset()

    def make(self) -> None:
        """Copy what git knows, or would, and do what scripts/setup does, with the packages and tools that are there."""
        self.home.mkdir(parents=True)
        for name in _known():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.root / name)
        shutil.copytree(STOCK, self._stock)
        self.layout.tools.symlink_to(Layout().tools.resolve())
        _link_venv(Layout().venv.resolve(), self.layout)
        self.layout.backend.mkdir(parents=True)
        self._install_plugin(self.layout.pulumi_home, LAUNCHER)

    def seed(self, script: str) -> None:
        """Run a script that starts an emulator, and keep what it left for `renew`. AssertionError where it fails."""
        self.must(f"set -euo pipefail\n{script}")
        self.must(f"python -m emulator snapshot save {_SNAPSHOT}")
        for name in _CHANGING:
            _copy(self.root / name, self._kept / name)
        self._names = frozenset(path.name for path in self.root.iterdir())

    def renew(self) -> None:
        """Bring back what was kept, take away what somebody left beside it, and start the emulator anew."""
        for path in self.root.iterdir():
            if path.name not in self._names:
                _remove(path)
        shutil.rmtree(self.home, ignore_errors=True)
        for name in _CHANGING:
            _remove(self.root / name)
            _copy(self._kept / name, self.root / name)
        again = f"python -m emulator snapshot restore {_SNAPSHOT} && python -m emulator start --detach"
        self.must(f"python -m emulator stop\n{again}", stack=False)

    def stop(self) -> None:
        """Stop the emulator, where one runs."""
        self.run("python -m emulator stop", stack=False)

    def must(self, script: str, *, stack: bool = True) -> None:
        """Run a script that doesn't fail; as `run`. AssertionError where it does."""
        done = self.run(script, stack=stack)
        assert done.code == 0, done.said[-4000:]

    def run(self, script: str, *, stack: bool = True) -> Finished:
        """Run a script of bash in the clone, by default in a shell that works on stack local.

        What it leaves running ends with it, but for an emulator that it detached.
        """
        self._install_plugin(self.home / ".pulumi", f'#!/bin/sh\nexec {self._plugin(self.layout.pulumi_home)} "$@"\n')
        said = self.home / ".said"
        with said.open("wb") as file:
            process = subprocess.Popen(
                ["/bin/bash", "-c", 'source "$STOCK/functions.sh"\n' + (STACK if stack else "") + script],
                cwd=self.root,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = process.wait(_LONGEST)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        return Finished(code, said.read_text(errors="replace"))

    def _environment(self) -> dict[str, str]:
        """The reader's: nothing of this process but where its network ends, and what pulumi would ask."""
        fence = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        return {
            **fence,
            "PATH": f"{self.layout.venv / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "STOCK": str(self._stock),
            "LANG": "C.UTF-8",
            "BROWSER": "true",
            "PYTHONUNBUFFERED": "1",
            "PULUMI_SKIP_CONFIRMATIONS": "true",
            "PULUMI_CONFIG_PASSPHRASE": "a reader's",
        }

    def _plugin(self, home: Path) -> Path:
        return home / plugin_folder(self.layout).relative_to(self.layout.pulumi_home) / "pulumi-resource-gcp"

    def _install_plugin(self, home: Path, program: str) -> None:
        """Put the stand-in for the gcp provider where an engine of that home looks for it."""
        plugin = self._plugin(home)
        plugin.parent.mkdir(parents=True, exist_ok=True)
        plugin.write_text(program)
        plugin.chmod(0o755)


def _known() -> Iterable[str]:
    """The files that git knows, or would, if they were added."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    return (name for name in names if name and (ROOT / name).is_file())


def _link_venv(ours: Path, layout: Layout) -> None:
    """Make a virtual environment that has the packages of another one by a link, and the programs of its own clone."""
    (layout.venv / "bin").mkdir(parents=True)
    for name in ("lib", "pyvenv.cfg"):
        (layout.venv / name).symlink_to(ours / name)
    for program in (ours / "bin").iterdir():
        if program.name not in PROGRAMS:
            (layout.venv / "bin" / program.name).symlink_to(program)
    write_programs(layout)
    (layout.venv / ".setup").write_text(packages_key(layout))


def _copy(source: Path, copy: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, copy)
    else:
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
