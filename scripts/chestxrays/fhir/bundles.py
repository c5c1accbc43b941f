"""A store's studies and their labels as transactions, one for each patient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from scripts.chestxrays.fhir import resources
from scripts.chestxrays.fhir.pictures import Picture
from scripts.chestxrays.fhir.resources import Labelled
from scripts.chestxrays.label_columns import TABLE
from scripts.tables import columns

if TYPE_CHECKING:
    from scripts.connection import Connection

Json = dict[str, Any]
Labels = Mapping[str, Sequence[Labelled]]
"""What lists say of a study, by its UID: once for each release."""

_COLUMNS = ("study_instance_uid", "label_version", "findings", "age", "sex")


def labels_of(target: Connection) -> Labels:
    """The labels of all studies that the label table knows; empty where there is no such table."""
    found: dict[str, dict[str, Labelled]] = defaultdict(dict)
    for study, version, findings, age, sex in columns(target, TABLE, _COLUMNS) or ():
        if study:
            new = Labelled(version, tuple(findings), age, sex or "")
            found[study][version] = _together(found[study].get(version), new)
    return {study: [each[1] for each in sorted(versions.items())] for study, versions in found.items()}


def _together(one: Labelled | None, other: Labelled) -> Labelled:
    """What is said of two films of one study."""
    if one is None:
        return other
    findings = tuple(dict.fromkeys((*one.findings, *other.findings)))
    age = one.age if one.age is not None else other.age
    return Labelled(one.version, findings, age, one.sex or other.sex)


def endpoint_bundle(dicomweb_url: str) -> Json:
    """The transaction that all others need first: where the images are."""
    return _transaction([resources.endpoint(dicomweb_url)])


def bundles_of(dicomweb_url: str, pictures: Iterable[Picture], labels: Labels) -> Iterator[tuple[str, Json]]:
    """A transaction for each patient, named after the Patient's id, in the order of the ids in the DICOM store."""
    for _, group in groupby(sorted(pictures, key=_order), key=lambda each: each.patient):
        made = list(_of_patient(dicomweb_url, list(group), labels))
        yield str(made[0]["id"]), _transaction(made)


def _order(picture: Picture) -> tuple[object, ...]:
    number = int(picture.number) if picture.number.isascii() and picture.number.isdigit() else 0
    return picture.patient, picture.study, picture.series, number, picture.instance


def _of_patient(dicomweb_url: str, pictures: Sequence[Picture], labels: Labels) -> Iterator[Json]:
    where = resources.endpoint(dicomweb_url)
    studies = [(uid, list(group)) for uid, group in groupby(pictures, key=lambda each: each.study)]
    said = [each for uid, _ in studies for each in labels.get(uid, ())]
    subject = resources.patient(dicomweb_url, pictures, said)
    yield subject
    for uid, group in studies:
        images = resources.study(subject, where, group)
        yield images
        for labelled in labels.get(uid, ()):
            results = resources.observations(subject, images, labelled)
            yield from results
            yield resources.report(subject, images, labelled, results)


def _transaction(made: Iterable[Json]) -> Json:
    entries = []
    for resource in made:
        relative = f"{resource['resourceType']}/{resource['id']}"
        entries.append({"resource": resource, "request": {"method": "PUT", "url": relative}})
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}
