"""The index against the plain way: generated resources, generated queries, the same answers.

FHIR_SEARCH_COMBINATIONS queries a version are compared (100 if not set), FHIR_SEARCH_SEED is where chance begins.
"""

import os
from datetime import UTC, datetime
from typing import Any

import pytest

from emulator.fhir.search.parameters import parameters
from tests.emulator.fhir.search.generated import Generator
from tests.emulator.fhir.search.plain import Plain
from tests.emulator.fhir.search.store import NOW, Store

COMBINATIONS = int(os.environ.get("FHIR_SEARCH_COMBINATIONS", "100"))
SEED = int(os.environ.get("FHIR_SEARCH_SEED", "1"))
QUERIES = 50


@pytest.mark.parametrize("version", ["DSTU2", "STU3", "R4", "R5"])
def test_the_index_finds_what_looking_at_every_resource_finds(version: str) -> None:
    known = parameters(version)
    now = datetime.fromtimestamp(NOW / 1_000_000, UTC)
    for number in range(-(-COMBINATIONS // QUERIES)):
        generator = Generator(known, SEED * 100_000 + number)
        resources = generator.resources(80)
        # With few candidates at most, every second store goes through resources instead of listing them.
        store = Store(version, few=3 if number % 2 else 2000)
        store.put(*resources)
        plain = Plain(known, resources, now)
        for _ in range(QUERIES):
            kind, pairs = generator.query(resources)
            text = f"{kind}?" + "&".join(f"{name}={value}" for name, value in [*pairs, ("_count", "7")])
            found = store.found(text)
            assert len(set(found)) == len(found), (number, text)
            assert set(found) == plain.matches(kind, pairs), (number, text)
            assert found == sorted(found, key=lambda name: -store.rids[name]), (number, text)
            code = generator.order(kind)
            in_order = store.found(f"{text}&_sort={code}")
            assert in_order == sorted(found, key=lambda name: _place(plain, store, name, code)), (number, text, code)
            in_order = store.found(f"{text}&_sort=-{code},_id")
            assert set(in_order) == set(found), (number, text, code)
            firsts = [plain.first(name, code) for name in in_order]
            there = [each for each in firsts if each is not None]
            assert firsts == [*sorted(there, reverse=True), *[None] * (len(firsts) - len(there))], (number, text, code)


def _place(plain: Plain, store: Store, name: str, code: str) -> tuple[bool, Any, int]:
    """What has no value is last, equals are in the order of change."""
    first = plain.first(name, code)
    return first is None, first if first is not None else 0, store.rids[name]
