"""Databases that SQLCipher encrypts: nothing of them on the disk, one root key, errors as of any other database."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from emulator.state import at_rest, encrypted_sqlite, packing, snapshots
from emulator.state.database import Database
from emulator.state.encrypted_sqlite import connect, is_plain
from emulator.state.folder import DATABASE, FOLDERS, CorruptState
from emulator.state.root_key import RootKey

CANARY = "canary-of-a-patient"
ROOT, OTHER = RootKey(bytes(32)), RootKey(bytes(31) + b"\1")
SCHEMA = f"CREATE TABLE IF NOT EXISTS names(name TEXT PRIMARY KEY);{at_rest.SCHEMA}CREATE TABLE blobs(id TEXT);"


def add(tx: sqlite3.Connection, name: str) -> None:
    tx.execute("INSERT INTO names VALUES(?)", (name,))


def make(state: Path, root: RootKey | None) -> Database:
    state.mkdir(exist_ok=True)
    database = Database(state / DATABASE, root)
    database.create(SCHEMA)
    at_rest.require(database, root)
    database.write_now(add, CANARY)
    return database


def files_with(folder: Path, text: str = CANARY) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()}


def names(state: Path, root: RootKey | None) -> list[str]:
    with closing(connect(state / DATABASE, root)) as database:
        return [row["name"] for row in database.execute("SELECT name FROM names")]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The folder of an encrypted state that is closed."""
    make(tmp_path / "state", ROOT).close()
    return tmp_path / "state"


def test_neither_file_nor_log_holds_what_is_stored(tmp_path: Path) -> None:
    for root, found in ((None, True), (ROOT, False)):
        folder = tmp_path / str(found)
        with closing(make(folder, root)):
            assert bool(files_with(folder)) == found
            assert (folder / f"{DATABASE}-wal").stat().st_size > 0
        assert bool(files_with(folder)) == found
        assert names(folder, root) == [CANARY]


def test_errors_are_those_of_sqlite3(state: Path) -> None:
    with closing(connect(state / DATABASE, ROOT)) as database:
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            add(database, CANARY)
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            database.execute("SELECT * FROM somewhere")
        with pytest.raises(sqlite3.Error):
            database.execute("SELECT ?", (object(),))


@pytest.mark.parametrize(("root", "said"), [(None, "is encrypted: name"), (OTHER, "with another root key")])
def test_it_opens_with_its_own_root_key_only(state: Path, root: RootKey | None, said: str) -> None:
    with pytest.raises(CorruptState, match=said):
        Database(state / DATABASE, root)


def test_a_page_that_was_changed_is_no_data(state: Path) -> None:
    path = state / DATABASE
    raw = bytearray(path.read_bytes())
    raw[5000] ^= 1
    path.write_bytes(raw)
    with closing(connect(path, ROOT)) as database, pytest.raises(sqlite3.DatabaseError):
        database.execute("SELECT * FROM names, sqlite_master").fetchall()


def test_a_plain_state_is_encrypted_with_all_that_is_in_its_log(tmp_path: Path) -> None:
    made = make(tmp_path, None)
    log = (tmp_path / f"{DATABASE}-wal").read_bytes()
    made.close()
    (tmp_path / f"{DATABASE}-wal").write_bytes(log)  # as a kill leaves it
    at_rest.encrypt(tmp_path, ROOT)
    assert not is_plain(tmp_path / DATABASE)
    assert files_with(tmp_path) == set()
    assert names(tmp_path, ROOT) == [CANARY]
    at_rest.encrypt(tmp_path, ROOT)  # changes nothing


def test_a_plain_state_whose_secrets_have_another_root_key_is_left_alone(tmp_path: Path) -> None:
    """As states were encrypted once: secrets and files, and the database plain."""
    with closing(make(tmp_path, None)) as made:
        made.write_now(lambda tx: tx.execute("INSERT INTO root_key VALUES(1, ?)", (ROOT.seal(b"proof"),)))
    with pytest.raises(CorruptState, match="with another root key"):
        at_rest.encrypt(tmp_path, OTHER)
    assert is_plain(tmp_path / DATABASE)
    at_rest.encrypt(tmp_path, ROOT)
    assert names(tmp_path, ROOT) == [CANARY]


def test_a_snapshot_is_encrypted_as_its_state(state: Path) -> None:
    snapshots.save(state, "base", ROOT)
    assert files_with(state) == set()
    (state / DATABASE).write_bytes(b"")
    snapshots.restore(state, "base")
    assert names(state, ROOT) == [CANARY]
    assert all((state / name).is_dir() for name in FOLDERS)
    with pytest.raises(CorruptState, match="is encrypted: name"):
        snapshots.save(state, "again")


def test_a_snapshot_in_a_file_is_made_with_the_root_key_and_taken_without(state: Path, tmp_path: Path) -> None:
    snapshots.save(state, "base", ROOT)
    file, other = tmp_path / "state.tar", tmp_path / "other"
    with pytest.raises(CorruptState, match="is encrypted: name"):
        packing.pack(state, "base", file)
    packing.pack(state, "base", file, ROOT)
    assert CANARY.encode() not in file.read_bytes()
    packing.unpack(other, file, "taken")
    snapshots.restore(other, "taken")
    assert names(other, ROOT) == [CANARY]


def test_without_sqlcipher_a_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encrypted_sqlite.sqlcipher.cache_clear()
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "sqlcipher3", None)
        with pytest.raises(CorruptState, match=r"pip install 'healthcare-cloud-poc\[encryption\]'"):
            Database(tmp_path / DATABASE, ROOT)
    assert not (tmp_path / DATABASE).exists()


def test_what_a_snapshot_of_another_root_key_holds_is_taken_to_be_held(state: Path) -> None:
    snapshots.save(state, "base", ROOT)
    with closing(snapshots.Held(state / "snapshots", ROOT)) as held:
        assert "some-file" not in held
    with closing(snapshots.Held(state / "snapshots", None)) as held:
        assert "some-file" in held
        with pytest.raises(CorruptState):
            held.ids()
