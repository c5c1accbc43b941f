"""The emulator as pip installs it, without this clone: a wheel in an environment that has its own dependencies only."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import skip_without
from tests.clients.prepare import PACKAGE
from tests.support.emulator import free_port
from tests.support.patience import PATIENCE
from tests.support.wheel import build

pytestmark = skip_without(PACKAGE)
MOST_BYTES = 400_000_000
"""What the emulator with all that it needs takes; google-cloud-storage, with 5 MB, is in it here."""
REQUEST = """
from google.cloud import storage
client = storage.Client(project="made-by-pip")
client.create_bucket("of-a-wheel").blob("name").upload_from_string("text")
print([(blob.name, blob.download_as_text()) for blob in client.list_blobs("of-a-wheel")])
"""


def run(*command: str | Path, folder: Path, **variables: str) -> str:
    """What a program printed; its failure fails the test with its words."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the programs of an environment in which the wheel was installed just now."""
    wheel = build(tmp_path_factory.mktemp("wheel"))
    pip = (sys.executable, "-m", "pip", "--python", PACKAGE.folder / "bin" / "python", "--disable-pip-version-check")
    options = ("--quiet", "--no-index", "--no-deps", "--force-reinstall")
    run(*pip, "install", *options, wheel, folder=wheel.parent)
    return PACKAGE.folder / "bin"


@pytest.fixture
def address(programs: Path, tmp_path: Path) -> Iterator[str]:
    """The address of an emulator that was started from there, its state in an empty folder."""
    port, grpc_port = free_port(), free_port()
    ports = ("--port", str(port), "--grpc-port", str(grpc_port))
    program = programs / "healthcare-emulator"
    run(program, "start", "--detach", *ports, "--project", "made-by-pip", folder=tmp_path)
    yield f"http://127.0.0.1:{port}"
    run(program, "stop", folder=tmp_path)


def test_one_request_by_google_cloud_storage(programs: Path, address: str, tmp_path: Path) -> None:
    said = run(programs / "python", "-c", REQUEST, folder=tmp_path, STORAGE_EMULATOR_HOST=address)
    assert said == "[('name', 'text')]\n"


def test_every_package_that_it_needs_is_there(programs: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "pip", "--python", programs / "python", "check", folder=tmp_path)


def test_it_takes_less_than_400_megabytes(programs: Path) -> None:
    files = (path.lstat() for path in programs.parent.rglob("*"))
    assert sum(each.st_size for each in files) < MOST_BYTES
