"""Imports into the DICOM store, from the call to the end of the operation."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, speeds, timed
from benchmarks.running import LOCATION, PROJECT, Running, running_emulator
from emulator.services.healthcare.dicom import index
from scripts.demonstration.places import Places
from scripts.loading.synthetic import dicom_bytes, films

FILMS = 300
_ROUNDS = 3
_THREADS = 8
_POLL_SECONDS = 0.02


def importing(places: Places) -> list[Figure]:
    """Films of 1 MB from a bucket into a store, beside a loop that reads the headers of the same files.

    Then the same into a store that has them; and the memory, over that at rest.
    """
    folder = places.results / "films"
    folder.mkdir()
    with running_emulator(places, "importing") as emulator:
        bucket = emulator.bucket_for_imports()
        for film in films(FILMS):
            (folder / film.file_name).write_bytes(dicom_bytes(film))
        files = sorted(folder.iterdir())
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(partial(_upload, bucket), files))
        stores = list(_stores(emulator, _ROUNDS))
        before = emulator.resident_megabytes()
        emulator.forget_peak()
        first, again, bare = [], [], []
        for store in stores:
            first.append(timed(partial(_import, emulator, store)))
            again.append(timed(partial(_import, emulator, store)))
            bare.append(timed(partial(_read_headers, files)))
        more = emulator.peak_megabytes() - before
    label, peer, beside = f"{FILMS} films of 1 MB", "beside a loop that reads their headers", tuple(bare)
    memory = f"{label}, the server's peak memory over that before, without the processes that read headers"
    return [
        speeds(f"{label} imported, {peer}", tuple(first), beside),
        speeds(f"{label} imported again, {peer}", tuple(again), beside),
        Figure(memory, (more,), more_is_better=False, unit="MB", note=f"{before:.0f} MB before"),
    ]


def _read_headers(files: list[Path]) -> None:
    for file in files:
        index.read_file(file)


def _upload(bucket: Any, file: Path) -> None:
    bucket.blob(file.name).upload_from_filename(file, content_type="application/dicom")


def _stores(emulator: Running, number: int) -> Iterator[str]:
    """Empty DICOM stores."""
    datasets = emulator.api("healthcare", "v1").projects().locations().datasets()
    parent = f"projects/{PROJECT}/locations/{LOCATION}"
    datasets.create(parent=parent, datasetId="benchmark", body={}).execute()
    for each in range(number):
        dataset = f"{parent}/datasets/benchmark"
        made = datasets.dicomStores().create(parent=dataset, dicomStoreId=f"store-{each}", body={}).execute()
        yield str(made["name"])


def _import(emulator: Running, store: str) -> None:
    """Import the whole bucket and wait for the end; every film must have arrived."""
    datasets = emulator.api("healthcare", "v1").projects().locations().datasets()
    body = {"gcsSource": {"uri": "gs://benchmark/**.dcm"}}
    operation = datasets.dicomStores().import_(name=store, body=body).execute()
    while not operation.get("done"):
        time.sleep(_POLL_SECONDS)
        operation = datasets.operations().get(name=operation["name"]).execute()
    if operation["metadata"]["counter"] != {"success": str(FILMS)}:
        raise SystemExit(f"Not every film was imported: {operation}")
