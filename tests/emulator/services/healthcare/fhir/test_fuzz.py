"""Generated hostile requests: any of them may be refused, none is a 500, and none harms what is kept.

1,000 requests; FUZZ_REQUESTS makes it more.
"""

import json
import os
import random
from collections.abc import Callable
from typing import Any

from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, observation
from tests.emulator.services.healthcare.fhir.test_bundles import bundle, entry
from tests.emulator.services.healthcare.fhir.transfer.test_history import made_writable
from tests.support.emulator import RunningEmulator

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "1000"))
PROFILE = "http://example.org/StructureDefinition/patient"
PARAMETER = "http://example.org/SearchParameter/nick"
GUIDE = "http://example.org/ImplementationGuide/g"
INTERNAL = 13
ODD: list[Any] = [
    *(None, True, -1, 0, 1e308, 10**30, "", " ", "x" * 3000, "\x00", "\ud83d", "\u202e", "../..", "' OR 1=1"),
    *([], {}, [[]], [None], {"": ""}, {"reference": "#"}, {"reference": "Patient/"}, {"resourceType": "Patient"}),
    *("1970-13-45", "9999999-01-01", "urn:uuid:x", "http://[", "*", 'W/"1"', "$everything", "\n", "a|b|c|d", "ge", ","),
    *("Patient?x", "\\"),
]
TYPES = (
    *("Patient", "Observation", "Binary", "Bundle", "ConceptMap", "Basic", "Spaceship", "", "ValueSet", "Parameters"),
    *("StructureDefinition", "SearchParameter"),
)
TAILS = (
    *("", "/p", "/profile", "/nick", "/p/_history", "/p/_history/1", "/$validate", "/p/$everything", "/p/$purge"),
    *("/_search", "/$translate", "/p/p/p", "//", "/%00", "/p/$export", "/$lastn", "?identifier=1"),
)
PARAMETERS = (
    *("_id", "_lastUpdated", "_sort", "_count", "_include", "_revinclude", "_page_token", "_elements", "_summary"),
    *("identifier", "name:exact", "birthdate", "subject:Patient.name", "_has:Observation:subject:code", "_total"),
    *("code-value-quantity", "_type", "_since", "_at", "start", "target", "profile", "max", "patient", "code:in"),
    *("value-quantity", "_text", "nick", "profile"),
)
HEADERS = (
    *("If-Match", "If-None-Match", "If-None-Exist", "Prefer", "Accept", "Content-Type", "If-Modified-Since"),
    "X-Security-Context",
)
SEEDS: tuple[Json, ...] = (
    {**PATIENT, "id": "p"},
    {**observation("Patient/p"), "id": "p"},
    bundle("batch", entry("PUT", "Patient/p", {**PATIENT, "id": "p"}), entry("GET", "Patient/p")),
    bundle(
        "transaction",
        entry("POST", "Patient", PATIENT, "urn:uuid:1"),
        entry("POST", "Observation", observation("urn:uuid:1")),
    ),
    {
        "resourceType": "ConceptMap",
        "id": "p",
        "status": "active",
        "url": "u",
        "group": [{"source": "s", "element": [{"code": "c"}]}],
    },
    {
        "resourceType": "StructureDefinition",
        "id": "profile",
        "url": PROFILE,
        "name": "P",
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {
            "element": [
                {"id": "Patient", "path": "Patient"},
                {"id": "Patient.name", "path": "Patient.name", "min": 1, "max": "2"},
                {"id": "Patient.gender", "path": "Patient.gender", "fixedCode": "female"},
                {
                    "id": "Patient.birthDate",
                    "path": "Patient.birthDate",
                    "maxLength": 10,
                    "minValueDate": "1900-01-01",
                    "constraint": [
                        {"key": "b", "severity": "error", "human": "b", "expression": "$this.toString().length() > 3"}
                    ],
                },
                {
                    "id": "Patient.identifier",
                    "path": "Patient.identifier",
                    "slicing": {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"},
                },
            ]
        },
    },
    {
        "resourceType": "SearchParameter",
        "id": "nick",
        "url": PARAMETER,
        "name": "nick",
        "status": "active",
        "description": "d",
        "code": "nick",
        "base": ["Patient"],
        "type": "string",
        "expression": "Patient.name.where(use='nickname').given",
    },
    {
        "resourceType": "Bundle",
        "type": "history",
        "entry": [
            {
                "resource": {**PATIENT, "id": "p", "meta": {"lastUpdated": "2001-01-01T00:00:00Z"}},
                "request": {"method": "PUT", "url": "Patient/p"},
                "response": {"status": "200 OK"},
            }
        ],
    },
)


def spoiled(value: Any, choice: random.Random, depth: int = 0) -> Any:
    """A value with some parts of it changed to what nobody expects there."""
    if choice.random() < 0.08:
        return choice.choice(ODD)
    if isinstance(value, dict):
        changed = {key: spoiled(each, choice, depth + 1) for key, each in value.items()}
        if choice.random() < 0.05:
            changed[str(choice.choice(ODD))[:50]] = choice.choice(ODD)
        return changed
    if isinstance(value, list):
        return [spoiled(each, choice, depth + 1) for each in value] * choice.choice((1, 1, 1, 2))
    return value


def body(choice: random.Random) -> bytes:
    """A body: a resource, bundle or patch with faults, or bytes that were cut or changed."""
    if choice.random() < 0.2:
        kind = choice.choice(("add", "remove", "move", "copy", "test", "x"))
        path = choice.choice(("", "/id", "/name/0", "/-", 7))
        value: Any = [spoiled({"op": kind, "path": path, "value": 1, "from": "/name"}, choice)]
    else:
        value = spoiled(choice.choice(SEEDS), choice)
    raw = json.dumps(value).encode()
    if choice.random() < 0.1:
        at = choice.randrange(len(raw))
        raw = raw[:at] + choice.choice((b"", b"\xff", b"}", b'"')) + raw[at + 1 :]
    return raw


def sendable(text: str) -> str:
    """A text as a header can hold it."""
    return text.encode("latin-1", "replace").decode("latin-1").replace("\n", "").replace("\x00", "").strip()


def guide(version: str) -> Json:
    """An implementation guide that holds all patients to the profile of the seeds."""
    profile: Any = {"reference": PROFILE} if version == "STU3" else PROFILE
    named: Json = {} if version == "STU3" else {"packageId": "a.b", "fhirVersion": ["4.0.1"]}
    whole = {"id": "guide", "url": GUIDE, "name": "G", "status": "active", **named}
    return {"resourceType": "ImplementationGuide", **whole, "global": [{"type": "Patient", "profile": profile}]}


OPERATIONS: dict[str, Json] = {
    "configureSearch": {"canonicalUrls": [PARAMETER], "validateOnly": False},
    "executeCohort": {
        "fhirpathQuery": {"expressions": [{"fhirpathExpression": "Patient.link.other.resolve()", "label": "l"}]},
        "gcsDestination": {"uriPrefix": "gs://nobody-has-this/out"},
    },
}


def operate(emulator: RunningEmulator, store: FhirStore, choice: random.Random) -> None:
    """Ask for an operation, or for what is none, and wait for its end where it is begun."""
    verb = choice.choice(sorted(OPERATIONS))
    asked = spoiled(OPERATIONS[verb], choice)
    code, answer = emulator.request("POST", f"/v1beta1/{store.name}:{verb}", asked)
    assert code < 500, f"{code} {answer} for {verb} {asked}"
    if code == 200:
        done = transfers.wait(emulator, answer["name"])
        assert done.get("error", {}).get("code") != INTERNAL, f"{done} for {verb} {asked}"


def request(store: FhirStore, choice: random.Random) -> str:
    """Send one; what it was, for the message of a failure."""
    verb = choice.choice(("GET", "POST", "PUT", "PATCH", "DELETE"))
    path = f"{choice.choice(TYPES)}{choice.choice(TAILS)}"
    parameters = [(choice.choice(PARAMETERS), str(choice.choice(ODD))) for _ in range(choice.choice((0, 0, 1, 2)))]
    clean = {choice.choice(HEADERS): sendable(str(choice.choice(ODD))) for _ in range(choice.choice((0, 0, 1)))}
    safe = [(name, value.encode(errors="replace").decode()) for name, value in parameters]
    media = "application/json-patch+json" if verb == "PATCH" else "application/fhir+json"
    url = f"{store.base_url}/{choice.choice(('v1', 'v1beta1'))}/{store.name}/fhir/{path}"
    data = body(choice) if verb in ("POST", "PUT", "PATCH") else b""
    answer = store.session.request(verb, url, params=safe, data=data, headers={"Content-Type": media, **clean})
    what = f"{verb} {path} {safe} {clean} {data[:2000]!r}"
    assert answer.status_code < 500 or answer.status_code == 501, f"{answer.status_code} {answer.text} for {what}"
    if answer.headers.get("content-type", "").startswith("application/fhir+json") and answer.content:
        answer.json()
    return what


def test_no_request_is_a_500(emulator: RunningEmulator, make_fhir_store: Callable[..., FhirStore]) -> None:
    for number, version in enumerate(("R4", "STU3", "R5")):
        store = made_writable(emulator, make_fhir_store(version, enableUpdateCreate=True))
        kept = store.put({**PATIENT, "id": "kept"})
        store.put(guide(version))
        config = {"enabledImplementationGuides": [GUIDE], "enableFhirpathProfileValidation": True}
        path = f"/v1/{store.name}?updateMask=validationConfig"
        assert emulator.request("PATCH", path, {"validationConfig": config})[0] == 200
        choice = random.Random(number)  # noqa: S311  the same requests at each run
        for sent in range(REQUESTS // 3 + 1):
            request(store, choice)
            if sent % 50 == 0:
                operate(emulator, store, choice)
        assert store.read("Patient/kept") == kept
        assert store.read("Patient?_id=kept")["entry"][0]["resource"] == kept
