"""Plain copies of encrypted files, for what reads a file by its path: in memory where the system can (Linux: /dev/shm).

They are there while somebody reads them; what a crash leaves is removed at the next start.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
import tempfile
from functools import cached_property
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108  a folder of our own below it, which only we may enter


class PlainCopies:
    """The folder of one state's plain copies."""

    def __init__(self, state: Path) -> None:
        above = _MEMORY if _MEMORY.is_dir() else Path(tempfile.gettempdir())
        self.path = above / f"emulator-{hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:16]}"
        self.close()

    @cached_property
    def folder(self) -> Path:
        """The folder, which is made when it is first needed: its owner's alone, or an error."""
        self.path.mkdir(mode=0o700)
        return self.path

    def place(self) -> Path:
        """Where a file may be made, which the caller deletes."""
        return self.folder / secrets.token_hex(16)

    def close(self) -> None:
        """Delete all of them."""
        self.__dict__.pop("folder", None)
        shutil.rmtree(self.path, ignore_errors=True)
