"""Fetching another release's programs: what is said where that can't be done."""

from pathlib import Path

import pytest

from benchmarks.peers import debian
from benchmarks.peers.missing import PeerMissing
from engine.layout import Layout


def test_without_apt_the_peer_is_missing_for_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PeerMissing, match=r"^Debian's packages need apt with Debian's keys"):
        debian.release(Layout(tmp_path))


def test_what_was_unpacked_before_is_run_with_its_own_loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    layout = Layout(tmp_path)
    libraries = debian.folder_of(layout) / "usr" / "lib" / "x86_64-linux-gnu"
    libraries.mkdir(parents=True)
    (libraries / "ld-linux-x86-64.so.2").touch()
    command = debian.release(layout).command("usr/sbin/nginx")
    program = str(debian.folder_of(layout) / "usr" / "sbin" / "nginx")
    assert command == [str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries), program]
