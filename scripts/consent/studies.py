"""Studies of the DICOM store as a consent store knows them: the data id of a study is its path in DICOMweb."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.consent.policies import attributes_of
from scripts.console import progress
from scripts.dicomweb import DicomWeb, value
from scripts.errors import CommandError, ExitCode
from scripts.parallel import run_parallel

if TYPE_CHECKING:
    from scripts.connection import Connection
    from scripts.consent.service import ConsentStore

Json = dict[str, Any]
_PATIENT_ID, _STUDY = "00100020", "0020000D"


def data_id(target: Connection, word: str) -> str:
    """The data id of a study by its UID; a text with a slash is a data id already."""
    return word if "/" in word else f"{_prefix(target)}{word}"


def study_of(target: Connection, data: str) -> str | None:
    """The UID of the study that a data id is of; None for other data."""
    prefix = _prefix(target)
    uid = data.removeprefix(prefix)
    return uid if data.startswith(prefix) and uid and "/" not in uid else None


def _prefix(target: Connection) -> str:
    return f"{target.outputs.dicom_store_name}/dicomWeb/studies/"


@dataclass
class Mapped:
    """What became of studies: new, changed, there already; and those that say no patient."""

    new: int = 0
    changed: int = 0
    there: int = 0
    without_patient: int = 0


def map_studies(
    target: Connection, store: ConsentStore, where: list[tuple[str, str]], attributes: Mapping[str, list[str]]
) -> Mapped:
    """Map each study that a search finds to its patient, by PatientID, with these resource attributes.

    A study that is mapped already to another patient, or with other attributes, is mapped anew.
    """
    there = {each["dataId"]: each for each in store.mappings()}
    done, wanted = Mapped(), attributes_of(attributes)
    todo: list[tuple[str | None, Json]] = []
    for study in DicomWeb(target).search("/studies", where, None):
        patient = value(study, _PATIENT_ID)
        if not patient:
            done.without_patient += 1
            continue
        mapping = {"dataId": data_id(target, value(study, _STUDY)), "userId": patient, "resourceAttributes": wanted}
        todo += _needed(mapping, there.get(mapping["dataId"]), done)
    mapped = 0
    with progress("Mapping", len(todo)) as bar:
        for _ in run_parallel(lambda each: _map(store, *each), todo):
            mapped += 1
            bar.advance()
    if mapped < len(todo):
        sentence = f"Stopped after {mapped:,} of {len(todo):,} mappings: run the same command again to make the others."
        raise CommandError(sentence, ExitCode.PARTLY_DONE)
    return done


def _needed(mapping: Json, there: Json | None, done: Mapped) -> Iterator[tuple[str | None, Json]]:
    """What is to be done for one study: the name of the mapping that is there, and how it should be."""
    if there is None:
        done.new += 1
        yield None, mapping
    elif (there["userId"], there.get("resourceAttributes", [])) != (mapping["userId"], mapping["resourceAttributes"]):
        done.changed += 1
        yield there["name"], mapping
    else:
        done.there += 1


def _map(store: ConsentStore, name: str | None, mapping: Json) -> None:
    if name is None:
        store.map(mapping)
    else:
        store.remap(name, mapping)


def studies_among(target: Connection, lines: Iterable[str]) -> list[str]:
    """The UIDs of this store's studies among data ids, a line each."""
    found = (study_of(target, line.strip()) for line in lines)
    return [uid for uid in found if uid is not None]
