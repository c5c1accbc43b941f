"""What Dataflow's workers are given to install: this project's code as a wheel, and the pinned packages it needs.

A wheel and not a source distribution: building one takes setuptools, which a worker without a way to the internet can't
fetch. It is written by hand (the format: PyPA's "Binary distribution format"), so that nothing is needed to build it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from engine.layout import ROOT

NAME = "healthcare_cloud_poc_worker"
PACKAGES = ("imagecodecs", "numpy", "pillow", "pydicom")
"""What the workers need beyond Beam's own image, which brings Google's clients. None of them needs another."""

_PARTS = (
    *("infra/__init__.py", "infra/output*.py", "emulator/__init__.py", "emulator/pool.py", "emulator/dicom/**/*"),
    "scripts/**/*",
)
_SUFFIXES = frozenset((".py", ".json", ".sql"))


def write_wheel(folder: Path) -> Path:
    """A wheel with what the pipeline's steps import. The same code gives the same bytes, and the same version."""
    files = {name: (ROOT / name).read_bytes() for name in sorted(set(_names()))}
    version = _version(files)
    info = f"{NAME}-{version}.dist-info"
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}\n".encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: scripts\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = "".join(f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    path = folder / f"{NAME}-{version}-py3-none-any.whl"
    with ZipFile(path, "w", ZIP_DEFLATED) as wheel:
        for name, data in files.items():
            member = ZipInfo(name)
            member.compress_type = ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            wheel.writestr(member, data)
    return path


def write_requirements(folder: Path) -> Path:
    """The pinned packages, in the versions of requirements.txt, as a requirements file of one line each."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [match[0] for line in lines if (match := re.match(rf"({'|'.join(PACKAGES)})==[\w.]+", line))]
    path = folder / "worker-requirements.txt"
    path.write_text("".join(f"{pin}\n" for pin in pins), encoding="utf-8")
    return path


def _names() -> Iterator[str]:
    for part in _PARTS:
        for path in ROOT.glob(part):
            if path.suffix in _SUFFIXES and path.is_file():
                yield path.relative_to(ROOT).as_posix()


def _version(files: dict[str, bytes]) -> str:
    """Other code is another version: pip leaves an installed package alone that has the version asked for."""
    together = hashlib.sha256()
    for name, data in files.items():
        together.update(f"{name} {_digest(data)}\n".encode())
    return f"0.{int(together.hexdigest()[:12], 16)}"


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
