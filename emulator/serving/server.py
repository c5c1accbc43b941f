"""One emulator process: the lock on its folder, its ports, and the HTTP server."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import gc
import json
import logging
import os
import resource
import shlex
import socket
import ssl
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from emulator import environment
from emulator.serving import tls
from emulator.settings import Settings
from emulator.state.folder import BOTO, LOCK_FILE, LOG_FILE, RUN_FILE, TLS_AUTHORITY, CorruptState
from emulator.state.private import private_file
from emulator.state.request_log import RequestLog

_COLLECTED = 10_000, 10, 10
"""When garbage is looked for (gc.set_threshold): a bundle of resources is some thousand objects, all in use."""

_FILES = 20_000
"""How many files this process means to open at most, connections among them."""


class StartError(Exception):
    """Why the emulator can't start, in one sentence."""


def serve(settings: Settings) -> int:
    """Run until stopped; returns the exit code. Raises StartError."""
    os.umask(0o077)  # whatever this process and its children write is its owner's alone
    _require_log(settings.request_log)
    lock = lock_folder(settings.state)
    tempfile.tempdir = str(settings.state)  # large temporary files belong on its disk; a system's /tmp may be memory
    rest = bind(settings.plain_host, settings.port, "--port")
    grpc = [bind(settings.plain_host, settings.grpc_port, "--grpc-port")]
    settings = replace(settings, port=rest.getsockname()[1], grpc_port=grpc[0].getsockname()[1])
    if settings.grpc_tls_port is not None:
        grpc.append(bind(settings.host, settings.grpc_tls_port, "--grpc-tls"))
        settings = replace(settings, grpc_tls_port=grpc[1].getsockname()[1])
    secured = None
    if settings.tls_port is not None:
        secured = bind(settings.host, settings.tls_port, "--tls")
        settings = replace(settings, tls_port=secured.getsockname()[1])
    for listener in grpc:  # the gRPC server binds by itself; this only found a free port, or said that it is taken
        listener.close()
    _run(settings, rest, secured)
    (settings.state / RUN_FILE).unlink(missing_ok=True)
    os.close(lock)
    return 0


def _require_log(path: Path | None) -> None:
    """Raise StartError where the file for requests can't be written."""
    try:
        if path is not None:
            RequestLog(path).close()
    except OSError as error:
        raise StartError(
            f"The request log {path} can't be written: {error.strerror}; name another file with --request-log."
        ) from None


def _run(settings: Settings, listener: socket.socket, secured: socket.socket | None) -> None:
    gc.disable()  # of what a start makes nearly all stays
    import uvicorn

    from emulator.app import Emulator
    from emulator.serving.asgi import Application
    from emulator.serving.listening import Server
    from emulator.serving.protocol import Protocol

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        emulator = Emulator(settings)
    except CorruptState as error:
        raise StartError(str(error)) from None
    config = uvicorn.Config(
        _Announced(Application(emulator), settings),
        http=Protocol,
        proxy_headers=False,  # nothing stands in front of a local port
        loop="uvloop",
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        log_config=None,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=610,  # as Google's front ends: clients keep idle connections and do not expect them closed
        server_header=False,
        date_header=True,
        backlog=1024,
        limit_concurrency=_connections(),
    )
    server = Server(config)
    if secured is not None:
        server.add(secured, _tls_context(settings))
        private_file(settings.state / BOTO, environment.boto(settings).encode())
    server.run(sockets=[listener])
    if not server.started:
        raise StartError(
            f"The emulator could not start; its log is on standard error, or in {settings.state / LOG_FILE}."
        )


def _tls_context(settings: Settings) -> ssl.SSLContext:
    """What the TLS port speaks with: the certificate that was given, or one of the emulator's own."""
    if settings.tls_certificate is None:
        return tls.context(settings.state, settings.host)
    try:
        return tls.given(settings.tls_certificate)
    except OSError as error:
        raise StartError(
            f"--tls-certificate {settings.tls_certificate} can't be used: {error.strerror or 'it is not PEM'}; name a "
            "file with a key without a passphrase and, after it, its certificate and those of its issuers."
        ) from None


def _connections() -> int:
    """How many connections may be open: half of the files that this process may open, of which it gets all it can."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # a system may refuse what it said
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return (_FILES if soft == resource.RLIM_INFINITY else min(soft, _FILES)) // 2


class _Announced:
    """The application, and the run file written once it is ready."""

    def __init__(self, application: Any, settings: Settings) -> None:
        self._application = application
        self._settings = settings

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self._application(scope, receive, send)
            return

        async def announce(message: dict[str, Any]) -> None:
            if message["type"] == "lifespan.startup.complete":
                write_run_file(self._settings)
                gc.enable()
                gc.freeze()  # what is there now stays: no collection need look at it again
                gc.set_threshold(*_COLLECTED)
            await send(message)

        await self._application(scope, receive, announce)


def write_run_file(settings: Settings) -> None:
    """Tell the other commands where this emulator is."""
    record = {
        "pid": os.getpid(),
        "project": settings.project,
        "projectNumber": settings.project_number,
        "host": settings.plain_host,
        "port": settings.port,
        "grpcPort": settings.grpc_port,
        "url": settings.base_url,
        "tlsUrl": settings.tls_url,
        "tlsAuthority": "" if settings.tls_certificate else str(settings.state / TLS_AUTHORITY),
    }
    path = settings.state / RUN_FILE
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(record))
    temporary.replace(path)


def read_run_file(state: Path) -> dict[str, Any] | None:
    """Where the emulator on that folder is, if one runs."""
    try:
        record: dict[str, Any] = json.loads((state / RUN_FILE).read_text())
        os.kill(int(record["pid"]), 0)
    except (OSError, ValueError, KeyError):
        return None
    return record if is_locked(state) else None


def is_locked(state: Path) -> bool:
    """Whether an emulator holds the folder."""
    try:
        descriptor = os.open(state / LOCK_FILE, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def lock_folder(state: Path) -> int:
    """Take the folder for this process; the descriptor holds the lock. Raises StartError where another has it."""
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        state.chmod(0o700)  # it may have been there, and open to all
        descriptor = os.open(state / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StartError(
            f"The state folder {state} can't be used: {error.strerror}; name another with --state."
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StartError(
            f"Another emulator runs on {state}; use it, stop it (python -m emulator stop --state {state}), "
            "or name another folder with --state."
        ) from None
    return descriptor


def bind(host: str, port: int, flag: str) -> socket.socket:
    """A listening socket. Raises StartError where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise StartError(
                f"Port {port} on {host} is in use; stop what listens there, or choose another with {flag}."
            ) from None
        raise StartError(
            f"Port {port} on {host} can't be used: {error.strerror}; choose another with {flag}."
        ) from None
    return listener


def require_state(state: Path) -> None:
    """Raise StartError where a folder that is not empty does not look like an emulator's state."""
    marks = (RUN_FILE, "state.sqlite", "owner-token")
    if any(state.iterdir()) and not any((state / name).exists() for name in marks):
        raise StartError(f"{state} is no emulator's state; nothing was deleted. Name the state's folder with --state.")


def arguments_of(settings: Settings) -> list[str]:
    """The command line that starts an emulator of these settings."""
    return [
        *("--state", str(settings.state), "--project", settings.project, "--host", settings.host),
        *("--port", str(settings.port), "--grpc-port", str(settings.grpc_port), "--operations", settings.operations),
        *(("--tls", str(settings.tls_port)) if settings.tls_port is not None else ()),
        *(("--grpc-tls", str(settings.grpc_tls_port)) if settings.grpc_tls_port is not None else ()),
        *(("--tls-certificate", str(settings.tls_certificate)) if settings.tls_certificate is not None else ()),
        *(("--plain-http",) if settings.plain_http else ()),
        *(("--groups", str(settings.groups)) if settings.groups is not None else ()),
        *(("--text-model", settings.text_model) if settings.text_model else ()),
        *(("--encrypt-at-rest", str(settings.root_key)) if settings.root_key is not None else ()),
        *(word for image, command in settings.run_images for word in ("--run-image", f"{image}={shlex.join(command)}")),
        *("--iam", "on" if settings.iam else "off", "--anonymous", "allow" if settings.anonymous else "deny"),
        *(("--trouble", settings.trouble) if settings.trouble else ()),
        *(("--request-log", str(settings.request_log)) if settings.request_log is not None else ()),
        *("--query-memory", str(settings.query_memory)),
    ]
