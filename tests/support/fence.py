"""The fence: while tests run, this process and its children connect to nothing but this machine.

Three layers, because no single one holds everything. Python refuses to connect (and the test that tried fails, whatever
it did with the error); proxies lead every other client nowhere; and where the kernel allows it, this process and its
children live in a network of their own that has nothing but the loopback device.
"""

import ctypes
import fcntl
import ipaddress
import os
import socket
import struct
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

# Nothing listens on the discard port, so a client that obeys the proxy is refused at once.
NOWHERE = "http://127.0.0.1:9"
LOCAL_NAMES = {"", "localhost", "localhost.localdomain", "ip6-localhost"}

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_UP_AND_RUNNING = 0x41

refused: list[str] = []


class FenceError(ConnectionError):
    """A test tried to leave this machine."""


def is_local(host: object) -> bool:
    """True for this machine's own names and loopback addresses."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name is None or name in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(str(name).split("%")[0]).is_loopback
    except ValueError:
        return False


def guard(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hook: refuse to connect, send or look up names beyond this machine.

    Raises:
        FenceError: the address is not a loopback one.
    """
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if not isinstance(address, tuple) or is_local(address[0]):
            return
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        address = arguments[0]
        if is_local(address):
            return
    else:
        return
    refused.append(f"{event} {address}")
    raise FenceError(f"The tests' fence refuses {event} to {address}: only this machine may be reached.")


def set_proxies(environment: MutableMapping[str, str]) -> None:
    """Send every client that obeys proxies nowhere, except to this machine."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "grpc_proxy"):
        environment[name] = environment[name.upper()] = NOWHERE
    environment["no_proxy"] = environment["NO_PROXY"] = "127.0.0.1,localhost,::1"


def own_network() -> bool:
    """Move this process into a network namespace with nothing but loopback; False where the kernel refuses.

    To be called while the process has a single thread.
    """
    if sys.platform != "linux":
        return False
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) != 0:
        if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
            return False
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket() as device:
        fcntl.ioctl(device, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _UP_AND_RUNNING))
    return True


def put_up() -> None:
    """Put up all layers for the rest of this process's life."""
    set_proxies(os.environ)
    own_network()
    sys.addaudithook(guard)
