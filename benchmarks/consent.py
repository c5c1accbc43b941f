"""Consents: rules beside another engine of the language, and determinations over 100,000 mappings by REST."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import requests
from cel import cel

from benchmarks.figures import Figure, in_turn, rates
from benchmarks.running import LOCATION, PROJECT, Running, running_emulator
from emulator.consent import rules
from scripts.demonstration.places import Places

Json = dict[str, Any]
_MAPPINGS, _USERS, _PAGE, _ROUNDS, _RULES = 100_000, 20_000, 1000, 5, 100_000
_CHECKS = 500
_RULE = "purpose == 'research' && (requester in ['researcher-a', 'researcher-b'] || organization == 'clinic')"
_REQUEST = {"purpose": "research", "requester": "researcher-c", "organization": "clinic"}
_USE = {"purpose": "research", "requester": "researcher-a"}
_ALLOWS = {"expression": "purpose == 'research' && requester == 'researcher-a'"}


def consent(places: Places) -> list[Figure]:
    """Rules in process; a store of one user with 100,000 mappings, and one of 20,000 users with five each."""
    with running_emulator(places, "consent") as running, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {running.credentials.token}"
        one, many = (_store(running, session, name) for name in ("one", "many"))
        _fill(running.state, {one: 1, many: _USERS})
        return [_rules(), *_determinations(running, session, one), _query(running, session, many)]


def _rules() -> Figure:
    """Evaluations of a rule a second, beside the library that evaluates conditions of IAM."""
    ours, program, context = rules.read(_RULE).holds, cel.compile(_RULE), cel.Context(dict(_REQUEST))
    assert ours(_REQUEST) is True is program.execute(context)

    def times(work: Callable[[], object]) -> None:
        for _ in range(_RULES):
            work()

    taken = in_turn(_ROUNDS, partial(times, partial(ours, _REQUEST)), partial(times, partial(program.execute, context)))
    mine, others = (tuple(_RULES / each for each in one) for one in taken)
    return rates("consent rules, evaluations beside the CEL library's", mine, others)


def _determinations(running: Running, session: requests.Session, store: str) -> Iterator[Figure]:
    url, goal = f"{running.url}/v1/{store}", 5.0
    asked: Json = {"userId": "u0", "requestAttributes": _USE, "pageSize": _PAGE}

    def evaluate() -> int:
        found, token = 0, ""
        while True:
            page = session.post(f"{url}:evaluateUserConsents", json={**asked, "pageToken": token}).json()
            found += sum("consented" in each for each in page["results"])
            token = str(page.get("nextPageToken", ""))
            if not token:
                return found

    assert evaluate() == _MAPPINGS // 2
    [taken] = in_turn(_ROUNDS, evaluate)
    yield Figure("evaluateUserConsents over 100,000 mappings", taken, 2.0, more_is_better=False, unit="s")
    waits = []
    for number in range(_CHECKS):
        started = time.perf_counter()
        answer = session.post(f"{url}:checkDataAccess", json={"dataId": f"d{number * 7}", "requestAttributes": _USE})
        waits.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 200
    yield Figure("checkDataAccess among 100,000 mappings", tuple(waits), goal, more_is_better=False, unit="ms")


def _query(running: Running, session: requests.Session, store: str) -> Figure:
    """Mappings a second that queryAccessibleData looks at."""
    session.post(f"{running.url}/storage/v1/b?project={PROJECT}", json={"name": "accessible"}).raise_for_status()
    agents = f"{running.url}/v1beta1/projects/{PROJECT}/services/healthcare.googleapis.com:generateServiceIdentity"
    agent = session.post(agents).json()["response"]["email"]
    binding = {"role": "roles/storage.objectAdmin", "members": [f"serviceAccount:{agent}"]}
    session.put(f"{running.url}/storage/v1/b/accessible/iam", json={"bindings": [binding]}).raise_for_status()

    def query() -> None:
        body = {"requestAttributes": _USE, "gcsDestination": {"uriPrefix": "gs://accessible"}}
        name = session.post(f"{running.url}/v1/{store}:queryAccessibleData", json=body).json()["name"]
        while not (found := session.get(f"{running.url}/v1/{name}").json()).get("done"):
            time.sleep(0.01)
        assert found["metadata"]["counter"] == {"success": str(_MAPPINGS)}

    [taken] = in_turn(3, query)
    values = tuple(_MAPPINGS / each for each in taken)
    return Figure("queryAccessibleData, mappings of 20,000 users", values, unit="/s")


def _store(running: Running, session: requests.Session, name: str) -> str:
    """A consent store that knows two request attributes and one of data."""
    parent = f"{running.url}/v1/projects/{PROJECT}/locations/{LOCATION}/datasets"
    session.post(f"{parent}?datasetId=d", json={})
    made = session.post(f"{parent}/d/consentStores?consentStoreId={name}", json={}).json()["name"]
    for attribute, category, values in (
        ("purpose", "REQUEST", ["research", "care"]),
        ("requester", "REQUEST", ["researcher-a", "researcher-b"]),
        ("kind", "RESOURCE", ["image", "report"]),
    ):
        url = f"{running.url}/v1/{made}/attributeDefinitions?attributeDefinitionId={attribute}"
        session.post(url, json={"category": category, "allowedValues": values}).raise_for_status()
    return str(made)


def _fill(state: Path, stores: dict[str, int]) -> None:
    """Write mappings and a consent a user into the tables of stores, which have so many users: REST takes a minute."""
    wanted = [{"attributeDefinitionId": "kind", "values": ["image"]}]
    body = json.dumps({"policies": [{"authorizationRule": _ALLOWS, "resourceAttributes": wanted}]})
    database = sqlite3.connect(state / "state.sqlite", timeout=60)
    with database:
        for store, users in stores.items():
            [(key,)] = database.execute("SELECT key FROM consent_stores WHERE name = ?", (store,))
            database.executemany(
                "INSERT INTO consent_mappings(store, id, data, user, attributes) VALUES(?,?,?,?,?)",
                (
                    (key, f"m{n}", f"d{n}", f"u{n % users}", json.dumps({"kind": "image" if n % 2 else "report"}))
                    for n in range(_MAPPINGS)
                ),
            )
            database.executemany(
                "INSERT INTO consent_revisions(store, id, revision, latest, state, user, artifact, created, body)"
                " VALUES(?,?,'0badcafe',1,'ACTIVE',?,'a','2026-01-01T00:00:00Z',?)",
                ((key, f"c{n}", f"u{n}", body.encode()) for n in range(users)),
            )
    database.close()
