"""The options of `python -m emulator mllp`, and what can be wrong with them."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from emulator.settings import LOOPBACK

DEFAULT_PORT = 2575
"""IANA's port of "HL7 over TCP"."""
_STORE = re.compile(r"projects/[^/]+/locations/[^/]+/datasets/[^/]+/hl7V2Stores/[^/]+")
_SUBSCRIPTION = re.compile(r"projects/[^/]+/subscriptions/[^/]+")
PLACE = re.compile(r"(?P<host>[^:\[\]]+|\[[^\]]+\]):(?P<port>\d{1,5})")
"""HOST:PORT."""


def add_options(command: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    command.add_argument(
        "--store",
        required=True,
        metavar="NAME",
        help="the HL7v2 store: projects/PROJECT/locations/LOCATION/datasets/DATASET/hl7V2Stores/STORE",
    )
    command.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    command.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="port to listen on; 0 takes a free one (default %(default)s)"
    )
    command.add_argument("--tls-certificate", type=Path, metavar="FILE", help="speak TLS with this certificate (PEM)")
    command.add_argument("--tls-key", type=Path, metavar="FILE", help="the certificate's key (PEM)")
    command.add_argument(
        "--tls-client-ca",
        type=Path,
        metavar="FILE",
        help="take connections only of clients whose certificate is of this authority (PEM); needed beyond loopback",
    )
    command.add_argument(
        "--subscription",
        metavar="NAME",
        help="send out the messages that this subscription of the store's topic names: "
        "projects/PROJECT/subscriptions/SUBSCRIPTION",
    )
    command.add_argument("--send-to", metavar="HOST:PORT", help="where the subscription's messages go")
    command.add_argument(
        "--send-tls-ca", type=Path, metavar="FILE", help="send over TLS, and trust this authority there (PEM)"
    )


def wrong_use(options: argparse.Namespace) -> str:
    """What is wrong with the options, in one sentence; empty where nothing is."""
    if not _STORE.fullmatch(options.store):
        return (
            f'--store "{options.store}" is not the name of an HL7v2 store: '
            "give projects/PROJECT/locations/LOCATION/datasets/DATASET/hl7V2Stores/STORE."
        )
    if not 0 <= options.port <= 65535:
        return f"--port {options.port} is not a port: give a number from 0 to 65535."
    return _wrong_tls(options) or _wrong_way_out(options)


def _wrong_tls(options: argparse.Namespace) -> str:
    if (options.tls_certificate is None) != (options.tls_key is None):
        return "--tls-certificate and --tls-key belong together: give both or neither."
    if options.tls_client_ca is not None and options.tls_certificate is None:
        return "--tls-client-ca needs --tls-certificate and --tls-key."
    if options.host not in LOOPBACK and options.tls_client_ca is None:
        return (
            f"--host {options.host} is beyond loopback, where every sender needs a certificate: "
            "give --tls-certificate, --tls-key and --tls-client-ca."
        )
    return ""


def _wrong_way_out(options: argparse.Namespace) -> str:
    if (options.subscription is None) != (options.send_to is None):
        return "--subscription and --send-to belong together: give both or neither."
    if options.subscription is not None and not _SUBSCRIPTION.fullmatch(options.subscription):
        return (
            f'--subscription "{options.subscription}" is not the name of a subscription: '
            "give projects/PROJECT/subscriptions/SUBSCRIPTION."
        )
    if options.send_to is not None and not PLACE.fullmatch(options.send_to):
        return f'--send-to "{options.send_to}" is no HOST:PORT.'
    if options.send_tls_ca is not None and options.send_to is None:
        return "--send-tls-ca needs --send-to."
    return ""
