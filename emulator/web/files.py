"""The files of the viewer's package, as a browser wants them: types, validators, how long to keep them.

They go as they are: over loopback, unpacking gzip would cost the browser more than the bytes do.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from emulator.gateway.request import Response

VERSION = "3.13.2"
FOLDER = Path(__file__).resolve().parent.parent.parent / ".tools" / f"ohif-{VERSION}"
INDEX = "index.html"
# Python's own table is filled from the machine's, which may be wrong; a wrong one for .wasm slows the decoders down.
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}
_HASHED = re.compile(r"(^|[./])[0-9a-f]{16}\.\w+$")
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class File:
    """One file that a browser may fetch."""

    path: Path
    media: str
    immutable: bool

    def response(self, headers: dict[str, str]) -> Response:
        """Its bytes, or a 304 where the browser has them already; a 404 where somebody deleted it meanwhile."""
        try:
            found = self.path.stat()
            etag = f'"{found.st_size:x}-{found.st_mtime_ns:x}"'
            kept = {
                "etag": etag,
                "cache-control": f"public, max-age={_YEAR}, immutable" if self.immutable else "no-cache",
                "x-content-type-options": "nosniff",
            }
            if headers.get("if-none-match") == etag:
                return Response(304, kept)
            return Response(200, {"content-type": self.media, **kept}, self.path.read_bytes())
        except FileNotFoundError:
            return Response(404)


class Files:
    """The package's folder, listed once: what is not in the list is not served, whatever a path says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, File] = {}

    def scan(self) -> bool:
        """List the folder unless that is done; False where the package is not there."""
        if not self._files and (self.folder / INDEX).is_file():
            for root, _, names in os.walk(self.folder):
                for path in (Path(root, name) for name in names):
                    media = TYPES.get(path.suffix)
                    if media is not None and not path.is_symlink():
                        name = f"/{path.relative_to(self.folder).as_posix()}"
                        self._files[name] = File(path, media, immutable=bool(_HASHED.search(name)))
            self._files.pop(f"/{INDEX}")  # the page itself is answered to sessions only
        return bool(self._files)

    def find(self, raw_path: str) -> File | None:
        """The file at a path, exactly as the list has it."""
        return self._files.get(raw_path)

    def index(self) -> bytes:
        """The page that loads everything else."""
        return (self.folder / INDEX).read_bytes()
