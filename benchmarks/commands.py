"""How long a person waits, beside the least that the same kind of work takes: set-up, help, emulator, pulumi, demo."""

import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import Figure, in_turn, processor_seconds, timed, waits
from emulator.commands import variables
from engine.environment import stack_environment
from engine.layout import Layout
from scripts.demonstration.places import STACK, Places

LAYOUT = Layout()
_ROUNDS = 7
_HELP_GOAL, _START_GOAL, _PREVIEW_GOAL = 1.5, 1.5, 1.3
_PREVIEW_SECONDS = 5
_EMPTY = "empty"
_EMPTY_PROJECT = """\
name: empty
runtime:
  name: python
  options:
    toolchain: pip
    virtualenv: {venv}
"""
# What the emulator imports until it answers; gRPC and what single methods need come later.
_IMPORTED = """\
import sys
import uvicorn, uvicorn.lifespan.on, uvicorn.loops.uvloop
import emulator.app, emulator.serving.asgi, emulator.serving.listening, emulator.serving.protocol
for name in emulator.app._PACKAGES:
    __import__(name)
known = {"emulator", "engine", "__main__", *sys.stdlib_module_names}
print("\\n".join(name for name in sys.modules if name.partition(".")[0] not in known))
"""
_IMPORT = """\
import sys
for name in sys.argv[1:]:
    try:
        __import__(name)
    except ImportError:  # a name that a package gives an attribute in sys.modules
        pass
"""


def setup_again(_: Places) -> list[Figure]:
    """scripts/setup with nothing to do, beside Python that starts and ends."""
    setup: list[str | Path] = [LAYOUT.root / "scripts" / "setup"]
    found = in_turn(_ROUNDS, lambda: _run(setup), lambda: _run([sys.executable, "-c", "pass"]))
    return [waits("scripts/setup, nothing to do, beside an empty Python", *found)]


def scripts_help(_: Places) -> list[Figure]:
    """The help of the commands, beside Python that imports what draws it."""
    command: list[str | Path] = [sys.executable, "-m", "scripts", "--help"]
    _run(command)
    found = in_turn(_ROUNDS, lambda: _run(command), lambda: _run([sys.executable, "-c", "import typer, rich"]))
    return [waits("python -m scripts --help, beside importing typer and rich", *found, goal=_HELP_GOAL)]


def emulator_start(places: Places) -> list[Figure]:
    """From the command to the first answer over HTTP, beside Python that imports the same packages of others."""
    state = places.results / "start"
    listing: list[str | Path] = [sys.executable, "-c", _IMPORTED]
    said = subprocess.run(listing, cwd=LAYOUT.root, capture_output=True, text=True, check=True)
    importing: list[str | Path] = [sys.executable, "-c", _IMPORT, *said.stdout.split()]

    def fresh() -> None:
        shutil.rmtree(state, ignore_errors=True)
        _first_answer(places, state)

    fresh()
    empty, again, packages, everything = in_turn(
        _ROUNDS, fresh, lambda: _first_answer(places, state), lambda: _run(importing), lambda: _run(listing)
    )
    shutil.rmtree(state)
    label, beside = "emulator, start to first answer", "beside importing the same packages"
    return [
        waits(f"{label}, empty folder, {beside}", empty, packages, goal=_START_GOAL),
        waits(f"{label}, with state, {beside}", again, packages, goal=_START_GOAL),
        waits(f"{label}, with state, {beside} and the emulator's own modules", again, everything),
    ]


def demo(places: Places) -> list[Figure]:
    """scripts/demo, preview and up without a change, up and destroy of all, each beside an empty program's preview."""
    command: list[str | Path] = [LAYOUT.root / "scripts" / "demo", "--folder", places.folder or LAYOUT.root]
    command += ["--port", str(places.port), "--grpc-port", str(places.grpc_port)]
    first = timed(lambda: _run(command))
    empty = _empty_preview(places)
    peer = "beside an empty program's preview"
    used = processor_seconds(_pulumi(places, "preview"))
    took, nothing = in_turn(_ROUNDS, _pulumi(places, "preview"), empty)
    preview = waits(f"pulumi preview, no change, {peer}", took, nothing, goal=_PREVIEW_GOAL)
    seconds = Figure(
        "pulumi preview, no change",
        took,
        _PREVIEW_SECONDS,
        more_is_better=False,
        unit="s",
        note=f"{used:.2g} s of processor time",
    )
    unchanged = waits(
        f"pulumi up, no change, {peer}", *in_turn(3, _pulumi(places, "up", "--yes", "--skip-preview"), empty)
    )
    again = waits(f"scripts/demo again, {peer}", *in_turn(2, lambda: _run(command), empty))
    destroy, up, alone = [], [], []
    for _ in range(2):
        destroy.append(timed(_pulumi(places, "destroy", "--yes", "--skip-preview")))
        up.append(timed(_pulumi(places, "up", "--yes", "--skip-preview")))
        alone.append(timed(empty))
    ending = timed(lambda: _run([*command, "--only-destroy"]))
    beside = tuple(alone)
    return [
        waits(f"scripts/demo, everything set up, nothing provisioned, {peer}", (first,), beside[:1]),
        preview,
        seconds,
        unchanged,
        again,
        waits(f"pulumi up, everything, {peer}", tuple(up), beside),
        waits(f"pulumi destroy, everything, {peer}", tuple(destroy), beside),
        waits(f"scripts/demo --only-destroy, {peer}", (ending,), beside[-1:]),
    ]


def setup_from_nothing(places: Places) -> list[Figure]:
    """scripts/setup in a fresh clone: packages installed and, where no release can be had, the engine built."""
    clone = places.results / "clone"
    _run(["git", "clone", "--quiet", LAYOUT.root, clone])
    setup = timed(lambda: _run([clone / "scripts" / "setup"]))
    venv = timed(lambda: _run([sys.executable, "-m", "venv", clone / "beside"]))
    shutil.rmtree(clone)
    return [waits("scripts/setup, from nothing, beside an empty virtual environment", (setup,), (venv,))]


def _empty_preview(places: Places) -> Callable[[], None]:
    """A preview of a program that declares nothing, with the same engine, packages and backend."""
    folder = places.results / _EMPTY
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(_EMPTY_PROJECT.format(venv=LAYOUT.venv))
    (folder / "__main__.py").write_text("import pulumi\n")
    environment = places.pulumi_environment()
    _run(["pulumi", "stack", "init", _EMPTY, "--cwd", folder, "--non-interactive"], environment)
    command: list[str | Path] = ["pulumi", "preview", "--stack", _EMPTY, "--cwd", folder, "--non-interactive"]
    return lambda: _run(command, environment)


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


def _first_answer(places: Places, state: Path) -> None:
    """Start an emulator and wait for its first answer; it is killed then, which costs no time."""
    command = [sys.executable, "-m", "emulator", "start", "--state", str(state)]
    command += ["--port", str(places.port), "--grpc-port", str(places.grpc_port)]
    process = subprocess.Popen(command, cwd=LAYOUT.root, stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{places.port}/_emulator/status", timeout=5).close()
                return
            except OSError:
                if process.poll() is not None:
                    raise SystemExit("The emulator ended instead of starting.") from None
                time.sleep(0.002)
    finally:
        process.kill()
        process.wait()
