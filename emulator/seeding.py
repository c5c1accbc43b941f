"""Filling a running emulator from a folder, over its own APIs.

storage/BUCKET/...                          objects, by their path below the bucket's folder
healthcare/LOCATION/DATASET/STORE/**        DICOM files, stored by DICOMweb (PS3.18 10.5)
bigquery/DATASET/TABLE.ndjson | .csv        rows, their schema detected
Buckets, datasets and stores that are missing are created; what is there stays.
"""

from __future__ import annotations

import json
import mimetypes
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emulator.serving.server import StartError

FORMATS = {".ndjson": "NEWLINE_DELIMITED_JSON", ".json": "NEWLINE_DELIMITED_JSON", ".csv": "CSV"}
BOUNDARY = "seed-boundary"
POLL_SECONDS = 0.05


def fill(url: str, token: str, project: str, folder: Path) -> dict[str, int]:
    """Load everything below `folder`; returns how many of what. Raises StartError naming the file that fails."""
    api = _Api(url, token)
    counts = {
        "objects": sum(1 for _ in _storage(api, project, folder / "storage")),
        "DICOM instances": sum(1 for _ in _healthcare(api, project, folder / "healthcare")),
        "tables": sum(1 for _ in _bigquery(api, project, folder / "bigquery")),
    }
    return {what: number for what, number in counts.items() if number}


class _Api:
    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(self, method: str, path: str, data: bytes | None = None, kind: str = "application/json") -> Any:
        """The JSON answer (None for an empty body). Raises urllib.error.HTTPError."""
        headers = {**self._headers, "Content-Type": kind, "Accept": "application/dicom+json, application/json"}
        request = urllib.request.Request(self._url + path, data=data, method=method, headers=headers)  # noqa: S310
        with self._opener.open(request, timeout=300) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def ensure(self, path: str, body: dict[str, Any]) -> None:
        """POST; what is there already stays."""
        try:
            self.call("POST", path, json.dumps(body).encode())
        except urllib.error.HTTPError as error:
            if error.code != 409:
                raise StartError(f"{path.partition('?')[0]} could not be created: {_message(error)}") from None

    def load(self, path: Path, method: str, url: str, data: bytes, kind: str) -> Any:
        """The same for a file, named where it fails."""
        try:
            return self.call(method, url, data, kind)
        except urllib.error.HTTPError as error:
            raise StartError(f"{path} could not be loaded: {_message(error)}") from None


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read())["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {error.code}."


def _quoted(path: Path) -> str:
    return urllib.parse.quote(path.name, safe="")


def _folders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if path.is_dir())


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _storage(api: _Api, project: str, folder: Path) -> Iterator[Path]:
    for bucket in _folders(folder):
        api.ensure(f"/storage/v1/b?project={project}", {"name": bucket.name})
        for path in _files(bucket):
            name = urllib.parse.quote(path.relative_to(bucket).as_posix(), safe="")
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            url = f"/upload/storage/v1/b/{_quoted(bucket)}/o?uploadType=media&name={name}"
            api.load(path, "POST", url, path.read_bytes(), kind)
            yield path


def _healthcare(api: _Api, project: str, folder: Path) -> Iterator[Path]:
    for location in _folders(folder):
        parent = f"/v1/projects/{project}/locations/{_quoted(location)}/datasets"
        for dataset in _folders(location):
            api.ensure(f"{parent}?datasetId={_quoted(dataset)}", {})
            for store in _folders(dataset):
                stores = f"{parent}/{_quoted(dataset)}/dicomStores"
                api.ensure(f"{stores}?dicomStoreId={_quoted(store)}", {})
                for path in _files(store):
                    url = f"{stores}/{_quoted(store)}/dicomWeb/studies"
                    api.load(path, "POST", url, path.read_bytes(), "application/dicom")
                    yield path


def _bigquery(api: _Api, project: str, folder: Path) -> Iterator[Path]:
    for dataset in _folders(folder):
        reference = {"projectId": project, "datasetId": dataset.name}
        api.ensure(f"/bigquery/v2/projects/{project}/datasets", {"datasetReference": reference})
        for path in _files(dataset):
            if path.suffix not in FORMATS:
                raise StartError(f"{path} is neither .ndjson nor .csv; tables are seeded from these.")
            load: dict[str, Any] = {
                "destinationTable": {**reference, "tableId": path.stem},
                "sourceFormat": FORMATS[path.suffix],
                "writeDisposition": "WRITE_TRUNCATE",
                "autodetect": True,
            }
            if path.suffix == ".csv":
                load["skipLeadingRows"] = 1  # the first line has the names, even where every column is text
            body = _related({"configuration": {"load": load}}, path.read_bytes())
            url = f"/upload/bigquery/v2/projects/{project}/jobs?uploadType=multipart"
            job = api.load(path, "POST", url, body, f"multipart/related; boundary={BOUNDARY}")
            while job["status"]["state"] != "DONE":
                time.sleep(POLL_SECONDS)
                job = api.call("GET", f"/bigquery/v2/projects/{project}/jobs/{job['jobReference']['jobId']}")
            reason = job["status"].get("errorResult", {}).get("message")
            if reason:
                raise StartError(f"{path} could not be loaded: {reason}")
            yield path


def _related(metadata: dict[str, Any], data: bytes) -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Type: application/json\r\n\r\n{json.dumps(metadata)}\r\n--{BOUNDARY}\r\n"
    return head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + data + f"\r\n--{BOUNDARY}--".encode()
