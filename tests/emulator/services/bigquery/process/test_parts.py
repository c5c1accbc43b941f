"""Parts of what calls yield: whole and in order however they were sent, until the other end closes its socket."""

import asyncio
import socket
from collections.abc import Callable

from emulator.services.bigquery.process.parts import END, HEAD, PIECES, Receiver, send_part

Came = list[tuple[int, bytes, int]]


def received(send: Callable[[socket.socket], None]) -> Came:
    """What comes of that which a thread sends before it closes the socket."""
    came: Came = []

    async def main() -> None:
        ours, theirs = socket.socketpair()
        receiver = Receiver(ours, lambda *part: came.append(part))

        def work() -> None:
            with theirs:
                send(theirs)

        await asyncio.to_thread(work)
        await receiver.wait()
        await asyncio.sleep(0)  # a turn of the loop, for what the thread gave last
        assert ours.fileno() == -1

    asyncio.run(main())
    return came


def test_pieces_arrive_together_and_parts_in_order() -> None:
    large = [bytes([number]) * 300_000 for number in range(3)]
    many = [memoryview(bytes([number])) for number in range(PIECES + 7)]

    def send(channel: socket.socket) -> None:
        send_part(channel, 1, (large, 3))
        send_part(channel, 2, ([], 0))
        send_part(channel, 1, (many, len(many)))
        send_part(channel, 2, ([b"the end"], END))

    assert received(send) == [
        (1, b"".join(large), 3),
        (2, b"", 0),
        (1, b"".join(many), len(many)),
        (2, b"the end", END),
    ]


def test_a_part_that_the_other_end_did_not_finish_is_dropped() -> None:
    def send(channel: socket.socket) -> None:
        send_part(channel, 1, ([b"whole"], 1))
        channel.sendall(HEAD.pack(1, 1, 10) + b"half")

    assert received(send) == [(1, b"whole", 1)]


def test_a_head_that_the_other_end_did_not_finish_is_dropped() -> None:
    assert received(lambda channel: channel.sendall(HEAD.pack(1, 1, 10)[:-1])) == []
