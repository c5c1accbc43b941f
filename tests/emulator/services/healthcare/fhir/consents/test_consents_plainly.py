"""Generated consents, resources and scopes: what may be read, and found, is what a plain evaluator says."""

import random
import sqlite3
from types import SimpleNamespace
from typing import Any, cast

import pytest

from emulator.context import Context
from emulator.fhir import references
from emulator.fhir.search import tables as index
from emulator.fhir.search import unindexed
from emulator.fhir.search.index import Indexer
from emulator.fhir.search.parameters import parameters
from emulator.services.healthcare.fhir import keeping, searching, tables
from emulator.services.healthcare.fhir.consents import compartments, reading, scopes
from emulator.services.healthcare.fhir.consents import tables as enforced
from emulator.services.healthcare.fhir.consents.access import Access
from emulator.services.healthcare.fhir.stored import KIND, Store, Version
from emulator.state.clock import Clock
from emulator.state.resources import Resource
from tests.emulator.services.healthcare.fhir.consents import plain
from tests.emulator.services.healthcare.fhir.consents.made import (
    COMMON_TAGS,
    TERMS,
    cascading,
    coding,
    consent,
    provision,
)

Json = dict[str, Any]
NAME = "projects/p/locations/l/datasets/d/fhirStores/f"
ACTORS = ("Practitioner/a", "Practitioner/b", "Group/g")
PURPOSES = ("TREAT", "ETREAT", "HRESCH")
ENVIRONMENTS = ("App/1", "App/2", "Net/VPN")
SOURCES = ("http://a.example", "http://b.example")
TAGS = ("x", "y", "z")
LABELS = (*(("v3-Confidentiality", code) for code in plain.ORDER), ("v3-ActCode", "PSY"), ("v3-ActCode", "SEX"))
NO_CONTEXT = cast("Context", SimpleNamespace(blobs=SimpleNamespace(keys=None)))
"""Only files of Binary data are asked of it, and the keys that encrypt at rest: there are none."""


class World:
    """A store with resources, and consents that are applied."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 (not for secrets)
        self.connection = sqlite3.connect(":memory:")
        self.connection.executescript(tables.VERSIONS + index.SCHEMA + unindexed.SCHEMA + enforced.SCHEMA)
        self.store = Store(
            1,
            Resource(KIND, NAME, "", {"version": "R4"}, "", "", ""),
            parameters("R4"),
            Indexer(parameters("R4"), lambda text: references.target(text, NAME)),
            Clock(),
        )
        self.resources = {f"{each['resourceType']}/{each['id']}": each for each in self._made()}
        self.versions = {name: self._put(each) for name, each in self.resources.items()}
        self.consents = [self._consent(number) for number in range(10)]
        self._apply()

    def scope(self) -> str:
        chosen = [f"actor/{each}" for each in self.chance.sample(ACTORS, self.chance.randint(1, 3))]
        chosen += [f"purp/v3/{each}" for each in self._some(PURPOSES, 1)]
        return " ".join([*chosen, *(f"env/{each}" for each in self._some(ENVIRONMENTS, 1))])

    def access(self, scope: str) -> Access:
        return Access(self.store, scopes.parse(scope, compartments.local_to(self.store)))

    def _some(self, among: Any, most: int) -> list[Any]:
        return self.chance.sample(among, self.chance.randint(0, most))

    def _made(self) -> list[Json]:
        made: list[Json] = [{"resourceType": "Patient", "id": f"p{number}"} for number in range(4)]
        made += [{"resourceType": "Practitioner", "id": each} for each in "ab"]
        for number in range(4):
            made.append({"resourceType": "Encounter", "id": f"e{number}", "subject": self._patient()})
        for number in range(16):
            made.append({"resourceType": "Observation", "id": f"o{number}", **self._about()})
        for number in range(4):
            actors = [{"actor": self._patient()} for _ in range(number % 3)] + [{"actor": {"reference": ACTORS[0]}}]
            made.append({"resourceType": "Appointment", "id": f"v{number}", "participant": actors})
        return [{**each, "meta": self._meta()} for each in made]

    def _patient(self) -> Json:
        return {"reference": f"Patient/p{self.chance.randrange(4)}"}

    def _about(self) -> Json:
        found: Json = {"subject": self._patient()} if self.chance.random() < 0.8 else {}
        if self.chance.random() < 0.5:
            found["encounter"] = {"reference": f"Encounter/e{self.chance.randrange(4)}"}
        return found

    def _meta(self) -> Json:
        return {
            "source": self.chance.choice(SOURCES),
            "tag": [coding(COMMON_TAGS, each) for each in self._some(TAGS, 3)],
            "security": [coding(f"{TERMS}/{system}", code) for system, code in self._some(LABELS, 2)],
        }

    def _put(self, resource: Json) -> Version:
        ready = keeping.made_ready(self.store, dict(resource))
        return keeping.put(NO_CONTEXT, self.connection, self.store, ready, "PUT", 1_000_000).after

    def _consent(self, number: int) -> Json:
        cascades = self.chance.random() < 0.25
        said = provision(
            self.chance.choice(("permit", "permit", "permit", "deny")),
            *self.chance.sample(ACTORS, self.chance.randint(1, 3)),
            purpose="".join(self._some(PURPOSES, 1)),
            environment="".join(self._some(ENVIRONMENTS, 1)) if self.chance.random() < 0.5 else "",
            types=self._types(cascades=cascades),
            ids=tuple(self._some([*self.resources], 6)) if self.chance.random() < 0.1 else (),
            sources=tuple(self._some(SOURCES, 1)) if self.chance.random() < 0.3 else (),
            tags=tuple(tuple(self.chance.sample(TAGS, self.chance.randint(1, 2))) for _ in self._some(TAGS, 1)),
            labels=tuple(self._some(LABELS, 2)) if self.chance.random() < 0.3 else (),
        )
        name, status = f"c{number}", self.chance.choice(("active",) * 9 + ("inactive",))
        if cascades:
            return {**cascading(name, said), "status": status}
        patient = f"Patient/p{self.chance.randrange(4)}" if self.chance.random() < 0.7 else ""
        return consent(name, patient, said, status=status)

    def _types(self, *, cascades: bool) -> tuple[str, ...]:
        if cascades:
            return (self.chance.choice(("Patient", "Encounter")),)
        return tuple(self._some(("Observation", "Patient", "Appointment", "Encounter", "Practitioner"), 3))

    def _apply(self) -> None:
        kept = [(each["patient"].get("reference", ""), self._put(each)) for each in self.consents]
        for owner in {owner for owner, _ in kept}:
            given = [version for each, version in kept if each == owner]
            found = (
                reading.of_patient(self.store, owner, given, 0)
                if owner
                else [reading.read(self.store, each, "", 0) for each in given]
            )
            assert {each.status for each in found} <= {enforced.ENFORCEABLE, enforced.INACTIVE}
            enforced.replace(self.connection, 1, owner, found)


@pytest.mark.parametrize("seed", range(40))
def test_what_may_be_read_is_what_a_plain_evaluator_says(seed: int) -> None:
    world = World(seed)
    seen = set()
    for _ in range(12):
        scope = world.scope()
        access = world.access(scope)
        for name, resource in world.resources.items():
            expected = plain.permitted(resource, scope, world.consents, world.resources)
            assert access.sees(world.connection, world.versions[name]) is expected, (scope, name, world.consents)
            seen.add(expected)
    assert seen == {True, False}


@pytest.mark.parametrize("seed", range(40, 60))
@pytest.mark.parametrize(
    ("resource_type", "query"),
    [
        ("Observation", []),
        ("Observation", [("subject.active:missing", "true")]),
        ("Observation", [("_tag", f"{COMMON_TAGS}|x")]),
        ("Patient", [("_has:Observation:subject:_id:not", "none")]),
        ("Observation", [("_include", "Observation:encounter")]),
        ("Patient", [("_revinclude", "Appointment:actor")]),
        ("Observation", [("_sort", "_id"), ("_count", "3"), ("_total", "accurate")]),
    ],
)
def test_what_is_found_is_what_would_be_if_nothing_else_were_there(
    seed: int, resource_type: str, query: list[tuple[str, str]]
) -> None:
    world = World(seed)
    for _ in range(4):
        scope = world.scope()
        bare = World(seed)
        for name, version in bare.versions.items():
            if not plain.permitted(world.resources[name], scope, world.consents, world.resources):
                index.remove(bare.connection, 1, [version.rid])
        found = searching.find(world.connection, world.store, resource_type, query, reading=world.access(scope))
        expected = searching.find(bare.connection, bare.store, resource_type, query)
        assert names(found.matches) == names(expected.matches)
        assert sorted(names(found.included)) == sorted(names(expected.included))
        if ("_total", "accurate") in query:
            assert found.page.total == expected.page.total


def names(found: list[Version]) -> list[str]:
    return [each.relative for each in found]
