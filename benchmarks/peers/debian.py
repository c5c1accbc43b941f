"""Programs of a Debian release: fetched by apt with a suite and folders of its own, unpacked, run with its own loader.

Nothing is installed and the system's packages do not matter: with an empty list of installed packages apt fetches the
C library too, so that a program of a newer release runs on an older one.
"""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.missing import PeerMissing
from engine.layout import Layout, digest
from engine.run import CommandFailed, run

SUITE = "trixie"
PACKAGES = ("nginx", "orthanc-dicomweb")
_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SECONDS = 600.0
_CONFIGURATION = """\
Dir::State "{folder}";
Dir::State::Lists "{folder}/lists";
Dir::State::Status "{folder}/status";
Dir::Cache "{folder}";
Dir::Cache::Archives "{folder}/archives";
Dir::Etc::SourceList "{folder}/sources.list";
Dir::Etc::SourceParts "/dev/null";
APT::Install-Recommends "0";
APT::Sandbox::User "";
Acquire::Languages "none";
"""


@dataclass(frozen=True)
class Release:
    """The unpacked packages."""

    root: Path

    def command(self, program: str) -> list[str]:
        """How the command line begins that runs `program` (a path below the root) with the release's libraries."""
        libraries = next((self.root / "usr" / "lib").glob("*-linux-gnu"))
        loader = next(libraries.glob("ld-linux*.so.*"))
        return [str(loader), "--library-path", str(libraries), str(self.root / program)]


def folder_of(layout: Layout) -> Path:
    """Where the packages are once they are unpacked."""
    return layout.tools / "peers" / f"{SUITE}-{digest((), *PACKAGES, _CONFIGURATION)}"


def release(layout: Layout | None = None) -> Release:
    """The packages, fetched and unpacked the first time. Raises PeerMissing where that can't be done."""
    layout = layout or Layout()
    folder = folder_of(layout)
    if not folder.exists():
        work = folder.with_suffix(".part")
        shutil.rmtree(work, ignore_errors=True)
        try:
            _fetch(work, layout.logs / "apt.log")
        except CommandFailed as failure:
            raise PeerMissing(f"Debian {SUITE}'s packages can't be fetched: {failure.reason}") from None
        (work / "root").rename(folder)
        shutil.rmtree(work)
    return Release(folder)


def _fetch(folder: Path, log: Path) -> None:
    """Fetch and unpack into `folder`/root. Raises PeerMissing, CommandFailed."""
    archive = _archive()
    for name in ("lists/partial", "archives/partial", "root"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(f"deb [signed-by={_KEYS}] {archive} {SUITE} main\n")
    settings = folder / "apt.conf"
    settings.write_text(_CONFIGURATION.format(folder=folder))
    apt = ["apt-get", "--config-file", str(settings), "--quiet"]
    run([*apt, "update"], log, timeout=_SECONDS)
    run([*apt, "--yes", "--download-only", "install", *PACKAGES], log, timeout=_SECONDS)
    for package in sorted((folder / "archives").glob("*.deb")):
        run(["dpkg-deb", "--extract", package, folder / "root"], log, timeout=_SECONDS)


def _archive() -> str:
    """The archive of Debian that this system's apt asks. Raises PeerMissing where there is none."""
    listing = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(CODENAME) $(REPO_URI)", "Created-By: Packages"]
    if shutil.which("apt-get") is None or not _KEYS.exists():
        raise PeerMissing("Debian's packages need apt with Debian's keys (debian-archive-keyring).")
    said = subprocess.run(listing, capture_output=True, text=True, check=False).stdout
    found = _first([line.split() for line in said.splitlines()])
    if not found:
        raise PeerMissing("apt knows no archive of Debian: run `apt-get update` once.")
    return found


def _first(lines: Sequence[list[str]]) -> str:
    """The address of the first archive of a release itself: the codename of one of updates has a hyphen."""
    return next((line[2] for line in lines if line[0] == "Debian" and len(line) == 3 and "-" not in line[1]), "")
