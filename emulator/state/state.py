"""What one emulator keeps, and what makes it up: settings, time, ids, database, blobs, resources."""

from __future__ import annotations

from pathlib import Path

from emulator.settings import Settings
from emulator.state import at_rest, root_key
from emulator.state.blobs import BlobStore
from emulator.state.clock import Clock, Ids
from emulator.state.data_keys import DataKeys
from emulator.state.database import Database
from emulator.state.folder import BLOBS, DATABASE, SNAPSHOTS, finish
from emulator.state.plain_copies import PlainCopies
from emulator.state.resources import Resources
from emulator.state.snapshots import Held


class State:
    """The ground that all else stands on; it knows no service and no caller."""

    def __init__(self, settings: Settings, clock: Clock | None = None, ids: Ids | None = None) -> None:
        self.settings = settings
        self.clock = clock or Clock()
        self.ids = ids or Ids()
        settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        finish(settings.state)
        self.root_key = root_key.read(settings.root_key) if settings.root_key is not None else None
        if self.root_key is not None:
            at_rest.encrypt(settings.state, self.root_key)
        self.db = Database(settings.state / DATABASE, self.root_key)
        self.blobs = self._blobs(settings.state)
        self.resources = Resources(self.db, self.clock, self.ids)

    def _blobs(self, state: Path) -> BlobStore:
        keys = DataKeys(self.root_key, self.db) if self.root_key is not None else None
        copies = PlainCopies(state) if keys is not None else None
        return BlobStore(state / BLOBS, self.db, Held(state / SNAPSHOTS, self.root_key), keys, copies)
