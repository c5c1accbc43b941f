"""Official releases: which file for which machine, checked against the publisher's checksum, given up fast."""

import contextlib
import hashlib
import io
import socket
import tarfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from engine import download, engine, plugin
from engine.console import Step
from engine.layout import Layout, SetupError
from engine.stamps import LAUNCHER, plugin_folder


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("Linux", "x86_64", "pulumi-v3.1.2-linux-x64.tar.gz"),
        ("Linux", "aarch64", "pulumi-v3.1.2-linux-arm64.tar.gz"),
        ("Darwin", "arm64", "pulumi-v3.1.2-darwin-arm64.tar.gz"),
        ("Linux", "riscv64", None),
        ("Windows", "AMD64", None),
    ],
)
def test_release_name(system: str, machine: str, name: str | None) -> None:
    assert download.release_name("v3.1.2", system, machine) == name


def test_checksum_of() -> None:
    listed = "AB12  pulumi-v3-linux-x64.tar.gz\ncd34 *pulumi-v3-darwin-x64.tar.gz\n\n"
    assert download.checksum_of("pulumi-v3-linux-x64.tar.gz", listed) == "ab12"
    assert download.checksum_of("pulumi-v3-darwin-x64.tar.gz", listed) == "cd34"
    assert download.checksum_of("pulumi-v3-linux-arm64.tar.gz", listed) is None


class Releases:
    """A site with one release."""

    def __init__(self) -> None:
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as tar:
            for name in ("pulumi", "pulumi-language-python"):
                member = tarfile.TarInfo(f"pulumi/{name}")
                member.mode, member.size = 0o755, len(name)
                tar.addfile(member, io.BytesIO(name.encode()))
        self.archive = content.getvalue()
        self.checksum = hashlib.sha256(self.archive).hexdigest()
        self.name = download.release_name("v3.1.2", "Linux", "x86_64") or ""

    def answer(self, path: str) -> bytes | None:
        """The content of a path of the site."""
        if path == "/v3.1.2/pulumi-3.1.2-checksums.txt":
            return f"{self.checksum}  {self.name}\n".encode()
        return self.archive if path == f"/v3.1.2/{self.name}" else None


@pytest.fixture
def releases(monkeypatch: pytest.MonkeyPatch) -> Iterator[Releases]:
    """The site, in place of the official one."""
    site = Releases()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = site.answer(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setattr(download, "RELEASES", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    yield site
    server.shutdown()
    server.server_close()


def fetch(tmp_path: Path) -> tuple[bool, Path]:
    """Try to download the release into a clone in `tmp_path`."""
    layout = Layout(tmp_path)
    folder = layout.tools / "pulumi-v3.1.2" / "bin"
    return download.download_release(layout, "v3.1.2", folder, Step("engine", io.StringIO())), folder


@pytest.mark.usefixtures("releases")
def test_release_is_unpacked(tmp_path: Path) -> None:
    done, folder = fetch(tmp_path)
    assert done
    assert sorted(file.name for file in folder.iterdir()) == ["pulumi", "pulumi-language-python"]
    assert (folder / "pulumi").stat().st_mode & 0o111
    assert [file.name for file in (tmp_path / ".tools").iterdir()] == ["pulumi-v3.1.2"], "nothing else is left"


def test_another_content_is_refused(tmp_path: Path, releases: Releases) -> None:
    releases.archive = b"something else"
    with pytest.raises(SetupError, match="its publisher says"):
        fetch(tmp_path)
    assert not (tmp_path / ".tools" / "pulumi-v3.1.2").exists()


def test_no_such_release(tmp_path: Path, releases: Releases) -> None:
    releases.name = "another"
    assert fetch(tmp_path)[0] is False


def calls(server: socket.socket) -> int:
    """How many connections wait to be accepted; none does afterwards."""
    server.settimeout(0)
    number = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            server.accept()[0].close()
            number += 1
    return number


def test_closed_network_is_noticed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setattr(download, "CONNECT_SECONDS", 0.05)
        monkeypatch.setattr(download, "RELEASES", f"http://127.0.0.1:{port}")
        assert fetch(tmp_path)[0] is False
        assert calls(silent) == 1, "no retries"
        assert download.reachable(f"http://127.0.0.1:{port}", 0.05) is False
        assert calls(silent) == 1, "no retries"
    assert download.reachable(f"http://127.0.0.1:{port}") is False


def script(folder: Path, name: str, text: str) -> None:
    """Write an executable shell script."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("said", "taken"), [("v99.0.0", False), ("v3.0.1", False), ("nonsense", False), ("v3.999.0", True)]
)
def test_engine_on_path_must_fit(tmp_path: Path, said: str, *, taken: bool) -> None:
    script(tmp_path, "pulumi", f"echo {said}")
    script(tmp_path, "pulumi-language-python", "")
    found = engine.engine_on_path(Layout(), {"PATH": str(tmp_path)})
    assert found == (tmp_path if taken else None)


def test_engine_without_language_host_does_not_count(tmp_path: Path) -> None:
    script(tmp_path, "pulumi", "echo v3.999.0")
    assert engine.engine_on_path(Layout(), {"PATH": str(tmp_path)}) is None


def test_engine_that_fails_does_not_count(tmp_path: Path) -> None:
    script(tmp_path, "pulumi", "exit 1")
    script(tmp_path, "pulumi-language-python", "")
    assert engine.engine_on_path(Layout(), {"PATH": str(tmp_path)}) is None


@pytest.fixture
def clone(tmp_path: Path) -> Layout:
    """A folder with requirements and an engine that can't install plugins."""
    layout = Layout(tmp_path)
    (tmp_path / "requirements.txt").write_text("pulumi-gcp==10.2.0\n")
    script(layout.tools, "pulumi", "echo 'error: no route'; exit 1")
    (layout.tools / "engine.json").write_text(f'{{"folder": "{layout.tools}"}}')
    return layout


@pytest.mark.parametrize("reachable", [True, False])
def test_stand_in_where_the_official_plugin_cannot_be_had(
    clone: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, reachable: bool
) -> None:
    monkeypatch.setattr(plugin, "reachable", lambda _: reachable)
    plugin.install_plugin(clone)
    program = plugin_folder(clone) / "pulumi-resource-gcp"
    assert program.read_text() == LAUNCHER
    assert program.stat().st_mode & 0o100
    assert capsys.readouterr().err.count("stand-in") == 1


def test_official_plugin_is_preferred_and_replaces_the_stand_in(clone: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin, "reachable", lambda _: False)
    plugin.install_plugin(clone)
    program = plugin_folder(clone) / "pulumi-resource-gcp"
    script(clone.tools, "pulumi", f'test "$PULUMI_HOME" = {clone.pulumi_home} && printf ELF > {program}')
    monkeypatch.setattr(plugin, "reachable", lambda _: True)
    plugin.install_plugin(clone, again=True)
    assert program.read_text() == "ELF"
    monkeypatch.setattr(plugin, "reachable", lambda _: False)
    plugin.install_plugin(clone)
    assert program.read_text() == "ELF", "a plugin that set-up did not write is never replaced"
