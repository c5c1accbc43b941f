"""What a load would do: how many files, how many bytes, and about how long."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from typing import Any

from scripts.connection import WORKERS, Connection
from scripts.console import amount, count
from scripts.loading.sources import Content, RemoteObject, Source, SourceError
from scripts.loading.uploading import Stored, listing, size_and_crc32c

_TRIED = 12
"""Files that are read and converted, to see how large and how quick they are."""


@dataclass(frozen=True)
class Plan:
    """What is there, and what is to be done: bytes as they go to the bucket, estimated where films are converted."""

    files: int
    already: int
    bytes_to_send: int
    seconds: float
    """Reading, converting and sending; without the import, whose speed is the service's."""
    tried: int
    """From how many files bytes and seconds are estimated."""

    def to_json(self) -> dict[str, Any]:
        """For a program to read."""
        return {
            "files": self.files,
            "already": self.already,
            "to_load": self.files - self.already,
            "bytes": self.bytes_to_send,
            "seconds": round(self.seconds, 1),
        }

    def __str__(self) -> str:
        left = self.files - self.already
        there = f", {self.already:,} of them there already" if self.already else ""
        what = f"{count(self.files, 'file')}{there}; to load: {left:,}, about {amount(self.bytes_to_send)}"
        return f"{what}, about {_duration(self.seconds)} (estimated from {count(self.tried, 'file')})"


def left_to_load(target: Connection, sources: Sequence[Source]) -> list[Source]:
    """The sources that the landing bucket does not hold yet, as far as its listing tells."""
    held = listing(target, target.outputs.landing_bucket, sources)
    with ThreadPoolExecutor(WORKERS) as threads:  # a version may be a checksum of the file
        there = threads.map(lambda source: _is_there(source, held), sources)
        return [source for source, is_there in zip(sources, there, strict=True) if not is_there]


def _is_there(source: Source, held: Mapping[str, Stored]) -> bool:
    present = held.get(source.object_name)
    if present is None:
        return False
    if source.fixed_version:
        return present.mark == source.fixed_version
    # What no version tells is a file or an object, which it costs nothing to name. A file's bytes are compared when it
    # is loaded; here it counts by its name.
    content = source.content()
    return not isinstance(content, RemoteObject) or (present.size, present.crc32c) == (content.size, content.crc32c)


def plan(
    files: int,
    left: Sequence[Source],
    workers: int,
    megabytes_a_second: float,
    clock: Callable[[], float] = time.monotonic,
) -> Plan:
    """Try a few of the sources `left` to load, of `files` that there are, and calculate; nothing is sent.

    `workers` processes prepare files at once; `megabytes_a_second` is what the way to the bucket is taken to carry;
    `clock` gives seconds.
    """
    sizes, seconds = _try(left[:: max(1, len(left) // _TRIED)][:_TRIED], clock)
    if not sizes:
        return Plan(files, files - len(left), 0, 0.0, 0)
    total = sum(sizes) * len(left) // len(sizes)
    prepare = seconds * len(left) / workers
    return Plan(files, files - len(left), total, max(prepare, total / 1e6 / megabytes_a_second), len(sizes))


def _try(sources: Sequence[Source], clock: Callable[[], float]) -> tuple[list[int], float]:
    """The bytes of each source that can be read, and for how many seconds it takes to prepare a usual one.

    The first starts processes and imports packages, which happens once however many follow, so it tells only of itself.
    """
    sizes: list[int] = []
    seconds: list[float] = []
    for source in sources:
        began = clock()
        try:
            content: Content = source.content()
            size, _ = size_and_crc32c(content)
        except SourceError:
            continue
        sizes.append(size)
        seconds.append(0.0 if isinstance(content, RemoteObject) else clock() - began)
    return sizes, median(seconds[1:] or seconds or [0.0])


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    if minutes < 1:
        return f"{seconds:,.0f} s"
    return f"{minutes:,.0f} min" if minutes < 90 else f"{minutes / 60:,.1f} h"
