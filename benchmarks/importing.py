"""Imports into the DICOM store: instances a second, from loading to the end of the operation."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from benchmarks.figures import Figure, timed
from benchmarks.running import LOCATION, PROJECT, Running, running_emulator
from scripts.demonstration.places import Places
from scripts.loading.synthetic import dicom_bytes, films

FILMS = 300
_THREADS = 8
_POLL_SECONDS = 0.02


def importing(places: Places) -> list[Figure]:
    """Films of 1 MB into a bucket, and from there into a store; then the same into a store that has them."""
    with running_emulator(places, "importing") as emulator:
        bucket = _bucket(emulator)
        with ThreadPoolExecutor(_THREADS) as pool:
            content = {film.file_name: dicom_bytes(film) for film in films(FILMS)}
            load = timed(lambda: list(pool.map(lambda item: _upload(bucket, *item), content.items())))
        size = sum(map(len, content.values())) / 1e6
        stores = list(_stores(emulator, 3))
        emulator.forget_peak()
        first = tuple(FILMS / timed(partial(_import, emulator, store)) for store in stores)
        peak = emulator.peak_megabytes()
        again = tuple(FILMS / timed(partial(_import, emulator, store)) for store in stores)
    label = f"{FILMS} films of 1 MB"
    return [
        Figure(f"{label} into the bucket", "MB/s", (size / load,), more_is_better=True),
        Figure(f"{label} imported", "instances/s", first, more_is_better=True),
        Figure(f"{label} imported again", "instances/s", again, more_is_better=True),
        Figure(f"{label}, the server's peak memory", "MB", (peak,), note="without the processes that parse"),
    ]


def _bucket(emulator: Running) -> Any:
    """A bucket that the healthcare agent may read."""
    emulator.api("serviceusage", "v1beta1").services().generateServiceIdentity(
        parent=f"projects/{PROJECT}/services/healthcare.googleapis.com"
    ).execute()
    project = emulator.api("cloudresourcemanager", "v1").projects().get(projectId=PROJECT).execute()
    agent = f"serviceAccount:service-{project['projectNumber']}@gcp-sa-healthcare.iam.gserviceaccount.com"
    bucket = emulator.storage().create_bucket("benchmark", location=LOCATION)
    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {agent}})
    bucket.set_iam_policy(policy)
    return bucket


def _upload(bucket: Any, name: str, content: bytes) -> None:
    bucket.blob(name).upload_from_string(content, content_type="application/dicom")


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
