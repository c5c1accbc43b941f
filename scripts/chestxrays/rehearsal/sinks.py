"""Where a rehearsal's files go: a folder, one zip, or a zip for each folder of images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal, Protocol
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_LEVEL = 1


class Sink(Protocol):
    """Takes files, one after the other."""

    def write(self, path: str, data: bytes) -> None:
        """Keep `data` as `path`, which is relative and has slashes."""


@contextmanager
def opened_sink(folder: Path, zips: Literal["none", "one", "each"]) -> Iterator[Sink]:
    """A sink into `folder`, closed afterwards. Zips are the same bytes on every run: their times are 1980."""
    with ExitStack() as stack:
        yield _Folder(folder) if zips == "none" else _Zips(folder, stack, one=zips == "one")


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: set[Path] = set()

    def write(self, path: str, data: bytes) -> None:
        target = self._folder / path
        if target.parent not in self._made:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(target.parent)
        target.write_bytes(data)


class _Zips:
    def __init__(self, folder: Path, stack: ExitStack, *, one: bool) -> None:
        self._folder = folder
        self._stack = stack
        self._one = one
        self._open: dict[str, ZipFile] = {}

    def write(self, path: str, data: bytes) -> None:
        top, slash, _ = path.partition("/")
        name = "archive" if self._one else top if slash else ""
        if not name:
            (self._folder / path).write_bytes(data)
            return
        if name not in self._open:
            self._open[name] = self._stack.enter_context(ZipFile(self._folder / f"{name}.zip", "w"))
        info = ZipInfo(path)
        info.compress_type = ZIP_DEFLATED
        self._open[name].writestr(info, data, compresslevel=_LEVEL)
