"""A FHIR store's REST API, with the HTTP session of Google's own library: refusals keep their OperationOutcome.

Google's discovery client has no searches with parameters of one's own, hence plain HTTP, as Google's samples do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from emulator.fhir import parsing
from emulator.fhir.outcomes import Refused
from scripts.connection import TIMEOUT_SECONDS, Connection
from scripts.errors import ApiFailure
from scripts.patience import patiently

if TYPE_CHECKING:
    from infra.outputs import FhirStoreOutputs

Json = dict[str, Any]
Pairs = list[tuple[str, str]]

PAGE = 1000
"""Resources a page: the most that Google gives (FHIR search)."""
_JSON = "application/fhir+json"
_PLACE = re.compile(r"[A-Za-z0-9_.\[\]]{1,300}")
_ENTRY = re.compile(r"Bundle\.entry\[\d+\](\.(resource|request)\b)?\.?")
_TOLD_PLACE = re.compile(rf'error at "({_PLACE.pattern})"')
_UNKNOWN = re.compile(r'unknown field "[A-Za-z_][A-Za-z0-9_]{0,63}"')
_WORDS = re.compile(r"[a-z][a-z ,'()-]{0,119}")


class FhirFailure(ApiFailure):
    """A refusal of a FHIR store. The message quotes no value of a resource; `diagnostics` may."""

    def __init__(self, code: int, message: str, diagnostics: str = "") -> None:
        super().__init__(code, message)
        self.diagnostics = diagnostics


class FhirStore:
    """The REST API of one store. Refusals are raised as FhirFailure; threads may share it."""

    def __init__(self, target: Connection, store: FhirStoreOutputs) -> None:
        """Take the stack's connection, and which of its stores."""
        self._session = target.session
        self.name = store.name
        self.version = store.version
        self.url = f"{target.address}/v1/{store.name}/fhir"

    def read(self, path: str) -> Json:
        """The resource or bundle at a path below the store: Patient/1, Patient/1/_history/2."""
        return self._call("GET", path)

    def find(self, relative: str) -> Json | None:
        """The resource Type/id; None where there is none, or it was deleted."""
        try:
            return self.read(relative)
        except FhirFailure as failure:
            if failure.code not in (404, 410):
                raise
            return None

    def put(self, resource: Json) -> None:
        """Store a resource under its own id, in the place of what is there."""
        self._call("PUT", f"{resource['resourceType']}/{resource['id']}", resource)

    def execute(self, bundle: Json) -> list[Json]:
        """Execute a batch or transaction; gives the entries of the answer, one for each of the bundle."""
        found: list[Json] = self._call("POST", "", bundle).get("entry", [])
        return found

    def held(self, relatives: Sequence[str]) -> dict[str, Json]:
        """What the store holds of these, Type/id, by one batch of reads."""
        if not relatives:
            return {}
        entries = [{"request": {"method": "GET", "url": relative}} for relative in relatives]
        answers = self.execute({"resourceType": "Bundle", "type": "batch", "entry": entries})
        pairs = zip(relatives, answers, strict=False)
        return {relative: answer["resource"] for relative, answer in pairs if isinstance(answer.get("resource"), dict)}

    def validate(self, resource: Json, profile: str = "") -> list[Json]:
        """The issues that the store has with a resource of its version; none for one that it would take."""
        kind = str(resource.get("resourceType") or "Resource")
        pairs = [("profile", profile)] if profile else []
        answer = self._call("POST", f"{kind}/$validate", resource, pairs)
        return [issue for issue in answer.get("issue", []) if issue.get("severity") in ("error", "fatal")]

    def delete(self, relative: str) -> None:
        """Delete the resource Type/id; that there is none is no error."""
        self._call("DELETE", relative)

    def search(self, path: str, pairs: Pairs, limit: int | None = None, *, strict: bool = False) -> Iterator[Json]:
        """The entries of all pages of a search, a history or $everything, at most `limit` (None: all).

        With `strict` a parameter that the store does not know is refused, and else ignored.
        """
        size = PAGE if limit is None else min(PAGE, limit)
        asked = pairs if any(key == "_count" for key, _ in pairs) else [*pairs, ("_count", str(size))]
        given = 0
        while True:
            page = self._call("GET", path, parameters=asked, prefer="handling=strict" if strict else "")
            for entry in page.get("entry", []):
                if given == limit:
                    return
                given += 1
                yield entry
            following = _next(page)
            if following is None or given == limit:
                return
            asked = following

    def _call(
        self, method: str, path: str, body: Json | None = None, parameters: Pairs | None = None, prefer: str = ""
    ) -> Json:
        url = f"{self.url}/{path}".rstrip("/")
        headers = {"Accept": _JSON, **({"Prefer": prefer} if prefer else {})}
        if body is not None:
            headers["Content-Type"] = _JSON
        data = parsing.serialize(body) if body is not None else None

        def send() -> Any:
            return self._session.request(
                method, url, params=parameters, data=data, headers=headers, timeout=TIMEOUT_SECONDS
            )

        answer = patiently(send)
        if answer.status_code >= 400:
            raise _failure(answer)
        return _read(answer.content)


def types_held(target: Connection, chosen: FhirStoreOutputs) -> list[str]:
    """The types of which the store holds something now and that can be searched: a Binary can't."""
    request = target.healthcare.fhirStores().getFHIRStoreMetrics(name=chosen.name)
    metrics = target.execute(request).get("metrics", [])
    return [each["resourceType"] for each in metrics if int(each.get("count", 0)) and each["resourceType"] != "Binary"]


def _read(content: bytes) -> Json:
    """An answer as JSON that keeps its digits; {} for none."""
    try:
        return parsing.parse(content, None) if content.strip() else {}
    except Refused:
        raise ApiFailure(502, "The FHIR store's answer is no JSON") from None


def _next(page: Json) -> Pairs | None:
    """The parameters of the following page; None on the last one. Only they are taken of the link, never its host."""
    for link in page.get("link", []):
        if link.get("relation") == "next":
            return parse_qsl(urlsplit(str(link.get("url", ""))).query, keep_blank_values=True)
    return None


def _failure(answer: Any) -> FhirFailure:
    try:
        body = answer.json()
    except ValueError:
        return FhirFailure(answer.status_code, f"The FHIR store answered HTTP {answer.status_code}")
    if isinstance(body, dict) and body.get("resourceType") == "OperationOutcome":
        return failure_of(answer.status_code, body)
    error = body.get("error", {}) if isinstance(body, dict) else {}
    return FhirFailure(
        answer.status_code, str(error.get("message") or f"The FHIR store answered HTTP {answer.status_code}")
    )


def failure_of(status: int, outcome: Json, *, of_entry: bool = False) -> FhirFailure:
    """The refusal that an OperationOutcome tells of; places within a bundle where it is not of one of its entries."""
    issues = [each for each in outcome.get("issue", []) if isinstance(each, dict)]
    told = list(dict.fromkeys(discreet(issue, of_entry=of_entry) for issue in issues)) or [f"HTTP {status}"]
    values = "; ".join(str(issue.get("diagnostics", "")) for issue in issues)
    return FhirFailure(status, f"The FHIR store refuses it: {'; '.join(told[:5])}", values)


def discreet(issue: Json, *, of_entry: bool = False) -> str:
    """An issue without any value of a resource: its kind, where it is, and how the sentence about it begins.

    Of an entry the place is said from the entry's resource: which entry it is the caller knows.
    """
    kind = str(issue.get("details", {}).get("text") or issue.get("code") or "refused")
    sentence = str(issue.get("diagnostics", ""))
    told = _TOLD_PLACE.match(sentence)
    rest = sentence[told.end() :].removeprefix(": ") if told else sentence
    place = told[1] if told else _expression(issue)
    place = _ENTRY.sub("", place) if of_entry else place
    unknown = _UNKNOWN.match(rest)
    words = unknown[0] if unknown else (found[0] if (found := _WORDS.match(rest)) else "")
    parts = [kind, f"at {place}" if place else "", words.strip(" ,'-")]
    return ": ".join(part for part in parts if part)


def _expression(issue: Json) -> str:
    """The first place that an issue names beside its sentence; "" where it names none."""
    places = issue.get("expression")
    first = places[0] if isinstance(places, list) and places else ""
    return str(first) if _PLACE.fullmatch(str(first)) else ""


def resources_of(entries: Iterable[Json]) -> Iterator[Json]:
    """The resources of a bundle's entries."""
    for entry in entries:
        if isinstance(entry.get("resource"), dict):
            yield entry["resource"]
