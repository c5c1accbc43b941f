"""The DICOM files that pydicom and pydicom-data ship, for tests."""

from pathlib import Path

import data_store  # type: ignore[import-untyped]
import pydicom


def shipped_files() -> list[Path]:
    """Give every file of both collections that has the DICM prefix, by name."""
    folders = [Path(pydicom.__file__).parent / "data" / "test_files", Path(data_store.__file__).parent / "data"]
    found = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return sorted((path for path in found if path.read_bytes()[128:132] == b"DICM"), key=lambda path: path.name)


def shipped(name: str) -> Path:
    """Give the file of this name."""
    return next(path for path in shipped_files() if path.name == name)
