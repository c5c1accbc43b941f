"""What the handlers share: names from paths, permissions, conditions, pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.errors import precondition_failed
from emulator.gateway import paging
from emulator.gateway.request import Request
from emulator.services.bigquery import decorators, errors
from emulator.services.bigquery.names import DATASET_ID, TABLE_ID, DatasetName, TableName
from emulator.state.resources import Resource

MAX_PAGE = 1000


def project_of(request: Request) -> str:
    """The project of the path, by its id."""
    return request.context.project_id(request.path["projectId"])


def on_project(request: Request) -> str:
    """The project of the path, for permission checks."""
    return f"projects/{project_of(request)}"


def dataset_of(request: Request) -> DatasetName:
    """The dataset of the path."""
    return DatasetName(project_of(request), request.path["datasetId"])


def on_dataset(request: Request) -> str:
    """The dataset of the path, for permission checks."""
    return dataset_of(request).resource


def table_of(request: Request) -> TableName:
    """The table of the path without its decorators ($20200101, @1577836800000)."""
    return decorators.split(decorators.split_time(written_table(request))[0])[0]


def written_table(request: Request) -> TableName:
    """The table of the path with its decorators."""
    return dataset_of(request).table(request.path["tableId"])


def on_table(request: Request) -> str:
    """The table of the path, for permission checks."""
    return table_of(request).resource


def check_dataset_id(identifier: str) -> None:
    """Raise a 400 for an id that BigQuery refuses."""
    if not DATASET_ID.match(identifier):
        raise errors.invalid(
            f'Invalid dataset ID "{identifier}". Dataset IDs must be alphanumeric (plus underscores) and must be at '
            "most 1024 characters long."
        )


def check_table_id(identifier: str) -> None:
    """Raise a 400 for an id that BigQuery refuses."""
    if not TABLE_ID.match(identifier):
        raise errors.invalid(
            f'Invalid table ID "{identifier}". Table IDs must be alphanumeric (plus underscores and dashes) and must '
            "be at most 1024 characters long."
        )


def check_etag(request: Request, resource: Resource) -> None:
    """Raise a 412 where If-Match names another version."""
    wanted = request.headers.get("if-match")
    if wanted and wanted.strip('"') not in ("*", resource.etag):
        raise precondition_failed("Precondition check failed: the resource has changed since the etag was read.")


def merge(old: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """A body after a PATCH: null clears a field; labels are merged key by key, null deletes one."""
    body = dict(old)
    for key, value in patch.items():
        if key == "labels" and isinstance(value, dict):
            labels = {**(body.get("labels") or {}), **value}
            body["labels"] = {label: text for label, text in labels.items() if text is not None}
        elif value is None:
            body.pop(key, None)
        else:
            body[key] = value
    return body


def asked_page(request: Request, default: int, *kinds: type) -> paging.Asked:
    """The page that a list method asks for by maxResults and pageToken; kinds as for paging.asked."""
    return paging.asked(request.query, default, MAX_PAGE, *kinds, size="maxResults", refuse=errors.invalid)


def asked_rows(request: Request, default: int) -> paging.Asked:
    """The rows that are asked for: by maxResults, and from the pageToken, or else from startIndex on."""
    page = asked_page(request, default)
    if request.query.get("maxResults") == 0:  # no rows: callers that want the schema, or how many there are
        page = paging.Asked(0, page.after)
    start = paging.whole(request.query, "startIndex", refuse=errors.invalid)
    return page if page.after or not start else paging.Asked(page.size, (start,))
