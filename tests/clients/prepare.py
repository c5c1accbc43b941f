"""Brings the clients that are no part of the virtual environment: `python -m tests.clients.prepare`, before the fence.

Each has a folder of its own in .tools/clients, made once for its lock file. What can't be brought is said here in a
sentence, with which its tests are then skipped.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from engine.layout import ROOT, Layout, parse_version
from engine.lock import named

HERE = Path(__file__).resolve().parent
FOLDER = ROOT / ".tools" / "clients"
_SECONDS = 1500
_STAMP = ".made"


class CannotMakeError(Exception):
    """Why a client can't be brought, in one sentence."""


@dataclass(frozen=True)
class Client:
    """What brings one client: the files that decide what it is, and how it is made from them in an empty folder."""

    name: str
    sources: tuple[Path, ...]
    make: Callable[[Path], None]

    @property
    def folder(self) -> Path:
        """Where it is."""
        return FOLDER / self.name

    def is_there(self) -> bool:
        """Whether it was made, from the files as they are now."""
        try:
            return (self.folder / _STAMP).read_text() == self._key()
        except OSError:
            return False

    def missing(self) -> str:
        """What is missing and how to get it, "" where it is there."""
        if self.is_there():
            return ""
        return f"The {self.name} clients are missing: run `.venv/bin/python -m tests.clients.prepare`."

    def bring(self) -> str:
        """Make it if it is not there; gives why that failed, or ""."""
        if self.is_there():
            return ""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        try:
            self.make(self.folder)
        except CannotMakeError as problem:
            return f"The tests of the {self.name} clients are skipped: {problem}"
        (self.folder / _STAMP).write_text(self._key())
        return ""

    def _key(self) -> str:
        summary = hashlib.sha256(sys.version.encode())
        for file in self.sources:
            summary.update(file.name.encode() + b"\0" + file.read_bytes())
        return summary.hexdigest()


def _run(command: Sequence[str | Path], folder: Path, environment: dict[str, str] | None = None) -> None:
    """Run a program. Raises CannotMakeError with the last line that it wrote."""
    try:
        done = subprocess.run(
            [str(word) for word in command],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise CannotMakeError(f"{Path(command[0]).name}: {problem}.") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise CannotMakeError(f"{Path(command[0]).name} failed ({said[-1][:200]}).")


def _install(folder: Path, requirements: Path) -> None:
    """Make a virtual environment and install the packages of a requirements file into it."""
    if importlib.util.find_spec("pip") is None:
        raise CannotMakeError("the virtual environment has no pip.")
    _run([sys.executable, "-m", "venv", "--without-pip", folder], ROOT)
    _pip(["--python", folder / "bin" / "python"], ["--requirement", requirements])


def _pip(python: Sequence[str | Path], wanted: Sequence[str | Path]) -> None:
    pip: list[str | Path] = [sys.executable, "-m", "pip", *python, "install", "--quiet"]
    cache = [] if "PIP_CACHE_DIR" in os.environ else ["--no-cache-dir"]
    _run([*pip, "--disable-pip-version-check", "--no-input", *cache, *wanted], ROOT)


def _of_python(requirements: Path) -> Client:
    """The packages of a requirements file, which pins them all, in a virtual environment of their own."""
    return Client(requirements.parent.name, (requirements,), lambda folder: _install(folder, requirements))


def _of_emulator(folder: Path) -> None:
    """What the emulator's wheel needs, and google-cloud-storage beside it, as somebody has it who tests with both."""
    lines = [f"-c {ROOT / 'constraints.txt'}", *named(Layout()).emulator, "google-cloud-storage"]
    requirements = folder / "requirements.txt"
    requirements.write_text("\n".join(lines))
    _install(folder, requirements)


def _of_googles_provider(folder: Path) -> None:
    """Google's provider for Airflow with what its base hook imports, to be put beside Airflow 3.3 on PYTHONPATH.

    All that it names as needed would be two gigabytes, and the hook imports a hundredth of it.
    """
    _pip([], ["--no-deps", "--target", folder, "--requirement", HERE / "airflow-google" / "requirements.txt"])


def _make_node(folder: Path) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise CannotMakeError("they need node and npm on PATH.")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / "node" / name, folder)
    cache = {} if "npm_config_cache" in os.environ else {"npm_config_cache": str(folder / "cache")}
    _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder, cache)
    shutil.rmtree(folder / "cache", ignore_errors=True)


def _make_go(folder: Path) -> None:
    go, wanted = shutil.which("go"), parse_version((HERE / "go" / "go.mod").read_text().partition("\ngo ")[2])
    if go is None:
        raise CannotMakeError(f"they need go {wanted[0]}.{wanted[1]} on PATH.")
    said = subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout
    if parse_version(said.removeprefix("go version ")) < wanted:
        raise CannotMakeError(f"they need go {wanted[0]}.{wanted[1]} or newer, and there is {said.strip()}.")
    work = folder / "work"
    inside = {"GOPATH": work, "GOMODCACHE": work / "mod", "GOCACHE": work / "cache", "GOTMPDIR": work}
    chosen = {name: os.environ.get(name) or str(path) for name, path in inside.items()}
    work.mkdir()
    flags = ["-mod=readonly", "-modcacherw", "-trimpath", "-ldflags=-s -w"]
    settings = {**chosen, "GOTOOLCHAIN": "local", "GOWORK": "off", "GOTELEMETRY": "off", "CGO_ENABLED": "0"}
    _run([go, "test", "-c", *flags, "-o", folder / "clients.test", "."], HERE / "go", settings)
    shutil.rmtree(work, ignore_errors=True)


def _make_java(folder: Path) -> None:
    """The jars that the pom names, from a repository of Maven's that is gone afterwards, and the programs compiled."""
    maven, compiler = shutil.which("mvn"), shutil.which("javac")
    if maven is None or compiler is None:
        raise CannotMakeError("they need mvn and javac, Java 17 or newer, on PATH.")
    jars, repository = folder / "jars", folder / "repository"
    pom, kept = HERE / "java" / "pom.xml", f"-Dmaven.repo.local={repository}"
    fetching: list[str | Path] = [maven, "--quiet", "--batch-mode", "--file", pom, kept]
    _run([*fetching, "dependency:copy-dependencies", f"-DoutputDirectory={jars}"], folder)
    shutil.rmtree(repository, ignore_errors=True)
    programs = sorted((HERE / "java").glob("*.java"))
    options: list[str | Path] = ["-nowarn", "-proc:none", "--release", "17", "-encoding", "UTF-8", "-cp", f"{jars}/*"]
    _run([compiler, *options, "-d", folder / "classes", *programs], folder)


def airflows() -> Sequence[Client]:
    """The versions of Airflow that are tried: the newest, or all of them where AIRFLOW_VERSIONS is `all`."""
    return AIRFLOWS if os.environ.get("AIRFLOW_VERSIONS") == "all" else AIRFLOWS[:1]


GSUTIL = _of_python(HERE / "gsutil" / "requirements.txt")
S3 = _of_python(HERE / "s3" / "requirements.txt")
FRAMES = _of_python(HERE / "frames" / "requirements.txt")
FHIR = _of_python(HERE / "fhir" / "requirements.txt")
NODE = Client("node", (HERE / "node" / "package.json", HERE / "node" / "package-lock.json"), _make_node)
GO = Client("go", tuple(sorted((HERE / "go").iterdir())), _make_go)
JAVA = Client("java", tuple(sorted((HERE / "java").iterdir())), _make_java)
AIRFLOWS = tuple(_of_python(HERE / name / "requirements.txt") for name in ("airflow3", "airflow32", "airflow2"))
"""Airflow 3.3, whose newest is taken, 3.2 and 2.11, which Managed Airflow has: half a gigabyte each."""
GOOGLES_PROVIDER = Client("airflow-google", (HERE / "airflow-google" / "requirements.txt",), _of_googles_provider)
"""It is tried where all versions of Airflow are."""
PACKAGE = Client("package", (ROOT / "pyproject.toml", ROOT / "constraints.txt"), _of_emulator)
CLIENTS = (
    *(GO, NODE, JAVA, GSUTIL, S3, FRAMES, FHIR, PACKAGE, *airflows()),
    *([GOOGLES_PROVIDER] if len(airflows()) > 1 else []),
)


def main() -> int:
    """Bring what is missing; returns 0 in any case, because only the tests of the clients depend on it."""
    Layout().tools.mkdir(exist_ok=True)
    with ThreadPoolExecutor() as threads:
        for sentence in threads.map(Client.bring, CLIENTS):
            if sentence:
                sys.stderr.write(f"{sentence}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
