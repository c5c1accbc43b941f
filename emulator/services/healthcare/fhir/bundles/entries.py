"""The entries of a bundle as interactions: what each asks for, read and checked before anything is done."""

import base64
import binascii
import re
from dataclasses import dataclass, replace
from typing import Any

from emulator.fhir import outcomes, patches
from emulator.fhir.outcomes import Refused
from emulator.fhir.search.moments import moment
from emulator.services.healthcare.fhir import checks, errors
from emulator.services.healthcare.fhir.conditions import NONE, Conditions, names
from emulator.services.healthcare.fhir.stored import Json, Store, Version

VERBS = ("DELETE", "POST", "PUT", "PATCH", "GET")
_CONDITIONS = ("ifMatch", "ifNoneMatch", "ifModifiedSince", "ifNoneExist")
_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3}
_STORE = re.compile(r"(?:https?://[^/]+/v1(?:beta1)?/)?projects/.+?/fhirStores/[^/]+/fhir/")
_FULL_URL = re.compile(
    r"urn:uuid:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|urn:oid:[0-2](\.\d+)+|https?://\S+", re.ASCII
)
_PATCH_TYPES = ("application/json-patch+json", "application/json-patch")


@dataclass(frozen=True, slots=True)
class Entry:
    """One interaction of a bundle."""

    place: int
    """Its number in the bundle, from 0."""
    method: str
    type: str
    id: str = ""
    criteria: str = ""
    """Of a conditional interaction: the search in its URL, or in ifNoneExist of a POST."""
    version: str = ""
    """Of a GET: the version after _history/."""
    history: bool = False
    """Of a GET: whether the history of the resource is asked for."""
    full_url: str = ""
    resource: Json | None = None
    operations: list[Json] | None = None
    """Of a PATCH."""
    conditions: Conditions = NONE
    modified_since: int | None = None
    """Of a GET: the time of what the caller has, in microseconds since 1970."""

    def has(self, version: Version) -> bool:
        """Whether the entry, a GET, says that its caller has this version: by ETag, else by time."""
        if self.conditions.none_match:
            return names(self.conditions.none_match, version.version_id)
        return self.modified_since is not None and version.at <= self.modified_since

    @property
    def order(self) -> int:
        """When it is processed in a transaction (FHIR: transaction processing rules)."""
        return _ORDER[self.method]

    @property
    def relative(self) -> str:
        """Type/id."""
        return f"{self.type}/{self.id}"


def kind_of(bundle: Json, *, with_history: bool) -> str:
    """batch, transaction or, where these are taken, history; refused for what is no bundle of these."""
    if bundle.get("resourceType") != "Bundle":
        raise outcomes.unparseable("invalid JSON: resourceType must be Bundle")
    kind = bundle.get("type")
    if kind not in ("batch", "transaction", *(("history",) if with_history else ())):
        of_v1beta1 = "; bundles of type history are executed by v1beta1" if kind == "history" else ""
        raise errors.bad_request("invalid_bundle", f"the type of the bundle must be batch or transaction{of_v1beta1}")
    return str(kind)


def raw_entries(bundle: Json) -> list[Any]:
    """The entries of a bundle as they came; refused where they are no list."""
    entries = bundle.get("entry")
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise outcomes.unparseable("expected array", "Bundle.entry")
    return entries


def read(store: Store, place: int, given: Any) -> Entry:
    """One entry; refused, with its place, for one that asks for nothing that can be done."""
    try:
        entry = _read(store, place, given)
    except Refused as refused:
        raise refused.within(f"Bundle.entry[{place}].request") from None
    try:
        return replace(entry, **_content(store, entry, given.get("resource")))
    except Refused as refused:
        raise refused.within(resource_at(place)) from None


def resource_at(place: int) -> str:
    """Where the resource of an entry is, as Google's parser has it."""
    return f"Bundle.entry[{place}].resource"


def _read(store: Store, place: int, given: Any) -> Entry:
    """What the entry asks for, without its resource."""
    request = given.get("request") if isinstance(given, dict) else None
    if not isinstance(request, dict):
        raise errors.bad_request("invalid_bundle", "the entry has no request")
    method, url = request.get("method"), request.get("url")
    if method not in VERBS or not isinstance(url, str):
        raise errors.bad_request(
            "invalid_bundle", f"the entry's request needs a url, and a method of {', '.join(VERBS)}"
        )
    texts = {name: request.get(name) or "" for name in _CONDITIONS}
    full_url = given.get("fullUrl") or ""
    if not all(isinstance(text, str) for text in (*texts.values(), full_url)):
        raise errors.bad_request("invalid_bundle", f"{', '.join(_CONDITIONS)} and fullUrl must be strings")
    if full_url and store.version == "R5" and not _FULL_URL.fullmatch(full_url):
        raise errors.bad_request("invalid_bundle", f"invalid fullUrl {full_url[:80]!r}")
    target = _target(store, method, url)
    return Entry(
        place,
        method,
        full_url=full_url,
        conditions=Conditions(texts["ifMatch"], texts["ifNoneMatch"]),
        modified_since=found[1] - 1 if (found := moment(texts["ifModifiedSince"])) else None,
        **{**target, "criteria": texts["ifNoneExist"] if method == "POST" else target["criteria"]},
    )


def _target(store: Store, method: str, url: str) -> dict[str, Any]:
    """What a URL names, as fields of an entry."""
    path, _, criteria = _STORE.sub("", url).lstrip("/").partition("?")
    resource_type, *rest = path.rstrip("/").split("/")
    store.require_type(resource_type)
    target: dict[str, Any] = {"type": resource_type, "criteria": criteria, "id": "", "version": "", "history": False}
    if rest:
        target |= {"id": checks.require_id(rest[0]), "criteria": ""}
    allowed = {"POST": not rest, "GET": bool(rest)}.get(method, bool(rest) or bool(criteria))
    if len(rest) > 1:
        target |= {"history": len(rest) == 2, "version": rest[2] if len(rest) == 3 else ""}
        allowed = method == "GET" and rest[1] == "_history" and len(rest) <= 3
    if not allowed:
        what = "a search" if method == "GET" and not rest else f"{method} {url[:80]}"
        raise errors.bad_request("invalid_bundle", f"{what} can't be an entry of a bundle")
    return target


def _content(store: Store, entry: Entry, given: Any) -> dict[str, Any]:
    if entry.method in ("GET", "DELETE"):
        return {}
    if not isinstance(given, dict):
        raise errors.bad_request("invalid_bundle", "the entry has no resource")
    if entry.method == "PATCH":
        return {"operations": _operations(given)}
    checks.resource(store, given, entry.type)
    if entry.method == "PUT" and entry.id:
        checks.same_id(given, entry.id)
    return {"resource": given}


def _operations(given: Json) -> list[Json]:
    """The JSON Patch in a Binary, as FHIR has it in bundles."""
    if given.get("resourceType") != "Binary" or given.get("contentType") not in _PATCH_TYPES:
        raise errors.bad_request(
            "invalid_patch", f"the resource of a PATCH must be a Binary with contentType {_PATCH_TYPES[0]}"
        )
    data = given.get("data") or given.get("content") or ""
    try:
        return patches.parse(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError, TypeError) as problem:
        if isinstance(problem, Refused):
            raise
        raise errors.bad_request("invalid_patch", "the data of the Binary are no base64") from None
