"""Packages from the registry that npm is set to, each compared with the checksum that was published for it."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from pathlib import Path

from scripts.errors import CommandError, one_line

_SECONDS = 900


def packed(package: str, integrity: str, folder: Path) -> Path:
    """The archive of a package (NAME@VERSION), fetched into `folder`. Raises CommandError.

    integrity is what the registry says of it, as a lock file of npm would hold it (sha512-...).
    """
    archive = _pack(package, folder)
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha512").digest()
    if f"sha512-{base64.b64encode(digest).decode()}" != integrity:
        raise CommandError(
            f"What npm brought as {package} is not what was published under that name: check `npm config get registry`."
        )
    return archive


def _pack(package: str, folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise CommandError(f"npm is not installed; it fetches {package} once: install Node.js with npm, and try again.")
    command = [npm, "pack", package, "--pack-destination", str(folder), "--loglevel", "error"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise CommandError(f"npm did not bring {package} within {_SECONDS // 60} minutes: check the network.") from None
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        reason = one_line(lines[0] if lines else f"exit code {done.returncode}")
        raise CommandError(
            f"npm could not fetch {package} ({reason}): check the network and `npm config get registry`, and run this"
            " again."
        )
    return archives[0]
