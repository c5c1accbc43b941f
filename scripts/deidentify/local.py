"""Files of this machine de-identified here, by the emulator's own engine, in processes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from mmap import ACCESS_READ, mmap
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from emulator.deidentify import configs
from emulator.deidentify.errors import ConfigError
from emulator.deidentify.image import DetectorMissing
from emulator.deidentify.instances import deidentified
from emulator.deidentify.keys import Secret
from emulator.deidentify.settings import Settings
from emulator.deidentify.text import models
from emulator.dicom.errors import DicomError, UnsupportedError
from emulator.dicom.header import Header, read_header
from scripts.console import Progress
from scripts.dicomweb import ResourcePath
from scripts.errors import CommandError, ExitCode, UsageError
from scripts.storing.candidates import Candidate

_UIDS = ("0020000D", "0020000E", "00080018")
PATIENT_ID = "00100020"


@dataclass(frozen=True)
class Made:
    """What became of a file: the old and new ids, or why nothing did.

    old, new   StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID, PatientID
    """

    label: str
    old: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    problem: str = ""


@dataclass
class Report:
    """What came of all files."""

    made: list[Made] = field(default_factory=list)
    failed: list[Made] = field(default_factory=list)

    @property
    def exit_code(self) -> ExitCode:
        """0 when every file has its twin, 3 when some have, 1 when none has."""
        return ExitCode.of(failed=self.failed, done=self.made)

    def to_json(self) -> dict[str, Any]:
        """The report for programs, without any old id."""
        failed = [{"file": each.label, "reason": each.problem} for each in self.failed]
        return {"deidentified": len(self.made), "failed": failed}


def settings_of(config: dict[str, Any], secret: Secret, model: str = "") -> Settings:
    """What a DeidentifyConfig says, with a model that finds names beside the rules, "" for none.

    Raises UsageError for a config that can't be followed, and for a model that is not installed.
    """
    try:
        if model:
            models.require(model)
        return replace(configs.parse(config, secret), model=model)
    except (ConfigError, models.ModelMissing) as problem:
        raise UsageError(str(problem)) from None


def run(settings: Settings, candidates: Sequence[Candidate], to: Path, bar: Progress) -> Report:
    """De-identify each file into `to`, as STUDY/SERIES/INSTANCE.dcm by its new ids.

    A file that is there is written anew: the same key makes the same of the same. What fails is in the report, and
    leaves nothing behind. Raises UsageError where text in pixels is to be found and nothing finds it, or a model can't
    be loaded.
    """
    report = Report()
    work = partial(_made, settings, to)
    for number, made in enumerate(_in_processes(work, candidates), 1):
        (report.failed if made.problem else report.made).append(made)
        bar.update(number, len(candidates))
    return report


def _in_processes(work: Any, candidates: Sequence[Candidate]) -> Iterator[Made]:
    if len(candidates) == 1:
        yield work(candidates[0])
        return
    workers = min(os.cpu_count() or 1, len(candidates))
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(work, candidates, chunksize=4)


def _made(settings: Settings, to: Path, candidate: Candidate) -> Made:
    unfinished = to / f".{os.getpid()}.part"
    try:
        to.mkdir(parents=True, exist_ok=True)
        with (
            candidate.path.open("rb") as file,
            mmap(file.fileno(), 0, access=ACCESS_READ) as data,
            deidentified(settings, data, unfinished) as chunks,
        ):
            with unfinished.open("wb") as target:
                target.writelines(chunks)
            old, new = _ids(read_header(data)), _ids(read_header(unfinished.read_bytes()))
        place = ResourcePath(*new[:3]).under(to, ".dcm")
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished.replace(place)
        return Made(candidate.label, old, new)
    except (CommandError, DicomError, UnsupportedError) as problem:
        return Made(candidate.label, problem=str(problem))
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "it is empty"
        return Made(candidate.label, problem=f"The file cannot be read: {reason}.")
    except (DetectorMissing, models.ModelMissing) as missing:
        raise UsageError(str(missing)) from None
    finally:
        unfinished.unlink(missing_ok=True)


def _ids(header: Header) -> tuple[str, ...]:
    return tuple(header.text(tag) for tag in (*_UIDS, PATIENT_ID))
