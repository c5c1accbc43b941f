"""OHIF's published package: fetched once with npm, checked, and unpacked without what no page asks for."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path

from emulator.web.files import FOLDER, INDEX, VERSION
from scripts import npm

PACKAGE = f"@ohif/app@{VERSION}"
INTEGRITY = "sha512-WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA=="
"""What the registry says of the package's archive, as a lock file of npm would hold it."""
_CONTENT = "package/dist/"
_LEFT_OUT = "package/dist/ort/"  # two thirds of the package: models' runtime, asked for by no view of a store


def is_there() -> bool:
    """Whether the package has been fetched."""
    return (FOLDER / INDEX).is_file()


def fetch(folder: Path = FOLDER) -> None:
    """Put the package into `folder`, all or none, from the registry that npm is set to. Raises CommandError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ohif-", dir=folder.parent) as name:
        beside = Path(name)
        unpack(npm.packed(PACKAGE, INTEGRITY, beside), beside / "files")
        shutil.rmtree(folder, ignore_errors=True)
        (beside / "files").rename(folder)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack the page and its files, without what is left out and without source maps."""
    with tarfile.open(archive) as tar:
        for member in tar:
            wanted = member.isfile() and member.name.startswith(_CONTENT) and not member.name.startswith(_LEFT_OUT)
            if wanted and not member.name.endswith(".map"):
                member.name = member.name.removeprefix(_CONTENT)
                tar.extract(member, folder, filter="data")
