"""The MLLP adapter: its two directions, from its start to its end."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import uvloop

from emulator.mllp.receiving import Receiver
from emulator.mllp.sending import Partner, Sender
from emulator.mllp.store import Api, Endpoint, Store, StoreError, Subscription
from emulator.serving.server import StartError, read_run_file

_AT_ONCE = 32
"""Messages that are being stored at a time."""


def run(options: argparse.Namespace, state: Path) -> int:
    """Pass messages on until stopped (SIGTERM, SIGINT); the exit code. Raises StartError with the reason."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    api = Api(lambda: _find(state))
    store = Store(api, options.store)
    _require(store)
    sender = _sender(options, store)
    return uvloop.run(_run(options, store, sender))


async def _run(options: argparse.Namespace, store: Store, sender: Sender | None) -> int:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="mllp") as threads:
        receiver = Receiver(store.ingest, threads)
        tls = _server_tls(options)
        try:
            port = await receiver.listen(options.host, options.port, tls)
        except OSError as error:
            raise StartError(
                f"Port {options.port} can't be listened on ({error.strerror or error}): choose another with --port."
            ) from None
        print(f"MLLP{' over TLS' if tls else ''} at {options.host}:{port} for {store.name}.", flush=True)
        if sender is not None:
            sender.start()
        await stopped.wait()
        await receiver.close()
        if sender is not None:
            await asyncio.get_running_loop().run_in_executor(None, sender.stop)
    print(_summary(receiver, sender), flush=True)
    return 0


def _summary(receiver: Receiver, sender: Sender | None) -> str:
    counts = receiver.counts
    text = f"{counts.received} messages received, {counts.answered} answered, {counts.failed} failed"
    return text + (f"; {sender.sent} sent, {sender.failed} attempts failed." if sender is not None else ".")


def _find(state: Path) -> Endpoint:
    running = read_run_file(state)
    if running is None:
        raise ConnectionRefusedError("no emulator runs")
    return Endpoint(running["host"], running["port"], (state / "owner-token").read_text().strip())


def _require(store: Store) -> None:
    """Raise StartError unless the emulator runs and has the store."""
    try:
        status, answer = store.api.call("GET", f"/v1/{store.name}")
    except StoreError:
        raise StartError("No emulator runs on that state; start one with: python -m emulator start --detach") from None
    if status != 200:
        raise StartError(f"{store.name} can't be used: {answer.get('error', {}).get('message', status)}")


def _sender(options: argparse.Namespace, store: Store) -> Sender | None:
    if options.subscription is None:
        return None
    tls = _client_tls(options.send_tls_ca) if options.send_tls_ca is not None else None
    partner = Partner.at(options.send_to, tls)
    return Sender(store, Subscription(store.api, options.subscription), partner)


def _server_tls(options: argparse.Namespace) -> ssl.SSLContext | None:
    if options.tls_certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(options.tls_certificate, options.tls_key)
        if options.tls_client_ca is not None:
            context.load_verify_locations(options.tls_client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise StartError(f"The certificate, its key or the clients' authority can't be used: {error}.") from None
    return context


def _client_tls(authority: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(authority))
    except (OSError, ssl.SSLError) as error:
        raise StartError(f"--send-tls-ca {authority} can't be used: {error}.") from None
