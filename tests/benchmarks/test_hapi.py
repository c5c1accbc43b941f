"""HAPI FHIR beside the emulator: what is said where it can't be had."""

from pathlib import Path

import pytest

from benchmarks.peers.hapi import IN_MEMORY, running_hapi
from benchmarks.peers.missing import PeerMissing


def test_without_java_the_peer_is_missing_for_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(PeerMissing, match=r"^HAPI FHIR needs Java and Maven, and there is no java"),
        running_hapi(IN_MEMORY),
    ):
        pass
