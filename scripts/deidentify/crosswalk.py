"""Old ids and new ones: as CSV, for whoever may undo a de-identification."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from scripts.dicomweb import DicomWeb, value
from scripts.errors import CommandError, UsageError

if TYPE_CHECKING:
    from emulator.deidentify.keys import Secret
    from scripts.connection import Connection

Pair = tuple[str, str]

NAMES = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "PatientID")
_TAGS = ("0020000D", "0020000E", "00080018", "00100020")


def as_csv(rows: Iterable[Sequence[Pair]]) -> str:
    """Rows of (old, new) for each of NAMES, with a head."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([f"{when}{name}" for name in NAMES for when in ("old", "new")])
    writer.writerows([part for pair in row for part in pair] for row in rows)
    return text.getvalue()


def write(target: Connection, secret: Secret) -> tuple[str, int]:
    """Write the crosswalk of all instances that have their twin; gives its URI and how many it has.

    Raises UsageError on Google Cloud, which says of no id what it became, CommandError where the stack has no bucket
    for it.
    """
    research = target.outputs.research
    if not target.emulated:
        raise UsageError("--crosswalk is for an emulator: Google Cloud says of no UID what it became.")
    if research is None or research.crosswalk_bucket is None:
        raise CommandError(
            f"Stack {target.outputs.stack} has no crosswalk bucket: set `pulumi config set"
            " healthcare-cloud-poc:crosswalk true`, then run `pulumi up`."
        )
    rows = list(_rows(target, secret, research.dicom_store_name))
    name = f"crosswalk-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.csv"
    target.storage.bucket(research.crosswalk_bucket).blob(name).upload_from_string(as_csv(rows), "text/csv")
    return f"gs://{research.crosswalk_bucket}/{name}", len(rows)


def _rows(target: Connection, secret: Secret, twin: str) -> Iterator[list[Pair]]:
    patients = {found[2]: found[3] for found in _instances(DicomWeb(target, twin))}
    for old in _instances(DicomWeb(target)):
        new = [secret.uid(uid) for uid in old[:3]]
        if new[2] in patients:
            yield [*zip(old[:3], new, strict=True), (old[3], patients[new[2]])]


def _instances(web: DicomWeb) -> Iterator[list[str]]:
    found = web.search("/instances", [("includefield", "00100020")], None)
    return ([value(each, tag) for tag in _TAGS] for each in found)
