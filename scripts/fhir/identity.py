"""Ids that follow from what a resource is, so that loading it a second time changes nothing."""

from __future__ import annotations

import re
import uuid
from typing import Any

from emulator.fhir import parsing, references
from scripts.fhir.documents import entries_of

Json = dict[str, Any]

_NAMESPACE = uuid.UUID("0b5f1c0e-5a0f-5a4d-9d0c-6f0a3c1de7b1")
"""Of ids that follow from a content; made once, and never to be changed."""
_URN = "urn:uuid:"
_SERVER_S = ("versionId", "lastUpdated")
"""What a store sets in meta."""


def with_id(resource: Json) -> Json:
    """The resource, with an id that follows from its content where it has none."""
    if "id" in resource:
        return resource
    return {**resource, "id": str(uuid.uuid5(_NAMESPACE, parsing.canonical(resource).hex()))}


def repeatable(bundle: Json) -> Json:
    """The bundle with a PUT under an id of its own for each entry that is created, and references to that.

    The id is that of the entry's urn:uuid, or follows from the content. What is created only if nothing matches
    (ifNoneExist) can be sent twice as it is, and is left to the store. Changes the bundle.
    """
    names = {}
    for entry in entries_of(bundle):
        request, resource = entry.get("request"), entry.get("resource")
        if not isinstance(request, dict) or not isinstance(resource, dict):
            continue
        if request.get("method") != "POST" or request.get("ifNoneExist"):
            continue
        url = str(entry.get("fullUrl", ""))
        entry["resource"] = named = _identified(resource, url)
        relative = f"{named.get('resourceType')}/{named['id']}"
        entry["request"] = {**request, "method": "PUT", "url": relative}
        names[url] = relative
    for entry in entries_of(bundle):
        if isinstance(entry.get("resource"), dict):
            references.rewrite(entry["resource"], names.get)
    return bundle


def _identified(resource: Json, url: str) -> Json:
    if url.startswith(_URN):
        return {**resource, "id": url.removeprefix(_URN)}
    return with_id(resource)


def is_same(new: Any, old: Any) -> bool:
    """Whether a store holds a resource already: as it was sent, but for what the store sets or resolves itself.

    It sets the version and time in meta, and puts Type/id in the place of a conditional reference or a URN.
    """
    return _equal(_without_version(new), _without_version(old))


def _without_version(resource: Json) -> Json:
    meta = {name: each for name, each in (resource.get("meta") or {}).items() if name not in _SERVER_S}
    rest = {name: each for name, each in resource.items() if name != "meta"}
    return rest | ({"meta": meta} if meta else {})


def _equal(new: Any, old: Any) -> bool:
    if isinstance(new, dict) and isinstance(old, dict):
        return new.keys() == old.keys() and all(
            _equal(each, old[name]) or (name == "reference" and _resolved(each, old[name]))
            for name, each in new.items()
        )
    if isinstance(new, list) and isinstance(old, list):
        return len(new) == len(old) and all(map(_equal, new, old))
    return str(new) == str(old) if isinstance(new, float) and isinstance(old, float) else bool(new == old)


def _resolved(new: object, old: object) -> bool:
    if not isinstance(new, str) or not isinstance(old, str):
        return False
    conditional = re.match(r"([A-Za-z]+)\?", new)
    return old.startswith(f"{conditional[1]}/") if conditional else new.startswith("urn:") and "/" in old
