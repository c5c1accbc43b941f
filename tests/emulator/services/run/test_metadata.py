"""The metadata server of a task tells nothing to who does not ask as Google's clients do, such as a web page."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest

from emulator.services.run.running.metadata import Metadata

if TYPE_CHECKING:
    from emulator.context import Context

TOKEN = "/computeMetadata/v1/instance/service-accounts/default/token"
EMAIL = "/computeMetadata/v1/instance/service-accounts/default/email"
FLAVOR = "Metadata-Flavor: Google"


async def ask(target: str, *headers: str, method: str = "GET", host: str = "") -> bytes:
    """The first line of the answer, and its body."""
    nothing = cast("Context", None)  # who is refused is refused before anything is looked up
    async with Metadata(nothing, "task@p.iam.gserviceaccount.com").serving() as place:
        name, _, port = place.partition(":")
        reader, writer = await asyncio.open_connection(name, int(port))
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host or place}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode())
        answer = await reader.read()
        writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        return head.split(b"\r\n")[0] + b" " + body


@pytest.mark.parametrize(
    ("target", "headers", "host"),
    [
        (TOKEN, (), ""),
        (TOKEN, ("Metadata-Flavor: Other",), ""),
        (TOKEN, (FLAVOR, "X-Forwarded-For: 10.0.0.1"), ""),
        (TOKEN, (FLAVOR,), "attacker.example.org"),
    ],
)
def test_others_are_refused(target: str, headers: tuple[str, ...], host: str) -> None:
    assert b" 403 " in asyncio.run(ask(target, *headers, host=host))


def test_who_asks_rightly_is_told() -> None:
    assert asyncio.run(ask(EMAIL, FLAVOR)).endswith(b" 200 OK task@p.iam.gserviceaccount.com")
    assert b" 404 " in asyncio.run(ask("/computeMetadata/v1/instance/disks/", FLAVOR))


def test_what_is_no_request_gets_no_answer() -> None:
    assert asyncio.run(ask(EMAIL, FLAVOR, method="POST")) == b" "
