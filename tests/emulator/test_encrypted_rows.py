"""What rows hold of resources with a key: encrypted by the version that was primary, and lost with it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.emulator.contents import CONTENTS, Content
from tests.support.asking import ask, move
from tests.support.emulator import RunningEmulator
from tests.support.keys import agent_of, make_key, rotate, set_state

PARENT = f"/v1/projects/{PROJECT}/locations/us"
contents = pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """One that encrypts, for this module."""
    folder = tmp_path_factory.mktemp("rows")
    emulator = RunningEmulator(folder / "state", PROJECT, ("--encrypt-at-rest", str(folder / "root.key"))).start()
    yield emulator
    emulator.stop()


@pytest.fixture
def key(emulator: RunningEmulator, unique: Callable[[str], str]) -> str:
    """A key that Cloud Healthcare may use."""
    return make_key(emulator, unique("ring"), agent_of(emulator, "healthcare"))


def make_dataset(emulator: RunningEmulator, name: str, key: str = "") -> str:
    """A dataset with a key, "" for none; its path."""
    spec = {"encryptionSpec": {"kmsKeyName": key}} if key else {}
    ask(emulator, "POST", f"{PARENT}/datasets?datasetId={name}", spec)
    return f"{PARENT}/datasets/{name}"


def holding(emulator: RunningEmulator, word: str) -> set[str]:
    """The tables that hold a word, for somebody who has the root key."""
    with emulator.database() as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {each for each in tables if word in repr(database.execute(f'SELECT * FROM "{each}"').fetchall())}


@contents
def test_who_has_the_root_key_alone_reads_no_content(
    emulator: RunningEmulator, key: str, unique: Callable[[str], str], content: Content
) -> None:
    dataset, word = make_dataset(emulator, unique("dataset"), key), unique("canary")
    content.make(emulator, dataset)
    path = content.put(emulator, dataset, word)
    assert word in content.read(emulator, path)[1]
    assert word in content.list(emulator, dataset)[1]
    assert holding(emulator, word) == set()
    set_state(emulator, key, "DISABLED")
    assert content.read(emulator, path)[0] == 400
    assert holding(emulator, word) == set()


@contents
def test_without_a_key_the_root_key_opens_all(
    emulator: RunningEmulator, unique: Callable[[str], str], content: Content
) -> None:
    """So that the search above would find them."""
    dataset, word = make_dataset(emulator, unique("dataset")), unique("canary")
    content.make(emulator, dataset)
    assert word in content.read(emulator, content.put(emulator, dataset, word))[1]
    assert holding(emulator, word) != set()


@contents
def test_a_content_is_open_as_the_version_is_that_encrypted_it_and_goes_with_it(
    emulator: RunningEmulator, key: str, unique: Callable[[str], str], content: Content
) -> None:
    dataset, words = make_dataset(emulator, unique("dataset"), key), [unique("first"), unique("second")]
    content.make(emulator, dataset)
    old = content.put(emulator, dataset, words[0])
    rotate(emulator, key)
    new = content.put(emulator, dataset, words[1])

    def found() -> list[tuple[int, bool]]:
        answers = [content.read(emulator, old), content.read(emulator, new), content.list(emulator, dataset)]
        return [(code, any(word in text for word in words)) for code, text in answers]

    open_all = [(200, True)] * 3
    assert found() == open_all
    set_state(emulator, key, "DISABLED")
    assert found() == [(400, False), (200, True), (400, False)]
    emulator.kill()
    emulator.start()
    assert found() == [(400, False), (200, True), (400, False)]
    set_state(emulator, key, "ENABLED")
    assert found() == open_all
    destroy(emulator, f"{key}/cryptoKeyVersions/1")
    assert found() == [(content.gone, False), (200, True), (200, True)]
    assert words[0] not in content.list(emulator, dataset)[1]


def destroy(emulator: RunningEmulator, version: str) -> None:
    """Destroy a version for good: its time is over at once."""
    ask(emulator, "POST", f"/v1/{version}:destroy", {})
    move(emulator, seconds=31 * 86_400)
    ask(emulator, "POST", "/_emulator/chores", {})
    assert ask(emulator, "GET", f"/v1/{version}")["state"] == "DESTROYED"


@pytest.mark.skipif("ENCRYPT_AT_REST" in os.environ, reason="No state is begun without encryption.")
def test_a_state_that_was_begun_without_encryption_is_read_and_what_is_written_next_encrypted(tmp_path: Path) -> None:
    """As rows are that an earlier emulator wrote into an encrypted database."""
    emulator = RunningEmulator(tmp_path / "state", PROJECT).start()
    try:
        dataset = make_dataset(emulator, "dataset", make_key(emulator, "ring", agent_of(emulator, "healthcare")))
        for content in CONTENTS.values():
            content.make(emulator, dataset)
        old = [content.put(emulator, dataset, "canary-before") for content in CONTENTS.values()]
        emulator.stop()
        emulator.options = ("--encrypt-at-rest", str(tmp_path / "root.key"))
        emulator.start()
        new = [content.put(emulator, dataset, "canary-after") for content in CONTENTS.values()]
        for content, before, after in zip(CONTENTS.values(), old, new, strict=True):
            assert "canary-before" in content.read(emulator, before)[1]
            assert "canary-after" in content.read(emulator, after)[1]
        assert holding(emulator, "canary-before") != set()
        assert holding(emulator, "canary-after") == set()
    finally:
        emulator.stop()
