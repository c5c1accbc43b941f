"""What the emulator calls for others (push, webhooks, schedules): endpoints on this machine, not where these lead."""

import asyncio

import pytest

from emulator.outgoing import Endpoint, RefusedEndpoint, endpoint_of, post
from tests.support.patience import PATIENCE

OWN = (9470, 9471)
ELSEWHERE = (
    *("http://169.254.169.254/computeMetadata/v1/", "http://metadata.google.internal/", "https://example.com/"),
    *("http://127.0.0.1.evil.example/", "http://localhost.evil.example/", "http://localhost@evil.example/"),
    *("http://[::ffff:169.254.169.254]/", "http://[::]/", "http://0.0.0.0/", "http://2130706433/", "http://0x7f.1/"),
    *("http://127.1/", "http://10.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "http:///x", "//127.0.0.1/"),
    *("http://evil.example#@127.0.0.1/", "http://[", "", "127.0.0.1"),
    *("http://127.0.0.1:9470/v1/projects", "http://localhost:9471/", "http://[::1]:9470/"),
)


@pytest.mark.parametrize("url", ELSEWHERE)
def test_an_endpoint_elsewhere_or_of_the_emulator_itself_is_refused(url: str) -> None:
    with pytest.raises(RefusedEndpoint):
        endpoint_of(url, OWN)


def test_a_line_end_in_an_address_begins_no_header() -> None:
    found = endpoint_of("http://127.0.0.1:8080/a\r\nX-Evil: b", OWN)
    assert not {"\r", "\n"} & set(found.target)


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    paths = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        paths.append((await reader.readline()).split()[1])
        writer.write(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /secret\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def sent() -> int:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await post(Endpoint("127.0.0.1", port, "/first", tls=False), {}, b"", PATIENCE)

    assert asyncio.run(sent()) == 307
    assert paths == [b"/first"]
