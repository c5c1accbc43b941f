"""OHIF's published package: fetched once with npm, checked, and unpacked without what no page asks for."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from emulator.web.files import FOLDER, INDEX, VERSION
from scripts.errors import CommandError, one_line

PACKAGE = f"@ohif/app@{VERSION}"
INTEGRITY = "sha512-WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA=="
"""What the registry says of the package's archive, as a lock file of npm would hold it."""
_CONTENT = "package/dist/"
_LEFT_OUT = "package/dist/ort/"  # two thirds of the package: models' runtime, asked for by no view of a store
_SECONDS = 900


def is_there() -> bool:
    """Whether the package has been fetched."""
    return (FOLDER / INDEX).is_file()


def fetch(folder: Path = FOLDER) -> None:
    """Put the package into `folder`, all or none, from the registry that npm is set to. Raises CommandError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ohif-", dir=folder.parent) as name:
        beside = Path(name)
        archive = _pack(beside)
        check(archive)
        unpack(archive, beside / "files")
        shutil.rmtree(folder, ignore_errors=True)
        (beside / "files").rename(folder)


def _pack(folder: Path) -> Path:
    """The archive, as `npm pack` brings it."""
    npm = shutil.which("npm")
    if npm is None:
        raise CommandError(
            f"npm is not installed; it fetches the viewer ({PACKAGE}) once: install Node.js with npm, and try again."
        )
    command = [npm, "pack", PACKAGE, "--pack-destination", str(folder), "--loglevel", "error"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise CommandError(f"npm did not bring {PACKAGE} within {_SECONDS // 60} minutes: check the network.") from None
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        reason = one_line(lines[0] if lines else f"exit code {done.returncode}")
        raise CommandError(
            f"npm could not fetch {PACKAGE} ({reason}): check the network and `npm config get registry`, and run this"
            " again."
        )
    return archives[0]


def check(archive: Path) -> None:
    """Nothing, or CommandError for an archive that is not the one published."""
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha512").digest()
    if f"sha512-{base64.b64encode(digest).decode()}" != INTEGRITY:
        raise CommandError(
            f"What npm brought as {PACKAGE} is not what was published under that name: check `npm config get registry`."
        )


def unpack(archive: Path, folder: Path) -> None:
    """Unpack the page and its files, without what is left out and without source maps."""
    with tarfile.open(archive) as tar:
        for member in tar:
            wanted = member.isfile() and member.name.startswith(_CONTENT) and not member.name.startswith(_LEFT_OUT)
            if wanted and not member.name.endswith(".map"):
                member.name = member.name.removeprefix(_CONTENT)
                tar.extract(member, folder, filter="data")
