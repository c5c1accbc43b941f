"""Exports of what is new since the last one to the same place: studies that grew, resources and messages since a time.

What a store lost since then is not told: objects of an earlier export stay. An export is noted when it went well as a
whole, a study when all of it did; what was not is exported again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scripts.errors import UsageError
from scripts.exports.export import DICOM, FHIR, FOLDER, Export, Exported, Json, bucket_and_prefix
from scripts.ledger import Ledger, stamp, studies_in, went_well, what_is_new, write_filter

if TYPE_CHECKING:
    from scripts.connection import Connection

_LEDGER = "done.json"


@dataclass(frozen=True)
class Increment:
    """The export of what is new, and what notes that it is done."""

    export: Export
    note: Callable[[Exported], None]


def since_last(target: Connection, export: Export) -> Increment | None:
    """What an export to Cloud Storage is to bring since the last one that was told the same; None where nothing is new.

    Instances go where the last ones went. Resources and messages go to a folder of their own each time, named after the
    time, because the names of their objects are always the same; an export that was not seen to end is made again in
    its folder. Raises UsageError for another place than a bucket.
    """
    place = bucket_and_prefix(export.to)
    if place is None:
        raise UsageError("--since-last is for exports to Cloud Storage.")
    bucket, prefix = place
    told = json.dumps([export.store, export.body], sort_keys=True).encode()
    ledger = Ledger(target, bucket, f"{FOLDER}/{prefix}{_LEDGER}", hashlib.sha256(told).hexdigest())
    if export.kind is DICOM:
        return _new_studies(target, export, ledger, bucket)
    return _since(export, ledger, bucket, prefix)


def _new_studies(target: Connection, export: Export, ledger: Ledger, bucket: str) -> Increment | None:
    """The studies that are not in the ledger, or have another number of instances now."""
    if "filterConfig" in export.body:
        raise UsageError("--since-last and --filter exclude each other: it makes a filter of its own.")
    done, found = ledger.read(), studies_in(target)
    wanted = what_is_new(found, done)
    if not wanted:
        return None
    uri = write_filter(target, wanted, bucket, f"{FOLDER}/filters")

    def note(exported: Exported) -> None:
        well = went_well(wanted, exported.state, exported.failures)
        ledger.write({**done, **{uid: found[uid] for uid in well}})

    return Increment(replace(export, body={**export.body, "filterConfig": {"resourcePathsGcsUri": uri}}), note)


def _since(export: Export, ledger: Ledger, bucket: str, prefix: str) -> Increment:
    """What came since the last export began, into a folder of its own, or that of one which was not seen to end."""
    done = ledger.read()
    last, uri = done.get("since", ""), done.get("pending") or f"gs://{bucket}/{prefix}{stamp()}/"
    body = {**export.body, "gcsDestination": {**export.body["gcsDestination"], "uriPrefix": uri}}
    ledger.write({**done, "pending": uri})

    def note(exported: Exported) -> None:
        if not exported.state.failure:
            ledger.write({"since": exported.state.created})

    return Increment(replace(export, to=uri, body=body | _after(export, last)), note)


def _after(export: Export, last: str) -> Json:
    """The fields of a request for what came since a time, "" for all of it."""
    if not last:
        return {}
    if export.kind is FHIR:
        return {"_since": last}
    asked = export.body.get("filter", "")
    since = f'create_time >= "{last}"'
    return {"filter": f"({asked}) AND {since}" if asked else since}
