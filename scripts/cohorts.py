"""Cohorts: the studies that a search in FHIR, or a query of tables, is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from scripts.errors import UsageError
from scripts.fhir.service import FhirStore, resources_of

if TYPE_CHECKING:
    from scripts.connection import Connection
    from scripts.fhir.service import Pairs

Json = dict[str, Any]

SEARCHED = ("ImagingStudy", "Observation", "DiagnosticReport", "Patient")
"""Types that lead to studies."""
_OID = "urn:oid:"
_READ_AT_ONCE = 100
_PATIENTS_AT_ONCE = 50
_COLUMNS = ("StudyInstanceUID", "study_instance_uid")


def studies_by_search(store: FhirStore, kind: str, pairs: Pairs) -> list[str]:
    """The StudyInstanceUIDs that a search is about, each once, in the order of its answer.

    An ImagingStudy is itself one; an Observation and a DiagnosticReport are about those that they name
    (Observation.derivedFrom, DiagnosticReport.imagingStudy); a Patient is about all of their own. Raises UsageError for
    a search of another type.
    """
    if kind not in SEARCHED:
        raise UsageError(f"{kind} leads to no study: search for {', '.join(SEARCHED[:-1])} or {SEARCHED[-1]}.")
    found = [each for each in resources_of(store.search(kind, pairs, strict=True)) if each["resourceType"] == kind]
    if kind == "Patient":
        found = list(_of_patients(store, [str(each["id"]) for each in found]))
    elif kind != "ImagingStudy":
        found = list(_read(store, dict.fromkeys(name for each in found for name in _named(each))))
    return list(dict.fromkeys(uid for each in found for uid in _uids(each)))


def _named(resource: Json) -> Iterator[str]:
    """The studies that a resource names, as ImagingStudy/id."""
    for reference in (*resource.get("derivedFrom", ()), *resource.get("imagingStudy", ())):
        text = str(reference.get("reference", ""))
        if text.startswith("ImagingStudy/"):
            yield text.partition("/_history/")[0]


def _read(store: FhirStore, relatives: Iterable[str]) -> Iterator[Json]:
    """Resources by Type/id; one that is gone is left out."""
    for group in _groups(relatives, _READ_AT_ONCE):
        entries = [{"request": {"method": "GET", "url": relative}} for relative in group]
        yield from resources_of(store.execute({"resourceType": "Bundle", "type": "batch", "entry": entries}))


def _of_patients(store: FhirStore, ids: Iterable[str]) -> Iterator[Json]:
    for group in _groups(ids, _PATIENTS_AT_ONCE):
        wanted = ",".join(f"Patient/{each}" for each in group)
        yield from resources_of(store.search("ImagingStudy", [("patient", wanted)], strict=True))


def _groups(items: Iterable[str], size: int) -> Iterator[tuple[str, ...]]:
    kept = list(items)
    for start in range(0, len(kept), size):
        yield tuple(kept[start : start + size])


def _uids(study: Json) -> Iterator[str]:
    """The StudyInstanceUID of an ImagingStudy, of whatever version (STU3 has it in uid)."""
    for text in (study.get("uid"), *(each.get("value") for each in study.get("identifier", ()))):
        if isinstance(text, str) and text.startswith(_OID):
            yield text.removeprefix(_OID)


def studies_by_query(target: Connection, sql: str) -> list[str]:
    """The studies that a query in GoogleSQL gives in its column StudyInstanceUID or study_instance_uid, each once.

    Raises UsageError for a query without such a column.
    """
    from google.cloud.bigquery import DatasetReference, QueryJobConfig

    dataset = DatasetReference(target.outputs.project, target.outputs.bigquery_dataset)
    rows = target.bigquery.query(sql, job_config=QueryJobConfig(default_dataset=dataset)).result()
    name = next((each.name for each in rows.schema if each.name in _COLUMNS), None)
    if name is None:
        raise UsageError(f"The query has no column {' or '.join(_COLUMNS)}, by which studies are known.")
    return list(dict.fromkeys(str(row[name]) for row in rows if row[name]))


def filter_lines(studies: Iterable[str]) -> str:
    """A filter file for Cloud Healthcare: a path a line (dicomStores.export: filterConfig)."""
    return "".join(f"/studies/{uid}\n" for uid in studies)
