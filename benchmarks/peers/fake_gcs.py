"""fake-gcs-server, another emulator of Cloud Storage: built once from its Go module, keeping objects in files."""

import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.missing import PeerMissing
from benchmarks.peers.waiting import free_port, until_ready
from engine.console import step
from engine.golang import BUILD_FLAGS, find_go, go_environment
from engine.layout import Layout, SetupError, digest
from engine.run import CommandFailed, run

_MODULE = Path(__file__).parent / "fake_gcs_server"
_PACKAGE = "github.com/fsouza/fake-gcs-server"
_SECONDS = 1500.0


@contextmanager
def running_fake_gcs(folder: Path) -> Iterator[str]:
    """fake-gcs-server on an empty folder; gives its URL. Raises PeerMissing where it can't be had."""
    program = _program(Layout())
    folder.mkdir(parents=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    options = ["-backend", "filesystem", "-filesystem-root", str(folder), "-scheme", "http", "-external-url", url]
    started = [str(program), *options, "-host", "127.0.0.1", "-port", str(port), "-log-level", "error"]
    process = subprocess.Popen(started, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until_ready(process, "fake-gcs-server", lambda: _answers(port))
        yield url
    finally:
        process.terminate()
        process.wait()


def _program(layout: Layout) -> Path:
    """The program, built the first time. Raises PeerMissing."""
    files = (_MODULE / "go.mod", _MODULE / "go.sum")
    program = layout.tools / "peers" / f"fake-gcs-server-{digest(files)}"
    if not program.exists():
        own = layout.tools / "go"
        kept = own.exists()
        try:
            with step("fake-gcs-server") as current:
                environment = {**go_environment(layout), "CGO_ENABLED": "0"}
                Path(environment["GOTMPDIR"]).mkdir(parents=True, exist_ok=True)
                build: list[str | Path] = [find_go(layout, environment, current), "build", *BUILD_FLAGS]
                build += ["-ldflags=-s -w", "-o", program, _PACKAGE]
                run(build, layout.logs / "go-fake-gcs.log", environment=environment, folder=_MODULE, timeout=_SECONDS)
        except (CommandFailed, SetupError) as failure:
            raise PeerMissing(f"fake-gcs-server can't be built: {failure}") from None
        finally:
            if not kept:
                shutil.rmtree(own, ignore_errors=True)
    return program


def _answers(port: int) -> None:
    urllib.request.urlopen(f"http://127.0.0.1:{port}/storage/v1/b?project=benchmark", timeout=5).close()
