"""Files with the resources of documents as they are after all changes that could be made."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import BinaryIO

from scripts.documents import Document


class MendedFiles:
    """Writes one file after the other into a folder, named as their documents; a file is there when it is complete."""

    def __init__(self, folder: Path | None) -> None:
        """Take the folder, which is made with the first file; None for no files at all."""
        self._folder = folder
        self._unfinished: Path | None = None
        self._out: BinaryIO | None = None

    def write(self, document: Document, text: bytes) -> None:
        """Add to the file of a document, which is begun where there is none yet."""
        if self._folder is None:
            return
        if self._out is None:
            file = self._file(self._folder, document)
            file.parent.mkdir(parents=True, exist_ok=True)
            self._unfinished = file.with_name(f".{file.name}.part")
            self._out = _writer(self._unfinished, packed=file.name.endswith(".gz"))
        self._out.write(text)

    def finish(self, document: Document) -> None:
        """Let the file of a document appear."""
        self.write(document, b"")
        if self._folder is not None and self._out is not None and self._unfinished is not None:
            self._out.close()
            self._unfinished.replace(self._file(self._folder, document))
            self._out = self._unfinished = None

    def drop(self) -> None:
        """Remove the file that is not complete, if there is one."""
        if self._out is not None and self._unfinished is not None:
            self._out.close()
            self._unfinished.unlink(missing_ok=True)

    @staticmethod
    def _file(folder: Path, document: Document) -> Path:
        return folder / document.label.removeprefix("gs://").lstrip("/").replace("../", "")


def _writer(path: Path, *, packed: bool) -> BinaryIO:
    return gzip.open(path, "wb") if packed else path.open("wb")  # type: ignore[return-value]
