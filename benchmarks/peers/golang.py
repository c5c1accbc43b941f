"""Peers that are Go modules: built once, as their module file in this folder pins them."""

import shutil
from pathlib import Path

from benchmarks.peers.missing import PeerMissing
from engine.console import step
from engine.golang import BUILD_FLAGS, find_go, go_environment
from engine.layout import Layout, SetupError, digest
from engine.run import CommandFailed, run

_SECONDS = 1500.0


def built(module: Path, package: str, name: str) -> Path:
    """The program of a package of a module, built the first time. Raises PeerMissing where that can't be done."""
    layout = Layout()
    sources = tuple(sorted(file for file in module.iterdir() if file.suffix in {".go", ".mod", ".sum"}))
    program = layout.tools / "peers" / f"{name}-{digest(sources)}"
    if not program.exists():
        own = layout.tools / "go"
        kept = own.exists()
        try:
            _build(layout, module, package, name, program)
        except (CommandFailed, SetupError) as failure:
            raise PeerMissing(f"{name} can't be built: {failure}") from None
        finally:
            if not kept:
                shutil.rmtree(own, ignore_errors=True)
    return program


def _build(layout: Layout, module: Path, package: str, name: str, program: Path) -> None:
    with step(name) as current:
        environment = {**go_environment(layout), "CGO_ENABLED": "0"}
        Path(environment["GOTMPDIR"]).mkdir(parents=True, exist_ok=True)
        build: list[str | Path] = [find_go(layout, environment, current), "build", *BUILD_FLAGS]
        build += ["-ldflags=-s -w", "-o", program, package]
        run(build, layout.logs / f"go-{name}.log", environment=environment, folder=module, timeout=_SECONDS)
