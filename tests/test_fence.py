"""No test reaches anything but this machine: not by socket, not by name, not through a child process."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import fence
from tests.support.patience import PATIENCE

ELSEWHERE = ("203.0.113.7", 80)  # RFC 5737: an address of documentation, which nobody has


def test_connecting_elsewhere_is_refused() -> None:
    with socket.socket() as client, pytest.raises(fence.FenceError, match="only this machine"):
        client.connect(ELSEWHERE)
    assert fence.refused == [f"socket.connect {ELSEWHERE}"]
    fence.refused.clear()


def test_datagrams_elsewhere_are_refused() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as client, pytest.raises(fence.FenceError):
        client.sendto(b"x", ELSEWHERE)
    fence.refused.clear()


def test_looking_up_names_is_refused() -> None:
    with pytest.raises(fence.FenceError):
        socket.getaddrinfo("example.com", 443)
    fence.refused.clear()


def test_google_client_is_refused() -> None:
    import requests

    with requests.Session() as session:
        session.trust_env = False  # a client that ignores proxies
        with pytest.raises(requests.exceptions.ConnectionError, match="fence refuses"):
            session.get("https://healthcare.googleapis.com/v1/projects")
    assert fence.refused
    fence.refused.clear()


def test_this_machine_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        (b"localhost", True),
        (None, True),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("storage.googleapis.com", False),
        ("127.0.0.1.example.com", False),
    ],
)
def test_what_is_local(host: object, *, local: bool) -> None:
    assert fence.is_local(host) is local


def test_proxies_lead_child_processes_nowhere() -> None:
    program = "import urllib.request as r; r.urlopen('https://storage.googleapis.com/', timeout=20)"
    child = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert child.returncode == 1
    assert "Connection refused" in child.stderr
    assert os.environ["no_proxy"].startswith("127.0.0.1")


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_child_processes_have_no_other_network() -> None:
    devices = {line.split(":")[0].strip() for line in Path("/proc/self/net/dev").read_text().splitlines()[2:]}
    if devices != {"lo"}:
        pytest.skip("this kernel does not let tests have a network of their own; proxies and the audit hook remain")
    program = f"import socket; socket.create_connection({ELSEWHERE!r}, timeout=20)"
    child = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert "Network is unreachable" in child.stderr


def test_a_swallowed_attempt_still_fails_the_test(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("from tests.conftest import nothing_leaves\n")
    pytester.makepyfile(
        """
        import contextlib, socket
        from tests.support import fence

        def test_swallows():
            with contextlib.suppress(OSError), socket.socket() as client:
                client.connect(("203.0.113.7", 80))
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, errors=1)
    fence.refused.clear()
