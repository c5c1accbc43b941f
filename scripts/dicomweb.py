"""DICOMweb on the stack's store: search, retrieve, store, delete; with the HTTP session of Google's own library.

Google's discovery client can't pass a search's attributes as parameters, hence plain HTTP, as Google's samples do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scripts.connection import TIMEOUT_SECONDS, Connection
from scripts.errors import ApiFailure, CommandError, UsageError
from scripts.patience import patiently

Json = dict[str, Any]

PAGE = 500
_CHUNK_BYTES = 1 << 20
_DICOM_JSON = "application/dicom+json"
_FAILED_SEQUENCE = "00081198"
_FAILURE_REASON = "00081197"
_FAILURE_DETAIL = ("00091097", "00090097")  # Google's own, in answers as JSON and as XML
_RETRIEVE_URL_TAGS = {"study": "0020000D", "series": "0020000E", "instance": "00080018"}


@dataclass(frozen=True)
class ResourcePath:
    """A study, series or instance by its UIDs, as DICOMweb paths (PS3.18 10.1) and folders name them."""

    study: str
    series: str | None = None
    instance: str | None = None

    def __str__(self) -> str:
        levels = (("studies", self.study), ("series", self.series), ("instances", self.instance))
        return "".join(f"/{level}/{quote(uid, safe='')}" for level, uid in levels if uid)

    def under(self, folder: Path, ending: str) -> Path:
        """The instance's file below `folder`: study/series/instance and the ending.

        Raises CommandError for a UID that is no file name, which a store may hold but a disk must not get.
        """
        parts = [part or "" for part in (self.study, self.series, self.instance)]
        for part in parts:
            if not re.fullmatch(r"[\w.-]*\w[\w.-]*", part):
                raise CommandError("An instance has a UID that cannot be the name of a file; it was left out.")
        return folder / parts[0] / parts[1] / f"{parts[2]}{ending}"

    @property
    def level(self) -> str:
        """What it is: "study", "series" or "instance"."""
        return "instance" if self.instance else "series" if self.series else "study"

    @classmethod
    def of(cls, found: Json, level: str = "instance") -> ResourcePath:
        """The path of what a search found at `level` in DICOM JSON."""
        tags = list(_RETRIEVE_URL_TAGS.values())[: list(_RETRIEVE_URL_TAGS).index(level) + 1]
        return cls(*(value(found, tag) for tag in tags))


def value(attributes: Json, tag: str) -> str:
    """The first value of an attribute in DICOM JSON as text; "" where there is none. A name is its alphabetic form."""
    values = attributes.get(tag, {}).get("Value") or [""]
    first = values[0]
    if isinstance(first, dict):
        first = next((first[group] for group in ("Alphabetic", "Ideographic", "Phonetic") if first.get(group)), "")
    return "" if first is None else str(first)


class DicomWeb:
    """The DICOMweb service of one store. Refusals are raised as ApiFailure; threads may share it."""

    def __init__(self, target: Connection, store: str | None = None) -> None:
        """Take the stack's connection, and a store's full name; default the stack's own DICOM store."""
        self._session = target.session
        self._url = f"{target.address}/v1/{store or target.outputs.dicom_store_name}/dicomWeb"

    def search(
        self, path: str, parameters: list[tuple[str, str]], limit: int | None, page: int = PAGE
    ) -> Iterator[Json]:
        """The matches of a search at `path` ("/studies"), `page` at a time, at most `limit` (None: all)."""
        offset = 0
        while limit is None or offset < limit:
            size = page if limit is None else min(page, limit - offset)
            paging = [("limit", str(size)), ("offset", str(offset))]
            answer = self._get(path, _DICOM_JSON, parameters + paging)
            found: list[Json] = [] if answer.status_code == 204 else answer.json()
            yield from found
            offset += len(found)
            if len(found) < size:
                return

    def metadata(self, path: ResourcePath) -> list[Json]:
        """The DICOM JSON of all instances below `path`."""
        answer = self._get(f"{path}/metadata", _DICOM_JSON)
        found: list[Json] = [] if answer.status_code == 204 else answer.json()
        return found

    def download(self, path: str, accept: str, file: Path) -> int:
        """Write the answer of `path` to `file`, which appears only when it is whole; gives its bytes."""
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f".{file.name}.part")
        answer = self._get(path, accept, stream=True)
        try:
            size = 0
            with answer, unfinished.open("wb") as target:
                for chunk in answer.iter_content(_CHUNK_BYTES):
                    size += target.write(chunk)
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
        return size

    def store(self, content: Path | bytes, content_type: str, study: str | None = None) -> None:
        """Store one instance, into `study` where that is given; ApiFailure says why the store refused it."""
        headers = {"Content-Type": content_type, "Accept": _DICOM_JSON}
        url = f"{self._url}/studies" if study is None else f"{self._url}{ResourcePath(study)}"

        def send() -> Any:
            if isinstance(content, bytes):
                return self._session.post(url, data=content, headers=headers, timeout=TIMEOUT_SECONDS)
            with content.open("rb") as body:
                return self._session.post(url, data=body, headers=headers, timeout=TIMEOUT_SECONDS)

        self._check(patiently(send))

    def delete(self, path: ResourcePath) -> Json:
        """Delete what is at `path`; gives the operation that does it, {} for an instance, which is gone at once."""
        answer = patiently(lambda: self._session.delete(f"{self._url}{path}", timeout=TIMEOUT_SECONDS))
        self._check(answer)
        operation: Json = answer.json() if answer.content else {}
        return operation

    def _get(
        self, path: str, accept: str, parameters: list[tuple[str, str]] | None = None, *, stream: bool = False
    ) -> Any:
        answer = self._session.get(
            f"{self._url}{path}", params=parameters, headers={"Accept": accept}, timeout=TIMEOUT_SECONDS, stream=stream
        )
        self._check(answer)
        return answer

    @staticmethod
    def _check(answer: Any) -> None:
        if answer.status_code >= 400:
            raise ApiFailure(answer.status_code, _message(answer))


def _message(answer: Any) -> str:
    """Google's own words in a refusal: of an error document, or of a STOW answer (PS3.18 10.5.3)."""
    try:
        body = answer.json()
    except ValueError:
        return f"The store answered HTTP {answer.status_code}"
    if isinstance(body, list):
        body = body[0] if body else {}
    failed = (body.get(_FAILED_SEQUENCE, {}).get("Value") or [{}])[0]
    for tag in _FAILURE_DETAIL:
        if value(failed, tag):
            return f"The store refused the instance: {value(failed, tag)}"
    if value(failed, _FAILURE_REASON):
        return f"The store refused the instance with reason {value(failed, _FAILURE_REASON)} (PS3.4 CC.2.3.2)"
    error = body.get("error", {})
    return str(error.get("message") or f"The store answered HTTP {answer.status_code}")


def filters(words: list[str]) -> list[tuple[str, str]]:
    """`PatientID=1` and the like as search parameters. Raises UsageError."""
    pairs = []
    for word in words:
        key, equals, wanted = word.partition("=")
        if not equals or not key:
            raise UsageError(f"{word} is no filter: write KEY=VALUE, such as PatientID=00000001.")
        pairs.append((key, wanted))
    return pairs
