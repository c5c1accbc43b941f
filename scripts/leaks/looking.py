"""One file of a target: decoded values, what they hold in base64, bytes, pictures."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.dicom import frames
from emulator.dicom.deflated import inflate
from emulator.dicom.errors import DicomError, UnsupportedError
from emulator.dicom.header import Bulk, Header, read_header
from emulator.dicom.syntaxes import DEFLATED_DATASETS
from scripts.leaks import fhir_values
from scripts.leaks.dicom_values import name_of
from scripts.leaks.findings import Findings
from scripts.leaks.pixels import read_pictures
from scripts.leaks.readings import readings
from scripts.leaks.values import Value
from scripts.leaks.wanted import Days, Wanted

if TYPE_CHECKING:
    from emulator.deidentify.image import TextDetector

Json = dict[str, Any]

_CODED = ("CodeMeaning", "CodeValue", "CodingSchemeDesignator")
_PIXELS = "7FE00010"
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_MOST_TEXT = 64 << 20
"""Bytes of a file of neither DICOM nor FHIR that is read as a text."""


@dataclass(frozen=True)
class Look:
    """What is looked for, and by whom pictures are read (None: by nobody)."""

    wanted: Wanted
    detector: TextDetector | None = None

    def at_dicom(self, number: int, path: Path, days: Days, found: Findings) -> Header | None:
        """Look at a DICOM file: header, bytes, pictures; gives its header, None for a file that is not sound."""
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            try:
                header = read_header(data)
            except DicomError as problem:
                found.unseen.append((number, str(problem)))
                self.at_bytes(number, data, found)
                return None
            for place, vr, text in texts(header.elements):
                found.add(number, place, self._said(text, vr, days, place))
            self.at_bytes(number, data, found, _samples(header))
            if header.transfer_syntax in DEFLATED_DATASETS:
                self.at_bytes(number, inflate(data, header.dataset_offset), found, _samples(header))
        if _PIXELS in header.elements or any(key.startswith("60") for key in header.elements):
            self._at_pictures(number, path, days, found)
        return header

    def at_resource(self, number: int, resource: Json, days: Days, found: Findings) -> None:
        """Look at all texts of a FHIR resource."""
        for place, field, text in fhir_values.texts(resource):
            vr = "code" if field in fhir_values.CODED else "text"
            found.add(number, place, self._said(text, vr, days, place))

    def at_other(self, number: int, path: Path, days: Days, found: Findings) -> None:
        """Look at a file of another kind: as a text, where it is one, and at its bytes."""
        data = path.read_bytes()
        if len(data) <= _MOST_TEXT:
            with suppress(UnicodeDecodeError):
                for how, said in readings(data.decode()):
                    found.add(number, f"text{how}", self._said(said, "text", days))
        self.at_bytes(number, data, found)

    def at_name(self, number: int, name: str, found: Findings) -> None:
        """Look at the name of a file."""
        found.add(number, "name of the file", [*self.wanted.find(name, "text"), *self._uids(name)])

    def _uids(self, name: str) -> Iterator[Value]:
        for part in re.findall(r"\d+(?:\.\d+)+", name):
            yield from self.wanted.find(part, "UI")

    def _said(self, text: str, vr: str, days: Days, place: str = "") -> Iterator[Value]:
        yield from self.wanted.find(text, vr)
        yield from days.find(text, place)

    def at_bytes(self, number: int, data: bytes | mmap, found: Findings, samples: range = range(0)) -> None:
        """Look at bytes, and at packed parts of documents in them, for values not found in the file yet.

        `samples` are the bytes of plain pixels, which are no text, but may look like one.
        """
        seen = set(found.values_of(number))
        for begin, end in ((0, samples.start), (samples.stop, len(data))):
            for at, value in self.wanted.needles.find(data, begin, end):
                if value not in seen:
                    seen.add(value)
                    found.add(number, f"byte {at}", [value])
        if data.find(b"endstream") >= 0:
            for part in _unpacked(bytes(data)):
                found.add(number, "document", (value for _, value in self.wanted.needles.find(part)))

    def _at_pictures(self, number: int, path: Path, days: Days, found: Findings) -> None:
        if self.detector is None:
            return
        seen = read_pictures(path, self.wanted.with_days(days), self.detector)
        found.pictures = (found.pictures or 0) + 1
        if seen.refusal:
            found.unseen.append((number, f"Its pixels were not looked at: {seen.refusal}"))
        for leak in seen.leaks:
            values = [*self.wanted.find(leak.text), *days.find(leak.text)]
            values = [value for value in values if value.info_type == leak.info_type]
            read = values or [Value(leak.info_type, leak.text, "misread", "pixels")]
            found.add(number, f"frame {leak.frame} at {leak.place[0]},{leak.place[1]}", read)


def texts(elements: Mapping[str, Json], path: str = "") -> Iterator[tuple[str, str, str]]:
    """Every value of a header that is a text: place, VR, text as it is and as it may be read."""
    for key, element in elements.items():
        place, vr = f"{path}{name_of(int(key, 16))}", element["vr"]
        for value in element.get("Value", ()):
            if vr == "SQ":
                yield from texts(value, f"{place}.")
                continue
            for text in value.values() if isinstance(value, dict) else [] if value is None else [str(value)]:
                for how, said in readings(text):
                    yield f"{place}{how}", "text" if how else "code" if place.endswith(_CODED) else vr, said


def _samples(header: Header) -> range:
    """Where the pixels lie that are not compressed, without what follows the last frame."""
    places = (each for each in header.bulk if each.path == _PIXELS and not each.encapsulated)
    return next((range(each.offset, each.offset + _shown(header, each)) for each in places), range(0))


def _shown(header: Header, pixels: Bulk) -> int:
    """The bytes of the pixels that frames are made of; all where nobody can tell."""
    try:
        return min(pixels.length, frames.native_length(header.elements))
    except UnsupportedError:
        return pixels.length


def resources_in(path: Path) -> list[Json]:
    """The resources of a file of JSON or NDJSON, those of bundles one by one; none where it holds no FHIR."""
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        documents = [json.loads(text)]
    except ValueError:
        try:
            documents = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            return []
    found = [each for document in documents for each in (document if isinstance(document, list) else [document])]
    return [each for document in found if isinstance(document, dict) for each in _resources(document)]


def _resources(document: Json) -> Iterator[Json]:
    if document.get("resourceType") == "Bundle":
        entries = document.get("entry") or []
        yield from (each["resource"] for each in entries if isinstance(each, dict) and "resource" in each)
    elif isinstance(document.get("resourceType"), str):
        yield document


def _unpacked(data: bytes) -> Iterator[bytes]:
    """The packed streams of documents (PDF: FlateDecode)."""
    for match in _STREAM.finditer(data):
        try:
            yield zlib.decompressobj().decompress(match[1])
        except zlib.error:
            continue
