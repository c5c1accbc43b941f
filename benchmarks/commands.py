"""How long a person waits: set-up, help, emulator, preview, up, destroy, demo."""

import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import Figure, rounds, timed
from emulator.commands import variables
from engine.environment import stack_environment
from engine.layout import Layout
from scripts.demonstration.places import STACK, Places

LAYOUT = Layout()


def setup_again(_: Places) -> list[Figure]:
    """scripts/setup with nothing to do."""
    return [rounds("scripts/setup, nothing to do", 5, lambda: _run([LAYOUT.root / "scripts" / "setup"]), 0.3)]


def scripts_help(_: Places) -> list[Figure]:
    """The help of the commands."""
    command: list[str | Path] = [sys.executable, "-m", "scripts", "--help"]
    _run(command)
    return [rounds("python -m scripts --help", 5, lambda: _run(command), 0.3)]


def emulator_start(places: Places) -> list[Figure]:
    """From the command to the first answer over HTTP, on an empty folder and on one with state."""
    state = places.results / "start"
    fresh, again = [], []
    for _ in range(5):
        shutil.rmtree(state, ignore_errors=True)
        fresh.append(_first_answer(places, state))
        again.append(_first_answer(places, state))
    shutil.rmtree(state)
    goal = 0.7
    return [
        Figure("emulator, start to first answer, empty folder", "s", tuple(fresh), goal),
        Figure("emulator, start to first answer, with state", "s", tuple(again), goal),
    ]


def demo(places: Places) -> list[Figure]:
    """scripts/demo from nothing and again; preview, up and destroy on what it made."""
    command: list[str | Path] = [LAYOUT.root / "scripts" / "demo", "--folder", places.folder or LAYOUT.root]
    command += ["--port", str(places.port), "--grpc-port", str(places.grpc_port)]
    first = rounds("scripts/demo, everything set up, nothing provisioned", 1, lambda: _run(command), 60)
    warm = rounds("scripts/demo again", 3, lambda: _run(command), 60)
    preview = rounds("pulumi preview, no change", 3, _pulumi(places, "preview"), 5)
    unchanged = rounds("pulumi up, no change", 3, _pulumi(places, "up", "--yes", "--skip-preview"))
    destroy, up = [], []
    for _ in range(2):
        destroy.append(timed(_pulumi(places, "destroy", "--yes", "--skip-preview")))
        up.append(timed(_pulumi(places, "up", "--yes", "--skip-preview")))
    ending = rounds("scripts/demo --only-destroy", 1, lambda: _run([*command, "--only-destroy"]))
    figures = [first, warm, preview, unchanged, Figure("pulumi up, everything", "s", tuple(up))]
    return [*figures, Figure("pulumi destroy, everything", "s", tuple(destroy)), ending]


def setup_from_nothing(places: Places) -> list[Figure]:
    """scripts/setup in a fresh clone: packages installed and, where no release can be had, the engine built."""
    clone = places.results / "clone"
    _run(["git", "clone", "--quiet", LAYOUT.root, clone])
    figure = rounds("scripts/setup, from nothing", 1, lambda: _run([clone / "scripts" / "setup"]))
    shutil.rmtree(clone)
    return [figure]


def _pulumi(places: Places, *arguments: str) -> Callable[[], None]:
    """A run of pulumi on the demonstration's stack."""
    environment = {**places.pulumi_environment(), **variables(places.state)}
    more = ["--stack", STACK, "--config-file", str(places.config), "--non-interactive", "--suppress-outputs"]
    return lambda: _run(["pulumi", *arguments, *more], environment)


def _run(command: list[str | Path], environment: dict[str, str] | None = None) -> None:
    """Run a program to its end; its output is shown only if it fails."""
    variables = environment or stack_environment(STACK)
    done = subprocess.run(command, cwd=LAYOUT.root, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _first_answer(places: Places, state: Path) -> float:
    """Seconds from starting an emulator to its first answer; it is stopped then."""
    command = [sys.executable, "-m", "emulator", "start", "--state", str(state)]
    command += ["--port", str(places.port), "--grpc-port", str(places.grpc_port)]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=LAYOUT.root, stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{places.port}/_emulator/status", timeout=5).close()
                return time.perf_counter() - started
            except OSError:
                if process.poll() is not None:
                    raise SystemExit("The emulator ended instead of starting.") from None
                time.sleep(0.002)
    finally:
        process.terminate()
        process.wait()
