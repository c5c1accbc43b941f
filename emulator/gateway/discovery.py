"""Google's discovery documents read as a specification: methods, their paths, parameters and schemas.

Google's own lie in emulator/data/discovery/google as `python -m emulator.extract` took them from
google-api-python-client; what those lack, or have in too large a form, is beside that folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
from isal import isal_zlib

OWN = Path(__file__).resolve().parent.parent / "data" / "discovery"
GOOGLES = OWN / "google"
FRAGMENTS = [OWN]
"""Folders of our own fragments, the first that has one first. A package that adds methods adds its folder."""
_GZIP = 31  # zlib's window bits for a gzip header
IAM_SCOPE = "https://www.googleapis.com/auth/iam"
"""Of IAM's own; its documents do not name it, but Google's clients impersonate accounts with it alone."""


@dataclass(frozen=True, eq=False)
class Parameter:
    """One declared parameter of a method."""

    name: str
    location: str
    type: str
    format: str | None = None
    repeated: bool = False
    required: bool = False
    enum: frozenset[str] | None = None
    pattern: re.Pattern[str] | None = None


class Method:
    """One method of a document: what a handler registers under, and how a request for it looks.

    id is Google's ("healthcare.projects.locations.datasets.get"), http the verb, template the path with its variables,
    flat_path the same path segment by segment. is_media says that request or response is raw bytes (HttpBody).
    """

    def __init__(self, spec: dict[str, Any], document: Document) -> None:
        self._spec = spec
        self.document = document
        self.id: str = spec["id"]
        self.http: str = spec["httpMethod"]
        self.template: str = document.service_path + spec["path"]
        self.flat_path: str = document.service_path + spec.get("flatPath", spec["path"])
        self.request: str | None = spec["request"]["$ref"] if "request" in spec else None
        self.response: str | None = spec["response"]["$ref"] if "response" in spec else None
        self.is_media = "HttpBody" in (self.request, self.response)
        protocols = spec["mediaUpload"]["protocols"] if "mediaUpload" in spec else {}
        self.upload_paths: tuple[str, ...] = tuple(p["path"].lstrip("/") for p in protocols.values())

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """Every declared parameter by name, in the document's order."""
        return {name: _parameter(name, p) for name, p in self._spec.get("parameters", {}).items()}

    @cached_property
    def query_parameters(self) -> dict[str, Parameter]:
        """The parameters that travel in the query string."""
        return {name: p for name, p in self.parameters.items() if p.location == "query"}

    @property
    def is_whole_message(self) -> bool:
        """Whether the body is the whole request message and not a resource in it."""
        return self.request is not None and self.request.endswith("Request")

    @cached_property
    def scopes(self) -> frozenset[str]:
        """The OAuth scopes of which a token needs one; empty where the document names none."""
        found = frozenset(self._spec.get("scopes", ()))
        return found | {IAM_SCOPE} if found and self.service in ("iam", "iamcredentials") else found

    @cached_property
    def service(self) -> str:
        """The first word of the id."""
        return self.id.split(".", 1)[0]


class Document:
    """One discovery document, for example healthcare.v1."""

    def __init__(self, name: str, raw: dict[str, Any]) -> None:
        self.name = name
        self.service_path: str = raw.get("servicePath", "")
        self.schemas: dict[str, Any] = raw.get("schemas", {})
        self.methods: tuple[Method, ...] = tuple(Method(spec, self) for spec in _walk(raw))

    def known(self, schema: str, value: dict[str, Any]) -> dict[str, Any]:
        """An object without the fields that its schema does not have, nor theirs."""
        properties = self.schemas[schema].get("properties")
        if properties is None:
            return value
        return {name: self._known(properties[name], each) for name, each in value.items() if name in properties}

    def _known(self, of: dict[str, Any], value: Any) -> Any:
        if isinstance(value, list):
            return [self._known(of.get("items", {}), each) for each in value]
        return self.known(of["$ref"], value) if "$ref" in of and isinstance(value, dict) else value


def load(name: str) -> Document:
    """Read the document `name` ("healthcare.v1beta1"); our own fragment first, where there is one.

    Raises FileNotFoundError for a name that there is no document of.
    """
    fragments = (folder / f"{name}.json" for folder in FRAGMENTS)
    path = next((path for path in fragments if path.exists()), None)
    return Document(name, orjson.loads(path.read_bytes()) if path is not None else unpacked(f"{name}.json.gz"))


def published(name: str) -> dict[str, Any] | None:
    """Google's whole document `name` as Google publishes it; None where there is none, as of our own fragments."""
    return unpacked(f"{name}.json.gz") if (GOOGLES / f"{name}.json.gz").exists() else None


def unpacked(file: str) -> dict[str, Any]:
    """The JSON object in a compressed file of emulator/data/discovery/google."""
    data: dict[str, Any] = orjson.loads(isal_zlib.decompress((GOOGLES / file).read_bytes(), _GZIP))
    return data


def _walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from node.get("methods", {}).values()
    for child in node.get("resources", {}).values():
        yield from _walk(child)


def _parameter(name: str, spec: dict[str, Any]) -> Parameter:
    pattern = spec.get("pattern")
    return Parameter(
        name=name,
        location=spec["location"],
        type=spec["type"],
        format=spec.get("format"),
        repeated=spec.get("repeated", False),
        required=spec.get("required", False),
        enum=frozenset(spec["enum"]) if "enum" in spec else None,
        pattern=re.compile(pattern) if pattern else None,
    )
