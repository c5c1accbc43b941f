"""The plugin's process: how Terraform starts it, finds it and ends it (HashiCorp: go-plugin, guides)."""

from __future__ import annotations

import base64
import datetime as dt
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from emulator.provider.terraform.service import Service
from emulator.provider.terraform.wire import CALLS, MESSAGES, SERVICE

_PROTOCOL: Final = 6
_HOST: Final = "localhost"
_BIGGEST: Final = 256 << 20
"""Bytes in one message, Terraform's own limit."""


def serve() -> None:
    """Serve until Terraform ends the process; where, and by which certificate, goes to standard output.

    The socket is in a folder that only its owner may enter; TLS, which Terraform asks for, makes it no safer.
    """
    # Who interrupts Terraform interrupts its plugins; Terraform then tells them to stop, and when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with tempfile.TemporaryDirectory(prefix="emulator-terraform-") as folder:
        address, ended = Path(folder) / "plugin", threading.Event()
        key, certificate = _certificate()
        server = _server(ended)
        chain = [(_pem(key), certificate.public_bytes(Encoding.PEM))]
        server.add_secure_port(f"unix:{address}", grpc.ssl_server_credentials(chain))
        server.start()
        shown = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode().rstrip("=")
        sys.stdout.write(f"1|{_PROTOCOL}|unix|{address}|grpc|{shown}\n")
        sys.stdout.flush()
        _wait(ended)
        server.stop(grace=0).wait()


def _server(ended: threading.Event) -> grpc.Server:
    """The provider's calls, and the one by which Terraform ends a plugin, which sets `ended`."""
    limits = [("grpc.max_send_message_length", _BIGGEST), ("grpc.max_receive_message_length", _BIGGEST)]
    server, service = grpc.server(ThreadPoolExecutor(32), options=limits), Service()
    calls = {name: (getattr(service, name), *messages) for name, messages in CALLS.items()}
    control = {"Shutdown": (_ending(ended), "Empty", "Empty")}
    server.add_generic_rpc_handlers((_handlers(SERVICE, calls), _handlers("plugin.GRPCController", control)))
    return server


def _wait(ended: threading.Event) -> None:
    """Wait until Terraform ends the plugin, or is gone."""
    parent = os.getppid()
    while not ended.wait(1) and os.getppid() == parent:
        pass


def _ending(ended: threading.Event) -> Callable[[Any], Any]:
    def end(request: Any) -> Any:
        threading.Timer(0.05, ended.set).start()  # after the answer
        return request

    return end


def _handlers(service: str, calls: dict[str, tuple[Callable[[Any], Any], str, str]]) -> grpc.GenericRpcHandler:
    """A service of unary calls, each with the names of its messages."""
    return grpc.method_handlers_generic_handler(
        service,
        {
            name: grpc.unary_unary_rpc_method_handler(
                lambda request, _, act=act: act(request),
                request_deserializer=MESSAGES[asked].FromString,
                response_serializer=MESSAGES[answered].SerializeToString,
            )
            for name, (act, asked, answered) in calls.items()
        },
    )


def _certificate() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """A key, and a certificate for localhost that it signs itself, for as long as a run may take."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _HOST)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(_HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    )
    return key, made.sign(key, hashes.SHA256())


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
