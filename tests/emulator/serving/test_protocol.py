"""HTTP as it is on the wire: bodies in pieces, answers to HEAD, 100-continue, several requests on a connection."""

import socket

import pytest

from emulator.serving import protocol
from tests.support.emulator import RunningEmulator


def exchange(emulator: RunningEmulator, *pieces: bytes) -> bytes:
    """Send pieces, each once something has come back for the one before it; give all that came, to the end."""
    with socket.create_connection(("127.0.0.1", int(emulator.base_url.rpartition(":")[2])), 10) as link:
        received = b""
        for number, piece in enumerate(pieces):
            link.sendall(piece)
            if number < len(pieces) - 1:
                received += link.recv(65536)
        while data := link.recv(65536):
            received += data
    return received


def request(emulator: RunningEmulator, line: str, *more: str) -> bytes:
    head = (f"{line} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {emulator.owner_token}", *more)
    return "\r\n".join([*head, "", ""]).encode()


def test_an_answer_to_head_ends_with_its_head(emulator: RunningEmulator) -> None:
    answer = exchange(emulator, request(emulator, "HEAD /v1/projects/no-such/topics/t", "Connection: close"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 40")
    assert b"content-length" in head
    assert body == b""


def test_continue_comes_before_the_body(emulator: RunningEmulator) -> None:
    path = f"/v1/projects/{emulator.project}/topics/protocol-continue"
    head = request(emulator, f"PUT {path}", "Expect: 100-continue", "Content-Length: 2", "Connection: close")
    answer = exchange(emulator, head, b"{}")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


def test_a_body_larger_than_a_piece_arrives_whole(emulator: RunningEmulator) -> None:
    size = 5 * (1 << 20) + 3
    bucket = f"{emulator.project}-protocol"
    made = request(
        emulator, f"POST /storage/v1/b?project={emulator.project}", f"Content-Length: {len(bucket) + 12}"
    ) + (b'{"name": "' + bucket.encode() + b'"')
    sent = request(
        emulator,
        f"POST /upload/storage/v1/b/{bucket}/o?uploadType=media&name=large",
        f"Content-Length: {size}",
        "Connection: close",
    )
    answer = exchange(emulator, made + b"}", sent + b"\x07" * size)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert f'"size":"{size}"'.encode() in answer.replace(b" ", b"")


def test_requests_sent_together_are_answered_in_order(emulator: RunningEmulator) -> None:
    first = request(emulator, "GET /v1/projects/no-such/first")
    second = request(emulator, "GET /v1/projects/no-such/second", "Connection: close")
    answer = exchange(emulator, first + second)
    assert answer.count(b"HTTP/1.1 404") == 2
    assert answer.index(b"first") < answer.index(b"second")


def test_what_follows_a_large_body_on_the_connection_is_the_next_request(emulator: RunningEmulator) -> None:
    size = (1 << 20) + 1
    sent = request(emulator, "POST /v1/projects/no-such/first", f"Content-Length: {size}")
    following = request(emulator, "GET /v1/projects/no-such/second", "Connection: close")
    answer = exchange(emulator, sent + b"GET " * (size // 4) + b"\n" + following)
    assert answer.count(b"HTTP/1.1 404") == 2
    assert b"second" in answer


def test_a_header_that_would_be_two_is_not_sent() -> None:
    with pytest.raises(RuntimeError):
        protocol._checked(b"x", b"1\r\nset-cookie: a")
    assert protocol._line(b"X-One", b"1") == b"x-one: 1\r\n"


@pytest.fixture(scope="module")
def large_object(emulator: RunningEmulator) -> str:
    """The path of an object of more bytes than the system's buffers take; each four bytes are their place."""
    bucket = f"{emulator.project}-protocol-large"
    made = b'{"name": "' + bucket.encode() + b'"}'
    path = f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name=large"
    sent = request(emulator, f"POST {path}", f"Content-Length: {len(LARGE)}", "Connection: close") + LARGE
    create = request(emulator, f"POST /storage/v1/b?project={emulator.project}", f"Content-Length: {len(made)}") + made
    assert exchange(emulator, create, sent).count(b"HTTP/1.1 200 OK") == 2
    return f"/storage/v1/b/{bucket}/o/large?alt=media"


LARGE = b"".join(number.to_bytes(4, "little") for number in range(6 << 20))


def test_a_large_object_arrives_whole_at_a_slow_reader_with_the_next_answer_behind_it(
    emulator: RunningEmulator, large_object: str
) -> None:
    following = request(emulator, "GET /v1/projects/no-such/second", "Connection: close")
    answer = exchange(emulator, request(emulator, f"GET {large_object}") + following)
    _, _, rest = answer.partition(b"\r\n\r\n")
    assert rest[: len(LARGE)] == LARGE
    assert rest[len(LARGE) :].startswith(b"HTTP/1.1 404")


def test_a_reader_that_goes_away_in_the_middle_leaves_the_others_alone(
    emulator: RunningEmulator, large_object: str
) -> None:
    with socket.create_connection(("127.0.0.1", int(emulator.base_url.rpartition(":")[2])), 10) as link:
        link.sendall(request(emulator, f"GET {large_object}"))
        assert link.recv(1000).startswith(b"HTTP/1.1 200 OK")
    answer = exchange(emulator, request(emulator, f"GET {large_object}", "Range: bytes=8-15", "Connection: close"))
    assert answer.startswith(b"HTTP/1.1 206")
    assert answer.endswith(b"\r\n\r\n" + LARGE[8:16])
