"""What rows hold of resources with a healthcare_key: encrypted by the version that was primary, and lost with it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.emulator.contents import CONTENTS, Content
from tests.support.emulator import RunningEmulator
from tests.support.keys import agent_of, destroy, holding, make_dataset, make_key, rotate, set_state

contents = pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)


@contents
def test_who_has_the_root_key_alone_reads_no_content(
    encrypting: RunningEmulator, healthcare_key: str, unique: Callable[[str], str], content: Content
) -> None:
    dataset, word = make_dataset(encrypting, unique("dataset"), healthcare_key), unique("canary")
    content.make(encrypting, dataset)
    path = content.put(encrypting, dataset, word)
    assert word in content.read(encrypting, path)[1]
    assert word in content.list(encrypting, dataset)[1]
    assert holding(encrypting, word) == set()
    set_state(encrypting, healthcare_key, "DISABLED")
    assert content.read(encrypting, path)[0] == 400
    assert holding(encrypting, word) == set()


@contents
def test_without_a_key_the_root_key_opens_all(
    encrypting: RunningEmulator, unique: Callable[[str], str], content: Content
) -> None:
    """So that the search above would find them."""
    dataset, word = make_dataset(encrypting, unique("dataset")), unique("canary")
    content.make(encrypting, dataset)
    assert word in content.read(encrypting, content.put(encrypting, dataset, word))[1]
    assert holding(encrypting, word) != set()


@contents
def test_a_content_is_open_as_the_version_is_that_encrypted_it_and_goes_with_it(
    encrypting: RunningEmulator, healthcare_key: str, unique: Callable[[str], str], content: Content
) -> None:
    dataset, words = make_dataset(encrypting, unique("dataset"), healthcare_key), [unique("first"), unique("second")]
    content.make(encrypting, dataset)
    old = content.put(encrypting, dataset, words[0])
    rotate(encrypting, healthcare_key)
    new = content.put(encrypting, dataset, words[1])

    def found() -> list[tuple[int, bool]]:
        answers = [content.read(encrypting, old), content.read(encrypting, new), content.list(encrypting, dataset)]
        return [(code, any(word in text for word in words)) for code, text in answers]

    open_all = [(200, True)] * 3
    assert found() == open_all
    set_state(encrypting, healthcare_key, "DISABLED")
    assert found() == [(400, False), (200, True), (400, False)]
    encrypting.kill()
    encrypting.start()
    assert found() == [(400, False), (200, True), (400, False)]
    set_state(encrypting, healthcare_key, "ENABLED")
    assert found() == open_all
    destroy(encrypting, f"{healthcare_key}/cryptoKeyVersions/1")
    assert found() == [(content.gone, False), (200, True), (200, True)]
    assert words[0] not in content.list(encrypting, dataset)[1]


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
