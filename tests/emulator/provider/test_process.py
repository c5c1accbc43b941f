"""The plugin as a process of its own, as the engine starts and ends it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime import proto

from emulator.provider import schema
from tests.support.emulator import ROOT
from tests.support.patience import PATIENCE

Process = subprocess.Popen[str]


@pytest.fixture
def plugin() -> Iterator[Process]:
    """The started plugin."""
    command = [sys.executable, "-m", "emulator.provider", "127.0.0.1:9"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_gives_its_port_answers_and_leaves_when_told(plugin: Process, ending: signal.Signals) -> None:
    assert plugin.stdout is not None
    assert plugin.stderr is not None
    port = int(plugin.stdout.readline())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = proto.ResourceProviderStub(channel)
        assert stub.GetPluginInfo(Empty()).version == schema.version()
        assert stub.Handshake(proto.ProviderHandshakeRequest()).accept_secrets
        stub.Cancel(Empty())
    plugin.send_signal(ending)
    assert plugin.wait(PATIENCE) == 0
    assert plugin.stderr.read() == ""


def test_it_ends_with_an_engine_that_was_killed() -> None:
    """What the engine and the plugin share of standard output is closed once neither runs."""
    program = "import subprocess, sys; subprocess.run([sys.executable, '-m', 'emulator.provider', '127.0.0.1:9'])"
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout is not None
        assert int(engine.stdout.readline())
        engine.kill()
        assert engine.communicate(timeout=PATIENCE)[0] == ""


def test_the_big_packages_are_not_imported() -> None:
    code = (
        "import sys, emulator.provider.server; "
        "print([name for name in ('pulumi_gcp', 'google.auth', 'googleapiclient', 'duckdb') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
