"""Importing batch after batch while others are still on their way to the bucket."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace

from scripts.commands.import_ import Imported, start_import
from scripts.connection import Connection
from scripts.errors import api_failure
from scripts.loading.manifest import Entry, Manifest, State
from scripts.loading.sources import Source
from scripts.waiting import OperationState, failed_files, get_state, require_success, wait_for

_POLL_SECONDS = 1.0
_NOT_FOUND = 404


class BatchImports:
    """The imports of one load: a batch is imported as soon as all its files have had their turn, one at a time.

    What the manifest knows to be imported is not imported again, unless the store holds less than the manifest says:
    then it is another store, or somebody has deleted from it.
    """

    def __init__(self, target: Connection, bucket: str, sources: Sequence[Source], manifest: Manifest) -> None:
        self._target = target
        self._bucket = bucket
        self._manifest = manifest
        self._open = Counter(source.batch for source in sources)
        self._files: dict[str, list[str]] = {}
        self._sent: set[str] = set()
        self._waiting: deque[str] = deque()
        self._running: tuple[str, str] | None = None
        self._next_poll = 0.0
        self._believed = _holds_what(target, manifest)
        self.ended: list[Imported] = []
        self.already = 0
        """Files that were imported by an earlier run."""

    def file_done(self, source: Source, *, loaded: bool, sent: bool) -> None:
        """A file has had its turn: `loaded` says whether the bucket holds it, `sent` whether that is new."""
        batch = source.batch
        if loaded:
            self._files.setdefault(batch, []).append(source.object_name)
        if sent:
            self._sent.add(batch)
        self._open[batch] -= 1
        if not self._open[batch]:
            self._batch_done(batch)
        self.step()

    def _batch_done(self, batch: str) -> None:
        files = self._files.get(batch, [])
        if self._believed and all(self._is_imported(name) for name in files):
            self.already += len(files)
        elif files:
            self._waiting.append(batch)

    def _is_imported(self, object_name: str) -> bool:
        entry = self._manifest.get(object_name)
        return entry is not None and entry.state == State.IMPORTED

    def step(self) -> None:
        """Start the next import, or look after the one that runs; never waits."""
        if self._running is None:
            self._start_next()
        elif time.monotonic() >= self._next_poll:
            batch, name = self._running
            state = get_state(self._target, name)
            self._next_poll = time.monotonic() + _POLL_SECONDS
            if state.done:
                self._end(batch, state)
                self._start_next()

    def finish(self) -> None:
        """Wait for the import that runs and do those that wait. Raises CommandError when one is left running."""
        while True:
            if self._running is None:
                self._start_next()
            if self._running is None:
                return
            batch, name = self._running
            self._end(batch, wait_for(self._target, name, f"Importing {wildcard(self._bucket, batch)}"))

    def leave(self) -> str | None:
        """The import that goes on without this command; None where none does."""
        return self._running[1] if self._running else None

    def _start_next(self) -> None:
        if not self._waiting:
            return
        batch = self._waiting.popleft()
        name = self._still_running(batch) or start_import(self._target, wildcard(self._bucket, batch))
        self._running = (batch, name)
        self._next_poll = time.monotonic() + _POLL_SECONDS / 10
        self._manifest.record_operation(batch, name)

    def _still_running(self, batch: str) -> str | None:
        """The import that an earlier run has left running, if it can have seen all files of the batch."""
        name = self._manifest.operation(batch)
        if not name or batch in self._sent:
            return None
        try:
            state = get_state(self._target, name)
        except Exception as error:
            failure = api_failure(error)
            if failure is not None and failure.code == _NOT_FOUND:
                return None
            raise
        return None if state.done and (state.error_code or state.failure) else name

    def _end(self, batch: str, state: OperationState) -> None:
        """Note what an import did to each file. Raises CommandError when it failed as a whole."""
        self._running = None
        failures = failed_files(self._target, state)
        self.ended.append(Imported(state, failures))
        if not state.error_code and len(failures) == state.failure:
            reasons = {each.source.removeprefix(f"gs://{self._bucket}/"): each.reason for each in failures}
            for name in self._files[batch]:
                before = self._manifest.get(name) or Entry(name, name, State.LOADED)
                reason = reasons.get(name, "")
                state_now = State.FAILED if reason else State.IMPORTED
                self._manifest.record(replace(before, state=state_now, reason=reason))
        del self._files[batch]
        self._manifest.record_operation(batch, None)
        require_success(self._target, state)


def wildcard(bucket: str, batch: str) -> str:
    """The URI under which an import finds a batch's objects."""
    return f"gs://{bucket}/{batch}/**.dcm" if batch else f"gs://{bucket}/**.dcm"


def _holds_what(target: Connection, manifest: Manifest) -> bool:
    """Whether the store holds at least as many instances as the manifest says were imported."""
    imported = sum(1 for entry in manifest.entries() if entry.state == State.IMPORTED)
    if not imported:
        return True
    stores = target.healthcare.dicomStores()
    try:
        metrics = target.execute(stores.getDICOMStoreMetrics(name=target.outputs.dicom_store_name))
    except Exception as error:
        if api_failure(error) is None:
            raise
        return False
    return int(metrics.get("instanceCount", 0)) >= imported
