"""The TLS port's certificate: who can be sure of what, and when it is made anew."""

import datetime as dt
import socket
import ssl
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from emulator.serving import server, tls
from emulator.serving.server import StartError
from emulator.settings import Settings
from emulator.state.folder import TLS_AUTHORITY, TLS_SERVER


def handshake(server: ssl.SSLContext, authority: Path, name: str) -> str:
    """Connect a client that trusts nothing but the authority; gives the version of TLS. Raises ssl.SSLError."""
    client = ssl.create_default_context(cafile=str(authority))
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            with server.wrap_socket(theirs, server_side=True) as secured:
                secured.recv(1)
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=name) as secured:
            return secured.version() or ""
    finally:
        ours.close()
        thread.join()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_who_trusts_the_authority_can_connect(tmp_path: Path, name: str) -> None:
    assert handshake(tls.context(tmp_path, "127.0.0.1"), tmp_path / TLS_AUTHORITY, name) in ("TLSv1.2", "TLSv1.3")


def test_other_names_and_other_authorities_are_refused(tmp_path: Path) -> None:
    server = tls.context(tmp_path, "127.0.0.1")
    with pytest.raises(ssl.SSLError, match=r"(?i)mismatch"):
        handshake(server, tmp_path / TLS_AUTHORITY, "storage.googleapis.com")
    other = tmp_path / "other"
    other.mkdir()
    tls.context(other, "127.0.0.1")
    with pytest.raises(ssl.SSLError, match=r"(?i)verify failed"):
        handshake(server, other / TLS_AUTHORITY, "localhost")


def test_it_is_kept_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    tls.context(tmp_path, "127.0.0.1")
    files = {name: (tmp_path / name).read_bytes() for name in (TLS_AUTHORITY, TLS_SERVER)}
    tls.context(tmp_path, "localhost")
    assert {name: (tmp_path / name).read_bytes() for name in files} == files
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert {path.name for path in tmp_path.iterdir()} == set(files)
    assert b"PRIVATE KEY" not in files[TLS_AUTHORITY]
    assert files[TLS_SERVER].count(b"PRIVATE KEY-----\n") == 2, "the authority's key is kept nowhere"


@pytest.mark.parametrize("damage", ["a file lost", "rubbish", "another authority", "another host", "nearly expired"])
def test_it_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    host = "127.0.0.1"
    if damage == "nearly expired":
        with monkeypatch.context() as patch:
            patch.setattr(tls, "_LIFETIME", dt.timedelta(days=59))
            tls.context(tmp_path, host)
    else:
        tls.context(tmp_path, host)
    before = (tmp_path / TLS_SERVER).read_bytes()
    if damage == "a file lost":
        (tmp_path / TLS_AUTHORITY).unlink()
    elif damage == "rubbish":
        (tmp_path / TLS_SERVER).write_bytes(b"-----BEGIN CERTIFICATE-----\nrubbish")
    elif damage == "another authority":
        other = tmp_path / "other"
        other.mkdir()
        tls.context(other, host)
        (other / TLS_AUTHORITY).rename(tmp_path / TLS_AUTHORITY)
    elif damage == "another host":
        host = "emulator.example"
    server = tls.context(tmp_path, host)
    assert (tmp_path / TLS_SERVER).read_bytes() != before
    assert handshake(server, tmp_path / TLS_AUTHORITY, host)


def test_the_authority_can_sign_certificates_of_servers_only(tmp_path: Path) -> None:
    tls.context(tmp_path, "127.0.0.1")
    authority = x509.load_pem_x509_certificate((tmp_path / TLS_AUTHORITY).read_bytes())
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)


@pytest.mark.parametrize("content", [b"", b"rubbish"])
def test_a_certificate_that_is_none_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "own.pem").write_bytes(content)
    settings = Settings(tmp_path, tls_port=0, tls_certificate=tmp_path / "own.pem")
    with pytest.raises(StartError, match=r"--tls-certificate .*own\.pem can't be used"):
        server._tls_context(settings)
    with pytest.raises(StartError, match="No such file"):
        server._tls_context(replace(settings, tls_certificate=tmp_path / "none"))


def test_a_certificate_that_is_given_is_shown(tmp_path: Path) -> None:
    tls.context(tmp_path, "127.0.0.1")
    given = tmp_path / TLS_SERVER
    context = server._tls_context(Settings(tmp_path / "other", tls_port=0, tls_certificate=given))
    assert handshake(context, tmp_path / TLS_AUTHORITY, "localhost").startswith("TLS")
