"""How the clients are brought: once, anew when a lock file changes, and with a sentence where that fails."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.clients import prepare
from tests.clients.prepare import CannotMakeError, Client


@dataclass
class Maker:
    """Makes a client, or fails; counts how often it was asked to."""

    reason: str = ""
    made: list[Path] = field(default_factory=list)

    def __call__(self, folder: Path) -> None:
        assert list(folder.iterdir()) == [], "it begins in an empty folder"
        self.made.append(folder)
        (folder / "content").touch()
        if self.reason:
            raise CannotMakeError(self.reason)


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(prepare, "FOLDER", tmp_path / "clients")
    file = tmp_path / "lock"
    file.write_text("one==1")
    return file


def test_a_client_is_made_once_for_its_lock_file(lock: Path) -> None:
    maker = Maker()
    client = Client("kind", (lock,), maker)
    assert client.missing() == "The kind clients are missing: run `.venv/bin/python -m tests.clients.prepare`."
    assert (client.bring(), client.bring(), client.missing(), len(maker.made)) == ("", "", "", 1)
    lock.write_text("one==2")
    assert client.missing()
    assert (client.bring(), client.missing(), len(maker.made)) == ("", "", 2)


def test_what_fails_is_told_and_tried_again(lock: Path) -> None:
    maker = Maker("there is no network.")
    client = Client("kind", (lock,), maker)
    assert client.bring() == "The tests of the kind clients are skipped: there is no network."
    assert client.missing()
    maker.reason = ""
    assert (client.bring(), client.missing(), len(maker.made)) == ("", "", 2)


@pytest.mark.parametrize("make", [prepare.NODE.make, prepare.GO.make])
def test_without_the_tools_on_path(make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotMakeError, match="on PATH"):
        make(tmp_path)


def test_a_go_that_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho go version go1.18 linux/amd64\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(CannotMakeError, match=r"or newer, and there is go version go1\.18"):
        prepare.GO.make(tmp_path)


def test_a_program_that_fails_says_why(lock: Path) -> None:
    with pytest.raises(CannotMakeError, match=r"^sh failed \(no such package\)\.$"):
        prepare._run(["/bin/sh", "-c", "echo no such package >&2; exit 3"], lock.parent)
    with pytest.raises(CannotMakeError, match=r"^missing: "):
        prepare._run([lock.parent / "missing"], lock.parent)
