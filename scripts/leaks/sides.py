"""Where source and target are: in a folder, or in the stack's stores, which are brought here to be looked at."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.dicomweb import DicomWeb, ResourcePath
from scripts.errors import CommandError, ExitCode, UsageError
from scripts.fhir.service import FhirStore
from scripts.loading.sources import files_under
from scripts.parallel import run_parallel

if TYPE_CHECKING:
    from infra.outputs import FhirStoreOutputs
    from scripts.connection import Connection


def files_in(place: Path) -> list[Path]:
    """All files of a folder, or the one that is named. Raises UsageError for none."""
    if not place.exists():
        raise UsageError(f"{place} does not exist.")
    found = [place] if place.is_file() else sorted(files_under(place))
    if not found:
        raise UsageError(f"{place} holds no files.")
    return found


def bring(target: Connection, dicom_store: str, fhir_stores: Iterable[FhirStoreOutputs], to: Path) -> None:
    """Write the instances of a DICOM store and the resources of FHIR stores as files, as the stores hold them."""
    web = DicomWeb(target, dicom_store)
    paths = [ResourcePath.of(each) for each in web.search("/instances", [], None)]

    def download(path: ResourcePath) -> int:
        return web.download(str(path), "application/dicom; transfer-syntax=*", path.under(to, ".dcm"))

    stop = threading.Event()
    for _ in run_parallel(download, paths, stop):
        pass
    if stop.is_set():
        raise CommandError("Stopped before all was brought here: nothing is said of any of it.", ExitCode.PARTLY_DONE)
    for number, store in enumerate(fhir_stores, 1):
        _write_resources(FhirStore(target, store), to / f"fhir-{number}.ndjson")


def twins_of(stores: Mapping[str, FhirStoreOutputs], names: Mapping[str, str]) -> list[FhirStoreOutputs]:
    """The research side's FHIR stores, as outputs; `names` has the full name of each by that of its source."""
    return [replace(stores[store], name=name) for store, name in names.items() if store in stores]


def _write_resources(store: FhirStore, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    with to.open("w", encoding="utf-8") as file:
        for entry in store.search("", []):
            file.write(json.dumps(entry["resource"], ensure_ascii=False, default=str) + "\n")
