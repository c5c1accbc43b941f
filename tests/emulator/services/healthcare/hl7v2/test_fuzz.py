"""Generated hostile requests: any of them may be refused, none is a 500, and none harms what is kept.

600 requests; FUZZ_REQUESTS makes it more.
"""

import base64
import os
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from tests.emulator.hl7v2.samples import ADMISSION, GOOGLE, RESULT
from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.hl7v2.conftest import Hl7V2Store
from tests.support.emulator import RunningEmulator

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "600"))
ODD: list[Any] = [
    *(None, True, -1, 0, 1e308, 10**30, "", " ", "x" * 3000, "\x00", "\ud83d", "\u202e", "../..", "' OR 1=1"),
    *([], {}, [[]], [None], {"": ""}, "=", "====", "TVNI", "a b", "labels", "labels.a", "send_time desc"),
    *("9999999-01-01", "0000-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "gs://", "gs://b/**/x**", "projects/p/topics/t"),
    *("message_type = \x00", 'PatientId("", "")', "NOT " * 50, "(" * 300, 'labels."":*', "send_date<9999-12-31"),
    *("FULL", "V3", "HARD_FAIL", "WyJ4Il0", "WzFd", "WzQ2MTE2ODYwMTg0MjczODc5MDRd", "[9223372036854775808]"),
]
FIELDS = (
    *("message", "data", "labels", "name", "parsedData", "gcsSource", "uri", "gcsDestination", "uriPrefix"),
    *("pubsubDestination", "pubsubTopic", "filter", "startTime", "endTime", "rollbackTime", "resultGcsBucket", "force"),
    *("inputGcsObject", "filteringFields", "operationIds", "changeType", "messageView", "parserConfig", "schema"),
    *("schemas", "types", "version", "mshField", "value", "messageSchemaConfigs", "ADT_A01", "members", "segment"),
    *("group", "type", "fields", "minOccurs", "maxOccurs", "choice", "segmentTerminator", "notificationConfigs"),
)
TAILS = (
    *("", "/messages", "/messages:ingest", "/messages:batchGet", "/messages/x", "/messages/%00", ":import", ":export"),
    *(":rollback", ":getHL7v2StoreMetrics", "/messages/", "/messages/x/y"),
)
PARAMETERS = ("view", "filter", "orderBy", "pageSize", "pageToken", "ids", "updateMask", "hl7V2StoreId", "fields")
PIECES = (
    b"MSH",
    b"|",
    b"^",
    b"~",
    b"\\",
    b"&",
    b"\r",
    b"\n",
    b"PID",
    b"\xff",
    b"\x00",
    "ü".encode(),
    b"||||||||",
    b"\x0b",
)


def mangled(chance: random.Random, raw: bytes) -> bytes:
    """A message with pieces put in, taken out or moved."""
    for _ in range(chance.randrange(1, 6)):
        at, end = sorted(chance.randrange(len(raw) + 1) for _ in range(2))
        raw = chance.choice(
            (
                raw[:at] + chance.choice(PIECES) + raw[at:],
                raw[:at] + raw[min(end, at + 9) :],
                raw[:at] + raw[at:end] * 2 + raw[end:],
                raw[at:],
            )
        )
    return raw


def value(chance: random.Random, depth: int = 0) -> Any:
    """Any JSON that looks a little like a request's."""
    if depth > 4 or chance.random() < 0.3:
        return chance.choice(ODD)
    if chance.random() < 0.2:
        return [value(chance, depth + 1) for _ in range(chance.randrange(3))]
    return {chance.choice(FIELDS): value(chance, depth + 1) for _ in range(chance.randrange(1, 4))}


def request(chance: random.Random) -> tuple[str, str, Any]:
    """Verb, what follows the store's name, and body."""
    if chance.random() < 0.5:
        raw = mangled(chance, chance.choice((GOOGLE, ADMISSION, RESULT)))
        message = {"data": base64.b64encode(raw).decode(), "labels": chance.choice(({}, {"a": "b"}))}
        return "POST", chance.choice(("/messages", "/messages:ingest")), {"message": message}
    verb, tail = chance.choice(("GET", "POST", "PATCH")), chance.choice(TAILS)
    pairs = [(chance.choice(PARAMETERS), str(chance.choice(ODD))) for _ in range(chance.randrange(3))]
    query = urlencode(pairs, errors="surrogatepass")
    return verb, f"{tail}?{query}", None if verb == "GET" else value(chance)


def test_hostile_requests_are_refused_and_harm_nothing(
    emulator: RunningEmulator, make_hl7v2: Callable[..., Hl7V2Store]
) -> None:
    chance = random.Random(7)  # noqa: S311 (the same requests each time)
    schema = {"ignoreMinOccurs": True, "unexpectedSegmentHandling": "PARSE"}
    stores = [
        make_hl7v2(),
        make_hl7v2(parserConfig={"version": "V3", "schema": schema, "allowNullHeader": True}),
    ]
    kept = [store.create(RESULT, labels={"kept": "yes"}) for store in stores]
    codes: set[int] = set()
    operations: list[str] = []
    for number in range(REQUESTS):
        store = stores[number % 2]
        verb, tail, body = request(chance)
        code, answer = emulator.request(verb, f"/v1/{store.name}{tail}", body)
        assert code < 500, (verb, tail, body, answer)
        codes.add(code)
        if code == 200 and "/operations/" in str(answer.get("name")):
            operations.append(answer["name"])
    assert {200, 400, 404} <= codes
    for operation in operations:
        assert transfers.wait(emulator, operation).get("error", {}).get("code") != 13
    for store, message in zip(stores, kept, strict=True):
        found = store.get(message["name"])
        assert {key: found[key] for key in ("name", "data", "createTime")} == {
            key: message[key] for key in ("name", "data", "createTime")
        }
        listed = store.list(view="FULL", pageSize=1000)
        assert [store.get(each["name"]) for each in listed] == listed
