"""Downloads the official Pulumi release, and finds out quickly where nothing can be downloaded."""

import hashlib
import platform
import shutil
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

from engine.console import Step
from engine.layout import Layout, SetupError

RELEASES = "https://github.com/pulumi/pulumi/releases/download"
CONNECT_SECONDS = 4.0


def reachable(url: str, seconds: float = CONNECT_SECONDS) -> bool:
    """True if a site answers, whatever it answers, within `seconds`."""
    try:
        urllib.request.urlopen(url, timeout=seconds).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def release_name(version: str, system: str, machine: str) -> str | None:
    """The file of an official release for this kind of machine, or None where there is none."""
    systems = {"Linux": "linux", "Darwin": "darwin"}
    machines = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
    if system not in systems or machine.lower() not in machines:
        return None
    return f"pulumi-{version}-{systems[system]}-{machines[machine.lower()]}.tar.gz"


def checksum_of(name: str, checksums: str) -> str | None:
    """The SHA-256 of file `name` in a list of `HEX  NAME` lines."""
    for line in checksums.splitlines():
        words = line.split()
        if len(words) == 2 and words[1].lstrip("*") == name:
            return words[0].lower()
    return None


def download_release(layout: Layout, version: str, folder: Path, current: Step) -> bool:
    """Fetch the official release into `folder`; False, within seconds, where it can't be reached.

    Raises:
        SetupError: what came is not what its publisher's checksum says.
    """
    name = release_name(version, platform.system(), platform.machine())
    if name is None:
        return False
    current.progress("asking for the official release")
    part = layout.tools / f"{name}.part"
    layout.tools.mkdir(exist_ok=True)
    try:
        with urllib.request.urlopen(
            f"{RELEASES}/{version}/pulumi-{version.removeprefix('v')}-checksums.txt", timeout=CONNECT_SECONDS
        ) as answer:
            expected = checksum_of(name, answer.read().decode("utf-8", "replace"))
        if expected is None:
            return False
        found = _fetch(f"{RELEASES}/{version}/{name}", part, current)
        if found != expected:
            raise SetupError(
                f"{name} came with SHA-256 {found}, its publisher says {expected}; run scripts/setup again."
            )
        _unpack(part, folder)
    except (OSError, tarfile.TarError):
        return False
    finally:
        part.unlink(missing_ok=True)
    return True


def _fetch(url: str, target: Path, current: Step) -> str:
    """Download `url` to `target` and give its SHA-256."""
    summary, size = hashlib.sha256(), 0
    with urllib.request.urlopen(url, timeout=CONNECT_SECONDS * 5) as answer, target.open("wb") as file:
        total = int(answer.headers.get("Content-Length") or 0)
        while chunk := answer.read(1 << 20):
            file.write(chunk)
            summary.update(chunk)
            size += len(chunk)
            current.progress(f"downloaded {size >> 20} of {total >> 20} MB")
    return summary.hexdigest()


def _unpack(archive: Path, folder: Path) -> None:
    """Put the programs of a release, which lie in a folder `pulumi` of the archive, into `folder`, all or none."""
    beside = folder.parent / "unpacked"
    shutil.rmtree(beside, ignore_errors=True)
    with tarfile.open(archive) as tar:
        tar.extractall(beside, filter="data")
    shutil.rmtree(folder, ignore_errors=True)
    (beside / "pulumi").rename(folder)
    shutil.rmtree(beside)
