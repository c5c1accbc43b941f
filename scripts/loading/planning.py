"""What a load would do: how many files, how many bytes, and about how long."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scripts.connection import Connection
from scripts.console import count
from scripts.loading.sources import Content, RemoteObject, Source, SourceError
from scripts.loading.uploading import listing, size_and_crc32c

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
        what = f"{count(self.files, 'file')}{there}; to load: {left:,}, about {self.bytes_to_send / 1e6:,.1f} MB"
        return f"{what}, about {_duration(self.seconds)} (estimated from {count(self.tried, 'file')})"


def plan(target: Connection, sources: Sequence[Source], workers: int, megabytes_a_second: float) -> Plan:
    """Look what is to be done, try a few files, and calculate; nothing is sent.

    `workers` processes prepare files at once; `megabytes_a_second` is what the way to the bucket is taken to carry.
    """
    held = listing(target, target.outputs.landing_bucket, sources)
    left = []
    for source in sources:
        present = held.get(source.object_name)
        # A file of no fixed version is compared byte for byte when it is loaded; here it counts by its name.
        if present is None or (source.fixed_version and present.mark != source.fixed_version):
            left.append(source)
    tried = left[:: max(1, len(left) // _TRIED)][:_TRIED]
    sizes, seconds = [], 0.0
    for source in tried:
        began = time.monotonic()
        try:
            content: Content = source.content()
            size, _ = size_and_crc32c(content)
        except SourceError:
            continue
        if not isinstance(content, RemoteObject):
            seconds += time.monotonic() - began
        sizes.append(size)
    if not sizes:
        return Plan(len(sources), len(sources) - len(left), 0, 0.0, 0)
    total = sum(sizes) * len(left) // len(sizes)
    prepare = seconds / len(sizes) * len(left) / workers
    return Plan(
        len(sources), len(sources) - len(left), total, max(prepare, total / 1e6 / megabytes_a_second), len(sizes)
    )


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    if minutes < 1:
        return f"{seconds:,.0f} s"
    return f"{minutes:,.0f} min" if minutes < 90 else f"{minutes / 60:,.1f} h"
