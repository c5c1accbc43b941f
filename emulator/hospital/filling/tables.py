"""The hospital in BigQuery, by what Google has for it: exports of the stores, and loads of what they write to files.

`dicom` has the films' metadata, `Patient` and so on the FHIR resources. HL7v2 stores export to files only, which are
loaded into `hl7v2_messages`, and consent stores list the data that may be used: `research` has that of a purpose.
"""

from __future__ import annotations

import time
from typing import Any

from emulator.hospital.filling.api import Api, Refusal
from emulator.hospital.filling.places import Places

Json = dict[str, Any]
PURPOSE = "research"
"""The purpose for which the table of that name lists what may be used."""
_DONE = "hospital_tables"
"""The label of a dataset whose tables have all that the stores have."""
_POLL_SECONDS = 0.05
_MESSAGES: list[Json] = [
    {"name": "name", "type": "STRING"},
    {"name": "messageType", "type": "STRING"},
    {"name": "sendFacility", "type": "STRING"},
    {"name": "sendTime", "type": "TIMESTAMP"},
    {
        "name": "patientIds",
        "type": "RECORD",
        "mode": "REPEATED",
        "fields": [{"name": "value", "type": "STRING"}, {"name": "type", "type": "STRING"}],
    },
    {"name": "parsedData", "type": "JSON"},
]


def outdate(api: Api, places: Places) -> None:
    """Note that the tables lack what is about to be stored."""
    _label(api, places, None)


def make(api: Api, places: Places) -> bool:
    """Make the tables anew, unless they have all that the stores have already; whether they were made."""
    if (api.call("GET", _dataset(places)).get("labels") or {}).get(_DONE):
        return False
    uri = f"bq://{places.project}.{places.bigquery}"
    table = {"tableUri": f"{uri}.dicom", "writeDisposition": "WRITE_TRUNCATE"}
    api.operate(f"/v1/{places.dicom}:export", {"bigqueryDestination": table})
    shape = {"schemaType": "ANALYTICS_V2", "recursiveStructureDepth": 3}
    rows = {"datasetUri": uri, "schemaConfig": shape, "writeDisposition": "WRITE_TRUNCATE"}
    api.operate(f"/v1/{places.fhir}:export", {"bigqueryDestination": rows})
    _load_messages(api, places)
    _load_permitted(api, places)
    _label(api, places, "complete")
    return True


def _load_messages(api: Api, places: Places) -> None:
    """The messages with what was parsed of them, but for their bytes."""
    folder = f"gs://{places.bucket}/hl7v2/{time.time_ns()}"
    destination = {"uriPrefix": folder, "contentStructure": "MESSAGE_JSON", "messageView": "FULL"}
    api.operate(f"/v1/{places.hl7v2}:export", {"gcsDestination": destination})
    load = {"sourceFormat": "NEWLINE_DELIMITED_JSON", "ignoreUnknownValues": True, "sourceUris": [f"{folder}/*"]}
    _load(api, places, "hl7v2_messages", _MESSAGES, load)


def _load_permitted(api: Api, places: Places) -> None:
    """The studies whose patients agreed to the purpose, by their data ids."""
    asked = {
        "requestAttributes": {"purpose": PURPOSE},
        "gcsDestination": {"uriPrefix": f"gs://{places.bucket}/consent"},
    }
    found = api.operate(f"/v1/{places.consent}:queryAccessibleData", asked)
    load = {"sourceFormat": "CSV", "sourceUris": found["gcsUris"]}
    _load(api, places, PURPOSE, [{"name": "data_id", "type": "STRING"}], load)


def _load(api: Api, places: Places, table: str, fields: list[Json], load: Json) -> None:
    target = {"projectId": places.project, "datasetId": places.bigquery, "tableId": table}
    wish = {"destinationTable": target, "schema": {"fields": fields}, "writeDisposition": "WRITE_TRUNCATE", **load}
    jobs = f"/bigquery/v2/projects/{places.project}/jobs"
    job = api.call("POST", jobs, {"configuration": {"load": wish}})
    while job["status"]["state"] != "DONE":
        time.sleep(_POLL_SECONDS)
        job = api.call("GET", f"{jobs}/{job['jobReference']['jobId']}?location={job['jobReference']['location']}")
    if "errorResult" in job["status"]:
        raise Refusal(0, f"The table {table} could not be loaded: {job['status']['errorResult'].get('message')}")


def _dataset(places: Places) -> str:
    return f"/bigquery/v2/projects/{places.project}/datasets/{places.bigquery}"


def _label(api: Api, places: Places, value: str | None) -> None:
    api.call("PATCH", _dataset(places), {"labels": {_DONE: value}})
