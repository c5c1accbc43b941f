"""The sending side alone: what counts as acknowledged by the other side."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from emulator.mllp.frames import wrap
from emulator.mllp.sending import NotSent, Partner, acknowledgement
from tests.support.patience import PATIENCE


@contextmanager
def partner(answer: bytes) -> Iterator[tuple[Partner, list[bytes]]]:
    """Another side that takes one message and answers so; what it got, once it has."""
    got: list[bytes] = []

    def serve() -> None:
        connection = listener.accept()[0]
        with connection:
            connection.settimeout(PATIENCE)
            while not b"".join(got).endswith(b"\x1c\r"):
                got.append(connection.recv(65536))
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        thread = threading.Thread(target=serve)
        thread.start()
        yield Partner("127.0.0.1", listener.getsockname()[1]), got
        thread.join()


@pytest.mark.parametrize("code", ["AA", "CA"])
def test_a_message_is_sent_once_it_is_acknowledged(code: str) -> None:
    with partner(wrap(f"MSH|^~\\&|\rMSA|{code}|1\r".encode())) as (other, got):
        other.send(b"MSH|^~\\&|1\r")
    assert b"".join(got) == wrap(b"MSH|^~\\&|1\r")


@pytest.mark.parametrize(
    "answer", [wrap(b"MSH|^~\\&|\rMSA|AE|1\r"), wrap(b"MSH|^~\\&|\rMSA|AR|1\r"), wrap(b"MSH|^~\\&|\r"), b"\x0bMSH|"]
)
def test_a_message_that_is_not_acknowledged_counts_as_not_sent(answer: bytes) -> None:
    with partner(answer) as (other, _), pytest.raises(NotSent):
        other.send(b"MSH|^~\\&|1\r")


def test_nobody_there_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotSent, match=f"127.0.0.1:{port}"):
        Partner("127.0.0.1", port).send(b"MSH|")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"MSH|^~\\&|\rMSA|AA|1", b"AA"),
        (b"MSH|^~\\&|\r\nMSA|AE|1|text\r\n", b"AE"),
        (b"MSH#^~\\&#\rMSA#CR#1\r", b"CR"),  # MSH-1 of the answer's own
        (b"MSH|^~\\&|\rMSA|\r", b""),
        (b"MSA", b""),
        (b"", b""),
    ],
)
def test_the_code_of_an_acknowledgement_is_msa_1(answer: bytes, code: bytes) -> None:
    # HL7 v2.5.1 2.9.2.1: AA, AE, AR, and 2.9.3.1: CA, CE, CR.
    assert acknowledgement(answer) == code
