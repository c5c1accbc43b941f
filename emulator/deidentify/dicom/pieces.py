"""A changed file as parts of the one that it was made from and new bytes between: large values are never read."""

from collections.abc import Iterator
from mmap import mmap
from typing import Self

from emulator.dicom.pages import STRIDE, forget

Part = bytes | tuple[int, int]


class Pieces:
    """Parts in their order: new bytes, or the bytes [start, end) of the original."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.size = 0

    def keep(self, start: int, end: int) -> None:
        """Take a range of the original."""
        if end <= start:
            return
        self.size += end - start
        last = self.parts[-1] if self.parts else None
        if isinstance(last, tuple) and last[1] == start:
            self.parts[-1] = (last[0], end)
        else:
            self.parts.append((start, end))

    def write(self, data: bytes) -> None:
        """Add new bytes."""
        if data:
            self.parts.append(data)
            self.size += len(data)

    def extend(self, other: Self) -> None:
        """Add all of another's parts."""
        for part in other.parts:
            if isinstance(part, tuple):
                self.keep(*part)
            else:
                self.write(part)

    def is_range(self, start: int, end: int) -> bool:
        """Whether it is just that range of the original."""
        return self.parts == [(start, end)] or (start == end and not self.parts)

    def chunks(self, data: bytes | mmap) -> Iterator[bytes]:
        """All bytes in their order, a large part in several; pages that were read are let go of."""
        for part in self.parts:
            if isinstance(part, bytes):
                yield part
                continue
            for at in range(part[0], part[1], STRIDE):
                end = min(at + STRIDE, part[1])
                yield data[at:end]
                if end - at == STRIDE:
                    forget(data, at, end)
