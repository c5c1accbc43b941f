"""What one emulator keeps, and what makes it up: settings, time, ids, database, blobs, resources."""

from __future__ import annotations

from emulator.settings import Settings
from emulator.state.blobs import BlobStore
from emulator.state.clock import Clock, Ids
from emulator.state.database import Database
from emulator.state.folder import BLOBS, DATABASE, SNAPSHOTS, finish
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
        self.db = Database(settings.state / DATABASE)
        self.blobs = BlobStore(settings.state / BLOBS, self.db, Held(settings.state / SNAPSHOTS))
        self.resources = Resources(self.db, self.clock, self.ids)
