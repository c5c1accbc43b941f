"""Requests that nobody would write by hand, of all methods that the emulator's documents have, and what may not answer.

Also by those who have no right: with a powerless token, a forged one or none.
"""

import gzip
import http.client
import importlib
import json
import random
import string
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from emulator.app import SERVICES
from emulator.gateway.discovery import Document, Method, load
from tests.conftest import PROJECT
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

MODULES = tuple(importlib.import_module(f"emulator.services.{name}") for name in SERVICES)

TEXTS = (
    "", " ", "/", "%", "..", ".", "*", "?", "#", "a/b", "%2F", "\x00", "\n", "\r\nX: y", "\x1b[31m", "ä", "日本",
    "\ud800", "'", '"', "';--", "${x}", "{}", "[]", "null", "NaN", "-1", "0", "1e999", "9" * 30, "x" * 300, "x" * 5000,
    "true", "projects/-", "gs://", "gs://b/*", "bq://a.b.c", "2020-01-01T00:00:00Z", "1.2.3", "roles/owner",
    "a:b", "@", "~",
)  # fmt: skip
NUMBERS = (0, 1, -1, 2**31, -(2**31), 2**63, 2**64, 10**40, 1.5, -0.0, 1e308)
HEADERS = (
    ("origin", "http://["), ("origin", "null"), ("origin", "http://localhost:1"), ("host", "["), ("host", ""),
    ("host", "localhost:port"), ("x-http-method-override", "PATCH"), ("x-http-method-override", "GET"),
    ("x-http-method-override", "NONE"), ("content-encoding", "gzip"), ("content-type", "multipart/related"),
    ("content-type", 'multipart/related; boundary="'), ("content-type", "application/dicom"), ("range", "bytes=5-2"),
    ("range", "bytes=-0"), ("range", "x"), ("accept", "x"), ("accept", 'multipart/related; type="'), ("if-match", "x"),
    ("if-none-match", '"'),
    ("content-range", "bytes */*"), ("content-range", "bytes 5-2/1"), ("authorization", "Bearer"),
    ("authorization", "Bearer a.b.c"), ("authorization", "Basic x"), ("cookie", "=;="), ("sec-fetch-site", "x"),
    ("x-goog-user-project", "["), ("x-upload-content-length", "-1"), ("content-md5", "x"), ("x-goog-hash", "crc32c=x"),
    ("expect", "100-continue"), ("transfer-encoding", "x"),
)  # fmt: skip


@dataclass
class Call:
    """One request, as it goes over the wire."""

    method: str
    path: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def __str__(self) -> str:
        return f"{self.method} {self.path[:400]} {self.headers} {self.body[:400]!r}"


class Fuzzer:
    """Makes requests from the discovery documents: mostly right, wrong in a few places."""

    def __init__(self, seed: int, names: dict[str, list[str]], token: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - to be the same again
        documents = [load(name) for module in MODULES for name in module.SERVICE.documents]
        self._methods = [(document, method) for document in documents for method in document.methods]
        self._names = names
        self._token = token

    def call(self) -> Call:
        """The next request."""
        random_ = self._random
        document, method = random_.choice(self._methods)
        path = "/" + "/".join(self._segment(segment) for segment in method.flat_path.split("/"))
        if method.upload_paths and random_.random() < 0.5:
            path = "/" + random_.choice(method.upload_paths).replace("{bucket}", "fuzz-bucket")
        query = [
            f"{quote(name)}={quote(self._text(), safe='')}"
            for name in method.query_parameters
            if random_.random() < 0.3
        ]
        if random_.random() < 0.05:
            query.append(
                random_.choice(("fields=(", "fields=a/b", "alt=media", "uploadType=resumable", "%", "=", "a=%ff"))
            )
        headers = [("authorization", f"Bearer {self._token}"), ("content-type", "application/json")]
        for _ in range(random_.choice((0, 0, 0, 1, 2))):
            name, value = random_.choice(HEADERS)
            headers = [(n, v) for n, v in headers if n != name] + [(name, value)]
        body = self._body(document, method)
        return Call(method.http, path + ("?" + "&".join(query) if query else ""), headers, body)

    def _segment(self, segment: str) -> str:
        if "{" not in segment:
            return segment
        verb = segment.rpartition("}")[2]
        name = segment[1 : segment.index("}")]
        known = self._names.get(name, [])
        if known and self._random.random() < 0.8:
            return quote(self._random.choice(known), safe="") + verb
        return quote(self._text(), safe="%" if self._random.random() < 0.1 else "") + verb

    def _text(self) -> str:
        text = self._random.choice(TEXTS) if self._random.random() < 0.6 else self._word()
        return text.encode("utf-8", "surrogatepass").decode("latin-1") if "\ud800" in text else text

    def _word(self) -> str:
        return "".join(self._random.choices(string.ascii_lowercase + string.digits, k=self._random.randint(1, 12)))

    def _body(self, document: Document, method: Method) -> bytes:
        if method.http in ("GET", "DELETE") and self._random.random() < 0.95:
            return b""
        shape = self._random.random()
        if shape < 0.05:
            return self._random.randbytes(self._random.randint(0, 400))
        if shape < 0.08:
            return gzip.compress(b"{" + self._random.randbytes(20))
        if shape < 0.1:
            return b"[" * 5000 if shape < 0.09 else b'{"a":' * 2000 + b"1" + b"}" * 2000
        value = self._value({"$ref": method.request} if method.request else {"type": "any"}, document, 0)
        return json.dumps(value).encode("utf-8", "replace")

    def _value(self, schema: dict[str, Any], document: Document, depth: int) -> Any:
        random_ = self._random
        if random_.random() < 0.08 or depth > 5:
            return random_.choice((None, True, [], {}, [[]], {"a": 1}, *TEXTS[:30], *NUMBERS))
        if "$ref" in schema:
            schema = document.schemas.get(schema["$ref"], {})
        kind = schema.get("type", "any")
        if kind == "object":
            properties = schema.get("properties", {})
            chosen = [name for name in properties if random_.random() < (0.5 if depth < 2 else 0.2)]
            value = {name: self._value(properties[name], document, depth + 1) for name in chosen}
            return value | ({self._word(): 1} if random_.random() < 0.05 else {})
        if kind == "array":
            return [
                self._value(schema.get("items", {}), document, depth + 1) for _ in range(random_.choice((0, 1, 1, 3)))
            ]
        if kind == "boolean":
            return random_.random() < 0.5
        if kind in ("integer", "number"):
            return random_.choice(NUMBERS)
        if "enum" in schema and random_.random() < 0.8:
            return random_.choice(schema["enum"])
        return random_.choice([name for names in self._names.values() for name in names] + [self._text(), self._word()])


def things(running: RunningEmulator) -> dict[str, list[str]]:
    """Make things for requests to meet; their names, by the variable of the path that has them."""
    project = f"/v1/projects/{PROJECT}"
    location = f"{project}/locations/us-central1"
    consents = f"{location}/datasets/fuzz/consentStores/fuzz"
    attribute = {"category": "REQUEST", "allowedValues": ["fuzz"]}
    made = [
        ("POST", f"{location}/datasets?datasetId=fuzz", {}),
        ("POST", f"{location}/datasets/fuzz/dicomStores?dicomStoreId=fuzz", {}),
        ("POST", f"{location}/datasets/fuzz/fhirStores?fhirStoreId=fuzz", {"version": "R4"}),
        ("POST", f"{location}/datasets/fuzz/consentStores?consentStoreId=fuzz", {"enableConsentCreateOnUpdate": True}),
        ("POST", f"{consents}/attributeDefinitions?attributeDefinitionId=fuzz", attribute),
        ("POST", f"/storage/v1/b?project={PROJECT}", {"name": "fuzz-bucket"}),
        ("PUT", f"{project}/topics/fuzz", {}),
        ("PUT", f"{project}/subscriptions/fuzz", {"topic": f"projects/{PROJECT}/topics/fuzz"}),
        ("POST", f"/bigquery/v2/projects/{PROJECT}/datasets", {"datasetReference": {"datasetId": "fuzz"}}),
        ("POST", f"{location}/keyRings?keyRingId=fuzz", {}),
    ]
    for http_method, path, body in made:
        code, answer = running.request(http_method, path, body)
        assert code == 200, answer
    fuzz = ["fuzz"]
    return {
        "projectsId": [PROJECT], "projectId": [PROJECT], "project": [PROJECT], "locationsId": ["us-central1"],
        "datasetsId": fuzz, "dicomStoresId": fuzz, "fhirStoresId": fuzz, "consentStoresId": fuzz, "consentsId": fuzz,
        "attributeDefinitionsId": fuzz, "topicsId": fuzz, "subscriptionsId": fuzz,
        "datasetId": fuzz, "tableId": fuzz, "keyRingsId": fuzz, "bucket": ["fuzz-bucket"], "object": ["a/b", "fuzz"],
        "studiesId": ["1.2.3"], "seriesId": ["1.2.3.4"], "instancesId": ["1.2.3.4.5"],
    }  # fmt: skip


def send(
    running: RunningEmulator, call: Call, kept: http.client.HTTPConnection | None = None
) -> tuple[int, str, bytes]:
    """Status, content type and body of the answer, on a connection of its own or one that is kept.

    No wait may be endless.
    """
    connection = kept or http.client.HTTPConnection("127.0.0.1", running.port, timeout=PATIENCE)
    try:
        connection.putrequest(call.method, call.path, skip_host=True, skip_accept_encoding=True)
        given = {name for name, _ in call.headers}
        for name, value in call.headers:
            connection.putheader(name, value)
        if "host" not in given:
            connection.putheader("host", f"127.0.0.1:{running.port}")
        if call.body or call.method in ("POST", "PUT", "PATCH"):
            connection.putheader("content-length", str(len(call.body)))
        connection.endheaders(call.body or None)
        answer = connection.getresponse()
        return answer.status, answer.getheader("content-type", ""), answer.read()
    finally:
        if kept is None:
            connection.close()


def problem_of(status: int, content_type: str, body: bytes) -> str:
    """What is wrong with an answer; "" where nothing is."""
    if status == 501 and any(word in body for word in (b"emulat", b"NotImplemented", b"gRPC")):
        return ""
    if status >= 500:
        return f"status {status}"
    if status < 400 or not body:
        return ""
    if content_type.startswith("application/xml"):
        try:
            return "" if ET.fromstring(body).find("Code") is not None else "no error of the XML API"  # noqa: S314 - ours
        except ET.ParseError as problem:
            return f"no XML ({problem}): {body[:200]!r}"
    if content_type.startswith("application/fhir+json"):
        issues = json.loads(body)["issue"]  # of an OperationOutcome
        return "" if issues and all(issue["diagnostics"] for issue in issues) else f"no outcome: {body[:100]!r}"
    try:
        error = json.loads(body)["error"]
    except (ValueError, TypeError, KeyError):
        # uvicorn's own answer to what is no HTTP, and OAuth's form of the token endpoint.
        return "" if status == 400 and content_type.startswith("text/plain") else f"no error in JSON: {body[:100]!r}"
    if isinstance(error, dict) and (error.get("code") != status or not error.get("message")):
        return f"an error that says otherwise: {body[:200]!r}"
    return ""


def resident(running: RunningEmulator) -> int:
    """Bytes of memory of the emulator's process."""
    assert running.process is not None
    text = Path(f"/proc/{running.process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("VmRSS"))
