"""Messages that leave over MLLP: those that a subscription names, until the other side has acknowledged them."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from dataclasses import dataclass
from typing import Self

from emulator.mllp.frames import FrameError, Frames, wrap
from emulator.mllp.options import PLACE
from emulator.mllp.store import Store, StoreError, Subscription

LOG = logging.getLogger(__name__)
_AT_A_TIME = 10
_TIMEOUT = 60.0
"""Seconds without an answer of the other side until a message counts as not sent."""
_PAUSE = 1.0
"""Seconds until a subscription is asked again that could not be, or whose message could not be sent."""
_ACCEPTED = (b"AA", b"CA")


class NotSent(Exception):
    """A message that the other side has not acknowledged: one sentence, without any of it."""


@dataclass(frozen=True)
class Partner:
    """Where messages go: host and port, over TLS where there is a context."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None

    @classmethod
    def at(cls, place: str, tls: ssl.SSLContext | None = None) -> Self:
        """The partner at HOST:PORT, an IPv6 address in brackets. Raises ValueError for what is no such place."""
        found = PLACE.fullmatch(place)
        if found is None:
            raise ValueError("it is no HOST:PORT")
        return cls(found["host"].strip("[]"), int(found["port"]), tls)

    def send(self, message: bytes) -> None:
        """Send a message on a connection of its own and wait for its ACK. Raises NotSent."""
        try:
            with self._connect() as connection:
                connection.sendall(wrap(message))
                code = acknowledgement(_answer(connection))
        except (OSError, FrameError) as error:
            raise NotSent(f"{self.host}:{self.port} gave no answer ({type(error).__name__}: {error}).") from None
        if code not in _ACCEPTED:
            raise NotSent(f"{self.host}:{self.port} did not accept it (MSA-1 is {code.decode(errors='replace')!r}).")

    def _connect(self) -> socket.socket:
        connection = socket.create_connection((self.host, self.port), timeout=_TIMEOUT)
        return self.tls.wrap_socket(connection, server_hostname=self.host) if self.tls else connection


def _answer(connection: socket.socket) -> bytes:
    frames = Frames()
    while data := connection.recv(65536):
        if found := frames.feed(data):
            return found[0]
    raise ConnectionResetError("the connection ended before an answer")


def acknowledgement(answer: bytes) -> bytes:
    """The code of an acknowledgement (MSA-1, HL7 v2.5.1 2.9.2); empty where it has none."""
    for segment in answer.replace(b"\n", b"\r").split(b"\r"):
        if segment.startswith(b"MSA") and len(segment) > 4:
            return segment[4:].split(segment[3:4], 1)[0].strip()[:2]
    return b""


class Sender:
    """Passes on what a subscription is told of, one message after another, in a thread of its own.

    What has not been acknowledged is delivered by the subscription again. (GoogleCloudPlatform/mllp, handler)
    """

    def __init__(self, store: Store, subscription: Subscription, partner: Partner) -> None:
        self._store = store
        self._subscription = subscription
        self._partner = partner
        self._stop = threading.Event()
        self._sending = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="mllp-sender", daemon=True)
        self.sent = 0
        self.failed = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the message that is being sent; returns then."""
        self._stop.set()
        with self._sending:
            pass

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                for ack_id, name in self._subscription.pull(_AT_A_TIME):
                    with self._sending:
                        self._pass_on(ack_id, name)
            except StoreError as error:
                LOG.warning("%s", error)
                self._stop.wait(_PAUSE)

    def _pass_on(self, ack_id: str, name: str) -> None:
        if self._stop.is_set():
            return self._subscription.redeliver(ack_id)
        try:
            self._partner.send(self._store.message(name))
        except (NotSent, StoreError) as error:
            self.failed += 1
            LOG.warning("%s was not sent: %s", name, error)
            self._stop.wait(_PAUSE)
            return self._subscription.redeliver(ack_id)
        self.sent += 1
        return self._subscription.acknowledge(ack_id)
