"""Importing batch after batch while others are still on their way to the bucket."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from scripts.connection import Connection
from scripts.dicomweb import DicomWeb
from scripts.errors import api_failure
from scripts.importing import Imported, start_import
from scripts.loading.manifest import Entry, Manifest, State
from scripts.loading.sources import Source
from scripts.waiting import CANCELLED, OperationState, failed_files, get_state, require_success, wait_for

_POLL_SECONDS = 1.0
_BUSY = (429, 500, 502, 503, 504)
_BUSY_PAUSE_SECONDS = 5.0
_PATIENCE_SECONDS = 300.0
_NOT_FOUND = 404
_ASKED_FOR = 4
"""Instances of a batch that the store is asked for, before it is believed to hold them all."""

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class _Running:
    """An import under way; adopted: an earlier run or somebody else has started it."""

    batch: str
    name: str
    adopted: bool


class BatchImports:
    """The imports of one load: a batch is imported as soon as all its files have had their turn, one at a time.

    What the manifest knows to be imported is not imported again, if the store holds some of it still.
    """

    def __init__(self, target: Connection, bucket: str, sources: Sequence[Source], manifest: Manifest) -> None:
        self._target = target
        self._bucket = bucket
        self._manifest = manifest
        self._open = Counter(source.batch for source in sources)
        self._files: dict[str, list[Source]] = {}
        self._sent: set[str] = set()
        self._waiting: deque[str] = deque()
        self._running: _Running | None = None
        self._next_step = 0.0
        self._busy_since: float | None = None
        self.ended: list[Imported] = []
        self.already = 0
        """Files that were imported by an earlier run."""

    def file_done(self, source: Source, *, loaded: bool, sent: bool) -> None:
        """A file has had its turn: `loaded` says whether the bucket holds it, `sent` whether that is new."""
        batch = source.batch
        if loaded:
            self._files.setdefault(batch, []).append(source)
        if sent:
            self._sent.add(batch)
        self._open[batch] -= 1
        if not self._open[batch]:
            self._batch_done(batch)
        self.step()

    def _batch_done(self, batch: str) -> None:
        files = self._files.get(batch, [])
        if not files:
            return
        if all(self._is_imported(source) for source in files) and self._patiently(lambda: self._holds_some_of(files)):
            self.already += len(files)
        else:
            self._waiting.append(batch)

    def _is_imported(self, source: Source) -> bool:
        entry = self._manifest.get(source.object_name)
        return entry is not None and entry.state == State.IMPORTED

    def _holds_some_of(self, files: Sequence[Source]) -> bool:
        """Whether the store has a few of the files, from the first to the last; an unknown UID counts as had."""
        last = len(files) - 1
        places = {last * step // max(1, _ASKED_FOR - 1) for step in range(_ASKED_FOR)}
        web = DicomWeb(self._target)
        uids = [uid for place in places if (uid := files[place].instance_uid())]
        return all(any(web.search("/instances", [("SOPInstanceUID", uid)], 1)) for uid in uids)

    def step(self) -> None:
        """Start the next import, or look after the one that runs; never waits."""
        if time.monotonic() < self._next_step:
            return
        if self._running is None:
            self._patiently(self._start_next)
            return
        running = self._running
        state = self._patiently(lambda: get_state(self._target, running.name))
        self._next_step = max(self._next_step, time.monotonic() + _POLL_SECONDS)
        if state is not None and state.done:
            self._end(running, state)
            self._patiently(self._start_next)

    def finish(self) -> None:
        """Wait for the import that runs and do those that wait. Raises CommandError when one is left running."""
        while self._running or self._waiting:
            if self._running is None:
                time.sleep(max(0.0, self._next_step - time.monotonic()))
                self._patiently(self._start_next)
                continue
            running = self._running
            title = f"Importing {wildcard(self._bucket, running.batch)}"
            self._end(running, wait_for(self._target, running.name, title))

    def leave(self) -> str | None:
        """The import that goes on without this command; None where none does."""
        return self._running.name if self._running else None

    def _patiently(self, call: Callable[[], Answer]) -> Answer | None:
        """The answer of a call; None while the service is too busy to answer, for some minutes at most."""
        try:
            answer = call()
        except Exception as error:
            failure = api_failure(error)
            now = time.monotonic()
            self._busy_since = self._busy_since or now
            if failure is None or failure.code not in _BUSY or now - self._busy_since > _PATIENCE_SECONDS:
                raise
            self._next_step = now + _BUSY_PAUSE_SECONDS
            return None
        self._busy_since = None
        return answer

    def _start_next(self) -> None:
        if not self._waiting:
            return
        batch = self._waiting[0]
        adopted = self._still_running(batch)
        name = adopted or start_import(self._target, wildcard(self._bucket, batch))
        self._waiting.popleft()
        self._running = _Running(batch, name, adopted is not None)
        self._next_step = time.monotonic() + _POLL_SECONDS / 10
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

    def _end(self, running: _Running, state: OperationState) -> None:
        """Note what an import did to each file. Raises CommandError when it failed as a whole.

        A cancelled one ends nothing but itself. An adopted one that saw fewer files than there are is followed by
        another.
        """
        self._running = None
        self._manifest.record_operation(running.batch, None)
        files = self._files[running.batch]
        if running.adopted and (state.error_code or state.success + state.failure < len(files)):
            self._waiting.append(running.batch)
            return
        failures = failed_files(self._target, state)
        self.ended.append(Imported(state, failures))
        if state.error_code == CANCELLED:
            return
        require_success(self._target, state)
        if len(failures) == state.failure:
            reasons = {each.source.removeprefix(f"gs://{self._bucket}/"): each.reason for each in failures}
            for source in files:
                name = source.object_name
                before = self._manifest.get(name) or Entry(name, source.label, State.LOADED)
                reason = reasons.get(name, "")
                state_now = State.FAILED if reason else State.IMPORTED
                self._manifest.record(replace(before, state=state_now, reason=reason))
        del self._files[running.batch]


def wildcard(bucket: str, batch: str) -> str:
    """The URI under which an import finds a batch's objects."""
    return f"gs://{bucket}/{batch}/**.dcm" if batch else f"gs://{bucket}/**.dcm"
