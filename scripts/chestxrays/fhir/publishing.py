"""Bringing the studies of the DICOM store into a FHIR store, or into files."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.fhir import parsing
from scripts.chestxrays.fhir.bundles import bundles_of, endpoint_bundle, labels_of
from scripts.chestxrays.fhir.pictures import pictures_in
from scripts.console import Progress
from scripts.dicomweb import DicomWeb
from scripts.errors import CommandError
from scripts.fhir.loading import Report, send
from scripts.fhir.service import FhirStore
from scripts.fhir.units import Transaction
from scripts.parallel import run_parallel

if TYPE_CHECKING:
    from scripts.connection import Connection

Json = dict[str, Any]


@dataclass(frozen=True)
class Studies:
    """The transactions of a DICOM store: the one that goes first, and how many studies of them have labels."""

    endpoint: Transaction
    patients: list[Transaction]
    labelled: int


def studies_of(target: Connection) -> Studies:
    """All studies of the stack's DICOM store, with what the label table says of them. Raises CommandError for none."""
    pictures = list(pictures_in(DicomWeb(target)))
    if not pictures:
        raise CommandError("The DICOM store is empty: load images first, such as `python -m scripts load --sample`.")
    labels = labels_of(target)
    bundles = bundles_of(target.dicomweb_url, pictures, labels)
    return Studies(
        Transaction("endpoint", endpoint_bundle(target.dicomweb_url)),
        [Transaction(f"Patient/{name}", bundle) for name, bundle in bundles],
        len({each.study for each in pictures} & labels.keys()),
    )


def publish(store: FhirStore, studies: Studies, bar: Progress) -> Report:
    """Store them; what is there already is left alone. Ctrl-C as `run_parallel`; the report has what ends it early."""
    report, stop = Report(), threading.Event()
    try:
        _take(report, send(store, studies.endpoint))
        for number, (_, outcome) in enumerate(run_parallel(lambda unit: send(store, unit), studies.patients, stop), 1):
            _take(report, outcome)
            bar.update(number, len(studies.patients))
    except Exception as error:  # noqa: BLE001 (raised again by the command, after it has shown what was done)
        report.stopped = error
    report.interrupted = stop.is_set()
    return report


def _take(report: Report, outcome: Any) -> None:
    report.stored += outcome.stored
    report.already += outcome.already
    report.refused += outcome.refused


def write(studies: Studies, folder: Path) -> Iterator[Path]:
    """Write each transaction to a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for unit in (studies.endpoint, *studies.patients):
        file = folder / f"{unit.label.rpartition('/')[2]}.json"
        file.write_bytes(parsing.serialize(unit.bundle) + b"\n")
        yield file
