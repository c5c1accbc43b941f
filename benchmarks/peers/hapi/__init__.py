"""HAPI FHIR's JPA server: a program of this project around its jars, compiled once, with H2 as its database."""

import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.missing import PeerMissing
from benchmarks.peers.waiting import free_port, until_ready
from engine.console import step
from engine.layout import Layout, digest
from engine.run import CommandFailed, run

_HERE = Path(__file__).parent
_SECONDS = 1200.0


@dataclass(frozen=True)
class Hapi:
    """A running server: its root is /fhir."""

    port: int
    pid: int


@dataclass(frozen=True)
class Manner:
    """How HAPI FHIR runs: options of its Java, and its database, as H2's URLs say it after "jdbc:h2:"."""

    database: str
    java: tuple[str, ...] = ()


IN_MEMORY = Manner("mem:hapi;DB_CLOSE_DELAY=-1", ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"))
"""Java that starts quickly and compiles no further, and a database that is gone with it."""


def in_file(path: Path) -> Manner:
    """Java's defaults, and what is committed written at once (by default half a second later), but not synced."""
    return Manner(f"file:{path};WRITE_DELAY=0")


@contextmanager
def running_hapi(manner: Manner) -> Iterator[Hapi]:
    """HAPI FHIR for R4 with its defaults and an empty store, on a free port. Raises PeerMissing."""
    built = _built()
    port = free_port()
    classpath = f"{built / 'classes'}{os.pathsep}{built / 'jars'}/*"
    options = [*manner.java, "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", classpath]
    process = subprocess.Popen(
        [_program("java"), *options, "Peer", str(port), manner.database],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until_ready(process, "HAPI FHIR", lambda: _answers(port))
        yield Hapi(port, process.pid)
    finally:
        process.terminate()
        process.wait()


def _built() -> Path:
    """The folder with the program and its jars, made the first time."""
    for program in ("java", "javac", "mvn"):
        _program(program)
    layout = Layout()
    sources = (_HERE / "pom.xml", _HERE / "Peer.java")
    folder = layout.tools / "peers" / f"hapi-{digest(sources)}"
    if not folder.exists():
        unfinished = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            with step("HAPI FHIR"):
                _build(unfinished, layout.logs)
        except CommandFailed as failure:
            raise PeerMissing(f"HAPI FHIR can't be built: {failure}") from None
        unfinished.rename(folder)
    return folder


def _program(name: str) -> str:
    """Where a program is. Raises PeerMissing."""
    found = shutil.which(name)
    if found is None:
        raise PeerMissing(f"HAPI FHIR needs Java and Maven, and there is no {name}.")
    return found


def _build(folder: Path, logs: Path) -> None:
    jars, classes = folder / "jars", folder / "classes"
    maven: list[str | Path] = [_program("mvn"), "--quiet", "--batch-mode", "--file", _HERE / "pom.xml"]
    maven += ["dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
    run(maven, logs / "hapi-jars.log", timeout=_SECONDS)
    compiling: list[str | Path] = [_program("javac"), "-nowarn", "-cp", f"{jars}/*", "-d", classes, _HERE / "Peer.java"]
    run(compiling, logs / "hapi-classes.log", timeout=_SECONDS)


def _answers(port: int) -> None:
    urllib.request.urlopen(f"http://127.0.0.1:{port}/fhir/Patient?_summary=count", timeout=60).close()
