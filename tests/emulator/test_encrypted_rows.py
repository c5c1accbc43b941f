"""What rows hold of resources with a key: encrypted by the version that was primary, and lost with it."""

from collections.abc import Callable

import pytest

from tests.emulator.contents import ARTIFACTS, CONSENTS, CONTENTS, DICOM, FHIR, Content
from tests.support.asking import ask
from tests.support.emulator import RunningEmulator
from tests.support.keys import destroy, holding, make_dataset, rotate, set_state

Kept = dict[str, str]
"""The path that a content is read by, by its kind."""


def make(emulator: RunningEmulator, dataset: str) -> None:
    """Make a store for each kind of contents, one for those that share it."""
    for make_store in {content.make: None for content in CONTENTS.values()}:
        make_store(emulator, dataset)


def put(emulator: RunningEmulator, dataset: str, word: str) -> Kept:
    """Store a content of each kind with a word."""
    return {name: content.put(emulator, dataset, word) for name, content in CONTENTS.items()}


def read(emulator: RunningEmulator, kept: Kept, word: str) -> dict[str, tuple[int, ...]]:
    """Of each kind the status of the answer, and 1 where the word is in it."""
    answers = {name: CONTENTS[name].read(emulator, path) for name, path in kept.items()}
    return {name: (code, int(word in text)) for name, (code, text) in answers.items()}


def listed(emulator: RunningEmulator, dataset: str, *words: str) -> dict[str, tuple[int, ...]]:
    """Of each kind the status of a list, and how many of the words are in it."""
    answers = {name: content.list(emulator, dataset) for name, content in CONTENTS.items()}
    return {name: (code, sum(word in text for word in words)) for name, (code, text) in answers.items()}


def every(*what: int) -> dict[str, tuple[int, ...]]:
    """The same of each kind."""
    return dict.fromkeys(CONTENTS, what)


def test_who_has_the_root_key_alone_reads_no_content(
    encrypting: RunningEmulator, healthcare_key: str, encrypted_dataset: str, unique: Callable[[str], str]
) -> None:
    word = unique("canary")
    make(encrypting, encrypted_dataset)
    kept = put(encrypting, encrypted_dataset, word)
    assert read(encrypting, kept, word) == listed(encrypting, encrypted_dataset, word) == every(200, 1)
    assert holding(encrypting, word) == set()
    set_state(encrypting, healthcare_key, "DISABLED")
    assert read(encrypting, kept, word) == listed(encrypting, encrypted_dataset, word) == every(400, 0)
    assert holding(encrypting, word) == set()


@pytest.mark.parametrize("content", [FHIR, DICOM, ARTIFACTS, CONSENTS])
def test_without_a_key_the_root_key_opens_all(
    encrypting: RunningEmulator, unique: Callable[[str], str], content: Content
) -> None:
    """So that the search above would find them. HL7v2 messages are encrypted by the root key once more."""
    dataset, word = make_dataset(encrypting, unique("dataset")), unique("canary")
    content.make(encrypting, dataset)
    assert word in content.read(encrypting, content.put(encrypting, dataset, word))[1]
    assert holding(encrypting, word) != set()


def test_a_content_is_open_as_the_version_is_that_encrypted_it_and_goes_with_it(
    encrypting: RunningEmulator, healthcare_key: str, encrypted_dataset: str, unique: Callable[[str], str]
) -> None:
    first, second, dataset = unique("first"), unique("second"), encrypted_dataset
    make(encrypting, dataset)
    old = put(encrypting, dataset, first)
    rotate(encrypting, healthcare_key)
    new = put(encrypting, dataset, second)

    def are(old_ones: dict[str, tuple[int, ...]], lists: dict[str, tuple[int, ...]]) -> None:
        assert read(encrypting, old, first) == old_ones
        assert read(encrypting, new, second) == every(200, 1)
        assert listed(encrypting, dataset, first, second) == lists

    are(every(200, 1), every(200, 2))
    set_state(encrypting, healthcare_key, "DISABLED")
    are(every(400, 0), every(400, 0))
    encrypting.kill()
    encrypting.start()
    are(every(400, 0), every(400, 0))
    set_state(encrypting, healthcare_key, "ENABLED")
    are(every(200, 1), every(200, 2))
    destroy(encrypting, f"{healthcare_key}/cryptoKeyVersions/1")
    are({name: (content.gone, 0) for name, content in CONTENTS.items()}, every(200, 1))


def test_a_snapshot_has_the_versions_of_its_moment(
    encrypting: RunningEmulator, healthcare_key: str, encrypted_dataset: str, unique: Callable[[str], str]
) -> None:
    word, snapshot = unique("canary"), unique("snapshot")
    make(encrypting, encrypted_dataset)
    kept = put(encrypting, encrypted_dataset, word)
    ask(encrypting, "POST", "/_emulator/snapshots", {"name": snapshot})
    rotate(encrypting, healthcare_key)
    destroy(encrypting, f"{healthcare_key}/cryptoKeyVersions/1")
    assert read(encrypting, kept, word) == {name: (content.gone, 0) for name, content in CONTENTS.items()}
    ask(encrypting, "POST", f"/_emulator/snapshots/{snapshot}:restore")
    assert read(encrypting, kept, word) == listed(encrypting, encrypted_dataset, word) == every(200, 1)
    assert holding(encrypting, word) == set()


def test_rows_of_before_are_read_as_they_are_and_what_is_written_next_is_encrypted(
    encrypting: RunningEmulator, encrypted_dataset: str, unique: Callable[[str], str]
) -> None:
    """Rows of a state that was begun without encryption, or by an emulator that left them to the root key.

    They are made without a key, and then given to stores with one.
    """
    before, after = unique("before"), unique("after")
    plain = make_dataset(encrypting, unique("dataset"))
    make(encrypting, plain)
    make(encrypting, encrypted_dataset)
    put(encrypting, encrypted_dataset, unique("beside"))
    old = {name: path.replace(plain, encrypted_dataset) for name, path in put(encrypting, plain, before).items()}
    move_rows(encrypting, plain.removeprefix("/v1/"), encrypted_dataset.removeprefix("/v1/"))
    new = put(encrypting, encrypted_dataset, after)
    assert read(encrypting, old, before) == read(encrypting, new, after) == every(200, 1)
    assert listed(encrypting, encrypted_dataset, before, after) == every(200, 2)
    assert holding(encrypting, before) != set()
    assert holding(encrypting, after) == set()


def move_rows(emulator: RunningEmulator, source: str, target: str) -> None:
    """Let the stores of a dataset have the rows of another one's, and the other way round."""
    with emulator.database() as database:
        for table in ("fhir_stores", "dicom_stores", "hl7v2_stores", "consent_stores"):
            for old, new in ((source, "between"), (target, source), ("between", target)):
                sql = f"UPDATE {table} SET name = replace(name, ?, ?) WHERE name LIKE ? || '/%'"
                database.execute(sql, (old, new, old))
