"""A target looked at file by file for what its source knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.deidentify.dicom.known import patient_of
from emulator.dicom.errors import DicomError
from emulator.dicom.header import Header, read_header
from scripts.leaks import dicom_values, fhir_values
from scripts.leaks.comparing import Comparison
from scripts.leaks.findings import Findings
from scripts.leaks.looking import Look, resources_in
from scripts.leaks.pairing import Twins
from scripts.leaks.report import Report
from scripts.leaks.values import DATE, Value
from scripts.leaks.wanted import Calendar, Days, Wanted
from scripts.loading.dicom_files import has_dicom_prefix

if TYPE_CHECKING:
    from emulator.deidentify.image import TextDetector
    from scripts.console import Progress

Json = dict[str, Any]

_RESOURCES = (".json", ".ndjson", ".jsonl")


@dataclass
class _Source:
    """What the source says: values, and the days of each file, person and resource."""

    values: dict[Value, None] = field(default_factory=dict)
    common: set[str] = field(default_factory=set)
    headers: list[tuple[Path, list[Value], str]] = field(default_factory=list)
    persons: dict[str, dict[Value, None]] = field(default_factory=dict)
    resources: dict[str, list[Value]] = field(default_factory=dict)
    unread: int = 0
    _calendars: dict[str, Calendar] = field(default_factory=dict)

    def days_of(self, number: int) -> Days:
        """The days of a DICOM file by its number, once all files are read."""
        _, own, patient = self.headers[number]
        if patient not in self._calendars:
            self._calendars[patient] = Calendar(self.persons[patient])
        return Days(own, self._calendars[patient])

    def all_days(self) -> Days:
        """The days of everybody, where nobody knows whose a record is."""
        return Days((), Calendar(each for each in self.values if each.info_type == DATE), of_anybody=True)


@dataclass
class Checker:
    """Reads a source, then looks at a target.

    kept  attributes that the recipe keeps on purpose, by keyword: their values are not looked for
    """

    twins: Twins
    detector: TextDetector | None = None
    kept: frozenset[str] = frozenset()
    _source: _Source = field(default_factory=_Source)

    def check(self, source: Sequence[Path], target: Sequence[Path], labels: Sequence[str], bar: Progress) -> Report:
        """Look at all files of a target for values of those of a source; the labels name the target's in the report."""
        for path in source:
            self._read(path)
            bar.advance()
        known = self._source
        look = Look(Wanted(known.values, known.common), self.detector)
        found, compared, unpaired = Findings(), Comparison(), 0
        everybody = known.all_days()
        for number, (path, label) in enumerate(zip(target, labels, strict=True), 1):
            look.at_name(number, label, found)
            if has_dicom_prefix(path):
                unpaired += not self._look(look, number, path, everybody, found, compared)
            else:
                self._look_at_document(look, number, path, everybody, found)
            bar.advance()
        values = [*look.wanted.values, *(each for each in known.values if each.info_type == DATE)]
        return Report(len(source), known.unread, list(labels), values, found, compared, unpaired)

    def _read(self, path: Path) -> None:
        """Take in a file of the source."""
        if has_dicom_prefix(path):
            self._read_dicom(path)
        elif path.suffix.lower() in _RESOURCES and (resources := resources_in(path)):
            for resource in resources:
                self._read_resource(resource)
        else:
            self._source.unread += 1

    def _read_dicom(self, path: Path) -> None:
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            try:
                header = read_header(data)
            except DicomError:
                self._source.unread += 1
                return
            values = [each for each in dicom_values.known_values(header, data) if self._is_wanted(each)]
        days = [each for each in values if each.info_type == DATE]
        patient = patient_of(header)
        self._source.values.update(dict.fromkeys(values))
        self._source.common.update(dicom_values.common_words(header.elements))
        self._source.persons.setdefault(patient, {}).update(dict.fromkeys(days))
        self.twins.add(len(self._source.headers), path, header)
        self._source.headers.append((path, days, patient))

    def _is_wanted(self, value: Value) -> bool:
        return value.place.rpartition(".")[2] not in self.kept

    def _read_resource(self, resource: Json) -> None:
        values, days = list(fhir_values.known_values(resource)), list(fhir_values.days(resource))
        self._source.values.update(dict.fromkeys((*values, *days)))
        for each in self._ids(resource):
            self._source.resources[each] = days

    def _ids(self, resource: Json) -> Iterator[str]:
        """Under which names the twin of a resource may be found."""
        kind, old = resource.get("resourceType"), str(resource.get("id", ""))
        yield f"{kind}/{old}"
        if self.twins.secret is not None:
            yield f"{kind}/{self.twins.secret.identifier(old)}"

    def _look(
        self, look: Look, number: int, path: Path, everybody: Days, found: Findings, compared: Comparison
    ) -> bool:
        """Look at a DICOM file, and compare it with its source; False where that can't be told."""
        source = self._source_of(path)
        days = everybody if source is None else self._source.days_of(source)
        header = look.at_dicom(number, path, days, found)
        if header is None or source is None:
            return header is None
        original = self._source.headers[source][0]
        compared.add((original, _header(original)), (path, header))
        return True

    def _source_of(self, path: Path) -> int | None:
        try:
            return self.twins.source_of(path, _header(path))
        except DicomError:
            return None

    def _look_at_document(self, look: Look, number: int, path: Path, everybody: Days, found: Findings) -> None:
        resources = resources_in(path) if path.suffix.lower() in _RESOURCES else []
        if not resources:
            look.at_other(number, path, everybody, found)
        for resource in resources:
            own = self._source.resources.get(f"{resource.get('resourceType')}/{resource.get('id')}")
            look.at_resource(number, resource, everybody if own is None else Days(own, Calendar(own)), found)
        if resources:
            look.at_bytes(number, path.read_bytes(), found)


def _header(path: Path) -> Header:
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        return read_header(data)
