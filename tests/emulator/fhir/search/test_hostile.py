"""Queries that mean no good: each is answered or refused in a sentence, soon, and nothing else.

FHIR_SEARCH_HOSTILE queries are made (1,000 if not set).
"""

import contextlib
import os
from random import Random

import pytest

from emulator.fhir.search.errors import SearchError
from emulator.fhir.search.parameters import parameters
from tests.emulator.fhir.search.generated import Generator
from tests.emulator.fhir.search.store import Store

HOSTILE = int(os.environ.get("FHIR_SEARCH_HOSTILE", "1000"))
# fmt: off
HEADS = (
    "name", "identifier", "birthdate", "link", "general-practitioner", "_id", "_tag", "_profile", "_lastUpdated",
    "_content", "_text", "_sort", "_count", "_include", "_revinclude", "_elements", "_summary", "_total", "_type",
    "_page_token", "_has:Observation:patient:code", "_has:Observation:patient", "link.name", "link:Patient.birthdate",
    "link.link.link.link.name", "organization.name", "_has:Provenance:target:target.name", "_has", "gender", "deceased",
    "death-date", "address", "telecom", "_security:not", ":missing", ".", "::", "_has:::",
    "general-practitioner.identifier",
)
MODIFIERS = (
    "", ":missing", ":not", ":exact", ":contains", ":text", ":in", ":above", ":below", ":Patient", ":iterate", ":x",
    ":",
)
VALUES = (
    "", "a", "true", "false", "Patient/1", "2020", "ge2020-01-01T00:00:00Z", "-", "*", "|", "||", "$", "\\", ",", ",,",
    "a|b|c|d", "ap9999-12-31", "lt0001-01-01", "1e999", "ap1e300", "gt-0", "NaN", "%00", "\x00", "\ud800", "é" * 50,
    "'''", '"', ";--", "Patient:link", "Patient:*", "Observation:subject:Patient", "::", "9" * 400, "W10", "WzFd",
    "-_id", "name,-birthdate", "0", ",".join(map(str, range(150))), "|".join(map(str, range(150))), "a" * 5000,
    "-" * 100, "(" * 100,
)
# fmt: on
CIRCLE = {"resourceType": "Observation", "id": "a", "hasMember": [{"reference": "Observation/a"}]}


def test_no_query_breaks_a_search() -> None:
    store = Store()
    store.put(*Generator(store.parameters, 7).resources(60))
    chance = Random(1)  # noqa: S311  a seed, not a secret
    answered = 0
    for _ in range(HOSTILE):
        parts = [
            f"{chance.choice(HEADS)}{chance.choice(MODIFIERS)}={chance.choice(VALUES)}"
            for _ in range(chance.choice((1, 1, 2, 3)))
        ]
        text = f"{chance.choice(('Patient', 'Observation', 'Provenance', ''))}?{'&'.join(parts)}"
        with contextlib.suppress(SearchError):
            store.page(text, strict=chance.random() < 0.5)
            answered += 1
    assert answered > HOSTILE / 10


@pytest.mark.parametrize(
    "text",
    [
        "Provenance?" + "target." * 8 + "name=a",
        "Provenance?" + "target." * 7 + "colour=a",
        "Provenance?target.target._id=a",
        "Patient?" + "_has:Observation:subject:" * 9 + "code=a",
        "Patient?" + "&".join("name=a" for _ in range(101)),
        "Patient?name=" + ",".join("a" * 201),
        "Patient?identifier=" + ",".join("a" * 2001),
        "Patient?identifier=" + ",".join(f"{number}|a" for number in range(201)),
    ],
)
def test_a_search_that_is_too_large_is_refused(text: str) -> None:
    with pytest.raises(SearchError):
        Store().page(text)


@pytest.mark.parametrize("few", [2000, 0])
@pytest.mark.parametrize(
    "text",
    [
        "Patient?" + "&".join(f"name={number}" for number in range(100)),
        "Patient?name=" + ",".join(str(number) for number in range(200)),
        "Observation?value-quantity=" + ",".join(f"gt{number}" for number in range(200)),
        "Observation?code-value-quantity=" + ",".join(f"a$gt{number}" for number in range(200)),
        "Patient?identifier=" + ",".join(f"{number % 200}|{number}" for number in range(2000)),
        "Patient?_id=" + ",".join(str(number) for number in range(2000)),
        "Provenance?target._id=a",
        "Observation?" + "has-member:Observation." * 5 + "code:not=a|b",
        "Observation?" + "_has:Observation:has-member:" * 5 + "_id:not=a&_total=accurate&_sort=-date,code,_id",
        "Observation?" + "_has:Observation:has-member:has-member:Observation." * 2 + "code:not=a|b",
        "Observation?" + "has-member." * 5 + "_id:not=a",
        "Patient?_sort=" + ",".join(["birthdate", "-birthdate"] * 2500),
        "Patient?" + "&".join("_include:iterate=Patient:*" for _ in range(100)),
    ],
)
def test_a_search_of_the_largest_size_is_answered(text: str, few: int) -> None:
    store = Store(few=few)
    store.put({"resourceType": "Patient", "id": "a", "name": [{"family": "x"}]}, CIRCLE)
    assert store.page(text).matches is not None


def test_the_longest_order() -> None:
    names = [f"x{number}" for number in range(101)]
    made = {"resourceType": "SearchParameter", "base": ["Patient"], "type": "string", "expression": "Patient.gender"}
    known = parameters("R4").extended({**made, "code": name, "url": f"http://example.org/{name}"} for name in names)
    store = Store(known=known)
    store.put(*({"resourceType": "Patient", "id": f"p{number}", "gender": "other"} for number in range(3)))
    text = f"Patient?_count=1&_sort={','.join(names[:100])}"
    assert store.found(text) == ["Patient/p0", "Patient/p1", "Patient/p2"]
    with pytest.raises(SearchError):
        store.page(f"{text},{names[100]}")
