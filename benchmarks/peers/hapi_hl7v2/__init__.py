"""HAPI HL7v2 2.6.0, which is from Maven Central: the reference for parsing and acknowledging messages of HL7v2."""

import base64
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from benchmarks.peers.missing import PeerMissing
from engine.console import step
from engine.layout import Layout, SetupError, digest
from engine.run import CommandFailed, run

_HERE = Path(__file__).parent
_SECONDS = 600.0


def command(what: str) -> list[str | Path]:
    """What runs Hapi.java, which says what it takes; its libraries are fetched the first time. Raises PeerMissing."""
    maven, java = shutil.which("mvn"), shutil.which("java")
    if maven is None or java is None:
        raise PeerMissing("HAPI HL7v2 needs mvn and java, 11 or newer, on PATH")
    return [java, "-cp", f"{_libraries(maven)}/*", _HERE / "Hapi.java", what]


def lines(messages: Iterable[bytes]) -> str:
    """Messages as Hapi.java reads them."""
    return "".join(f"{base64.b64encode(each).decode()}\n" for each in messages) + "\n"


def acknowledged(messages: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
    """HAPI's ACK and its NACK of each message. Raises PeerMissing."""
    answer = subprocess.run(command("acknowledge"), input=lines(messages), text=True, capture_output=True, check=True)
    pairs = [line.split() for line in answer.stdout.splitlines()]
    return [(base64.b64decode(ack), base64.b64decode(nack)) for ack, nack in pairs]


def _libraries(maven: str) -> Path:
    layout, pom = Layout(), _HERE / "pom.xml"
    folder = layout.tools / "peers" / f"hapi-hl7v2-{digest((pom,))}"
    if not folder.exists():
        fetch: list[str | Path] = [maven, "-q", "-B", "-f", pom, f"-Dmaven.repo.local={layout.tools / 'maven'}"]
        fetch += ["dependency:copy-dependencies", f"-DoutputDirectory={folder}.part"]
        try:
            with step("hapi-hl7v2"):
                run(fetch, layout.logs / "hapi-hl7v2.log", timeout=_SECONDS)
        except (CommandFailed, SetupError) as failure:
            raise PeerMissing(f"HAPI HL7v2 can't be fetched: {failure}") from None
        Path(f"{folder}.part").rename(folder)
    return folder
