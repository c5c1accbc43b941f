"""What a sample request of a method holds: its path and query with variables, its headers, its body."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from emulator.gateway.discovery import Method, published

Json = dict[str, Any]
BODIES: dict[str, Any] = json.loads(Path(__file__).with_name("bodies.json").read_text())
"""Bodies that say more than what a method requires, by its id, with ${VARIABLE} as in paths."""
VARIABLE = re.compile(r"\{\+?([^}]+)\}")
NAMED = re.compile(r"\$\{([A-Za-z0-9_]+)\}")
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
FHIR, PATCH = "application/fhir+json", "application/json-patch+json"
DICOM, BYTES = "application/dicom", "application/octet-stream"
FILES = {DICOM: "instance.dcm", BYTES: "object"}
"""The file that a body is taken from, by its content type."""
_ID = re.compile(r"(?<=.)Id\d?$")
_PROJECTS = ("project", "projectsId", "projectId", "resource", "v1Id1", "v1beta1Id1")
_USUAL = {
    "locationsId": "us-central1",
    "studiesId": "1.2.3",
    "seriesId": "1.2.3.1",
    "instancesId": "1.2.3.1.1",
    "framesId": "1",
    "fhirId": "Patient",
    "fhirId1": "example",
    "resourceType": "Patient",
    "PatientId": "example",
    "v1Id": "projects",
    "v1beta1Id": "projects",
    "updateMask": "labels",
}
_FIELDS = 24
"""How many fields of a body are named at most."""


@dataclass(frozen=True)
class Sample:
    """A request that reaches a method.

    path and body have ${VARIABLE} for what a caller chooses; body is None for a request without one, and an empty text
    where it is a file's bytes. notes say what else can be sent, a line each.
    """

    method: Method
    path: str
    content_type: str
    body: str | None
    notes: tuple[str, ...]

    @property
    def variables(self) -> list[str]:
        """The variables of path and body, in the order in which they come."""
        return list(dict.fromkeys(NAMED.findall(self.path + (self.body or ""))))


def sample(method: Method) -> Sample:
    """The sample of one method."""
    content_type, body = _content(method)
    return Sample(method, _path(method), content_type, body, tuple(_notes(method)))


def value_of(variable: str, project: str) -> str:
    """What a variable is where nobody says otherwise."""
    if variable in _PROJECTS:
        return project
    if variable in _USUAL:
        return _USUAL[variable]
    if _ID.search(variable):
        variable = re.sub(r"(ie)?s$", lambda found: "y" if found[1] else "", _ID.sub("", variable))
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"-{found[1].lower()}", variable).lower()


def values(samples: Iterable[Sample], project: str) -> dict[str, str]:
    """What each variable of some samples is where nobody says otherwise, in the order in which they come."""
    return {name: value_of(name, project) for each in samples for name in each.variables}


def _path(method: Method) -> str:
    """Path and query. A create takes the id of what it makes, which no document calls required."""
    template = method.upload_paths[0] if _is_upload(method) else method.flat_path
    path = VARIABLE.sub(r"${\1}", template)
    query = ["uploadType=media", "name=${object}"] if _is_upload(method) else []
    query += [f"{name}=${{{_chosen(method, name)}}}" for name in _wanted(method)]
    return f"/{path}{'?' if query else ''}{'&'.join(query)}"


def _wanted(method: Method) -> list[str]:
    """The parameters of the query that a sample has."""
    makes = method.http == "POST" and method.id.endswith(".create")
    return [name for name, each in method.query_parameters.items() if each.required or (makes and name.endswith("Id"))]


def _chosen(method: Method, parameter: str) -> str:
    """The variable of a parameter: the id of what is made has that by which the paths of what is made name it."""
    collection = method.flat_path.rsplit("/", 1)[1]
    return f"{collection}Id" if collection.startswith(parameter[:4]) else parameter


def _is_upload(method: Method) -> bool:
    return bool(method.upload_paths) and method.id.endswith((".insert", ".import"))


def _content(method: Method) -> tuple[str, str | None]:
    """Content type and body, as Sample has them."""
    if _is_upload(method):
        return BYTES, ""
    if method.request is None:
        return "", None
    if "/dicomWeb/" in method.flat_path and method.is_media:
        return DICOM, ""
    if method.flat_path.endswith("/_search"):
        return FORM, "_count=10"
    content_type = (PATCH if method.http == "PATCH" else FHIR) if method.is_media else JSON
    return content_type, json.dumps(_body(method), indent=2, ensure_ascii=False)


def _body(method: Method) -> Any:
    """The body that bodies.json has for a method, else what its document calls required."""
    if method.id in BODIES:
        return BODIES[method.id]
    return _required(_schemas(method.document.name), method.request or "", ())


@cache
def _schemas(document: str) -> Json:
    """The schemas of a document with their descriptions; none of our own fragments."""
    found: Json = (published(document) or {}).get("schemas", {})
    return found


def _required(schemas: Json, name: str, above: tuple[str, ...]) -> Json:
    fields = schemas.get(name, {}).get("properties", {})
    return {
        field: _placeholder(schemas, field, spec, (*above, name))
        for field, spec in fields.items()
        if spec.get("description", "").startswith("Required.") and spec.get("$ref") not in above
    }


def _placeholder(schemas: Json, field: str, spec: Json, above: tuple[str, ...]) -> Any:
    if "$ref" in spec:
        return _required(schemas, spec["$ref"], above)
    if "enum" in spec:
        return next((each for each in spec["enum"] if not each.endswith("_UNSPECIFIED")), spec["enum"][0])
    if spec.get("type") == "array":
        return [_placeholder(schemas, field, spec["items"], above)]
    if spec.get("type") == "object":
        return {}
    return {"boolean": False, "integer": 0, "number": 0}.get(spec.get("type", ""), f"${{{field}}}")


def _notes(method: Method) -> Iterator[str]:
    query = [name for name in method.query_parameters if name not in _wanted(method)]
    if query:
        yield f"query: {', '.join(query)}"
    properties = (
        _schemas(method.document.name).get(method.request or "", {}).get("properties", {})
        if not method.is_media
        else {}
    )
    fields = [name for name, spec in properties.items() if not _is_output(spec.get("description", ""))]
    if fields:
        yield f"body: {', '.join(fields[:_FIELDS])}{', ...' if len(fields) > _FIELDS else ''}"


def _is_output(description: str) -> bool:
    return description.startswith(("Output only.", "[Output Only]"))
