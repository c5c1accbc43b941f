"""fake-gcs-server, another emulator of Cloud Storage: built once from its Go module, keeping objects in files."""

import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.golang import built
from benchmarks.peers.waiting import free_port, until_ready

_MODULE = Path(__file__).parent / "fake_gcs_server"
_PACKAGE = "github.com/fsouza/fake-gcs-server"


@contextmanager
def running_fake_gcs(folder: Path) -> Iterator[str]:
    """fake-gcs-server on an empty folder; gives its URL. Raises PeerMissing where it can't be had."""
    program = built(_MODULE, _PACKAGE, "fake-gcs-server")
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


def _answers(port: int) -> None:
    urllib.request.urlopen(f"http://127.0.0.1:{port}/storage/v1/b?project=benchmark", timeout=5).close()
