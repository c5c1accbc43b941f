"""What rows hold of text and data that a version of a key encrypts."""

import sqlite3
from contextlib import closing
from types import SimpleNamespace
from typing import Any, cast

import pytest

from emulator.state import data_keys
from emulator.state.data_keys import DataKeys
from emulator.state.database import Database
from emulator.state.root_key import RootKey

VERSIONS = [
    f"projects/p/locations/l/keyRings/r/cryptoKeys/{key}/cryptoKeyVersions/{number}"
    for key in ("k", "kk", "kkk")
    for number in (1, 2, 12)
]
TEXT = b'{"a":"\\u00e9"}'


class Kms:
    """Versions that may be closed, and how often their material was asked for."""

    def __init__(self) -> None:
        self.closed = False
        self.asked = 0

    def material(self, version: str) -> bytes:
        """Key material that differs from version to version."""
        self.asked += 1
        if self.closed:
            raise LookupError(version)
        return version.encode()[-32:].rjust(32, b"0")


def keys_of(kms: Kms, database: Any) -> DataKeys:
    """Data keys of a state without files."""
    keys = DataKeys(RootKey(bytes(32)), cast("Database", database))
    keys.material = kms.material
    return keys


@pytest.fixture
def keys() -> DataKeys:
    return keys_of(Kms(), SimpleNamespace(moment=2))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_row_says_which_version_encrypted_it(keys: DataKeys, version: str) -> None:
    text, data = data_keys.text_kept(keys, version, TEXT), data_keys.kept(keys, version, TEXT)
    assert data_keys.version_of(text) == data_keys.version_of(data) == version
    assert TEXT not in text
    assert data_keys.text_read(keys, text) == data_keys.read(keys, data) == TEXT


@pytest.mark.parametrize("version", VERSIONS)
def test_rows_of_a_version_are_found_by_how_they_begin(keys: DataKeys, version: str) -> None:
    texts = {each: data_keys.text_kept(keys, each, TEXT) for each in VERSIONS}
    assert [each for each, text in texts.items() if text.startswith(data_keys.text_start(version))] == [version]
    assert str(data_keys.kept(keys, version, TEXT)).startswith(data_keys.start(version))


def test_what_no_version_protects_is_kept_as_it_is(keys: DataKeys) -> None:
    assert data_keys.text_kept(keys, "", TEXT) == data_keys.text_kept(None, VERSIONS[0], TEXT) == TEXT
    assert data_keys.text_kept(keys, VERSIONS[0], b"") == b""
    assert data_keys.text_read(keys, TEXT) == data_keys.text_read(None, TEXT) == TEXT
    assert data_keys.version_of(TEXT) == ""


def test_a_version_is_asked_for_again_when_anything_was_committed() -> None:
    kms, database = Kms(), SimpleNamespace(moment=2)
    keys = keys_of(kms, database)
    text = data_keys.text_kept(keys, VERSIONS[0], TEXT)
    assert data_keys.text_read(keys, text) == TEXT
    assert kms.asked == 1
    kms.closed = True
    for moment in (None, 4):  # while something is committed, and after it
        database.moment = moment
        with pytest.raises(LookupError):
            data_keys.text_read(keys, text)


def test_sql_tells_the_size_of_a_text_encrypted_or_not(keys: DataKeys) -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE t(body BLOB)")
        kept = [TEXT, b"", *(data_keys.text_kept(keys, version, TEXT) for version in VERSIONS)]
        database.executemany("INSERT INTO t VALUES(?)", [(each,) for each in kept])
        sizes = [row[0] for row in database.execute(f"SELECT {data_keys.text_size('body')} FROM t")]
    assert sizes == [len(TEXT), 0, *[len(TEXT)] * len(VERSIONS)]
