"""What encryption at rest costs: the same work on an emulator that encrypts and on one that does not, in turn.

The datasets have keys of Cloud KMS on both, which encrypt what their rows hold on the one.

By the processors' time of the server and of BigQuery's engine, which other work on the machine hardly changes.
"""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import count, islice

from benchmarks import wire
from benchmarks.corpus import Corpus
from benchmarks.dicomweb import server as dicomweb
from benchmarks.fhir import server as fhir
from benchmarks.fhir.resources import resources
from benchmarks.figures import Figure, waits
from benchmarks.running import LOCATION, PROJECT, Running, free_port, running_emulator
from benchmarks.together import Load
from scripts.demonstration.places import Places

_ROUNDS = 5
_FILMS, _RESOURCES, _SEARCHES, _QUERIES, _INSERTS = 40, 500, 500, 10, 200
_ROWS = 1_000_000
_SQL = "SELECT MOD(n, 7) AS d, COUNT(*) AS c, MAX(name) AS m FROM benchmark.rows WHERE MOD(n, 3) = 0 GROUP BY d"


@dataclass(frozen=True)
class _Side:
    """One of the two emulators: a DICOM store, a FHIR store and tables."""

    running: Running
    films: dicomweb.Server
    resources: fhir.Server
    queries: wire.Sent
    inserts: wire.Sent

    def store(self, first: int, corpus: Corpus) -> Load:
        """Store films of 1 MB, one a request."""
        numbers = range(first * _FILMS, (first + 1) * _FILMS)
        sent = [partial(self.films.store, corpus, range(number, number + 1)) for number in numbers]
        return wire.each_once(self.films.port, sent, 1)

    def create(self, first: int) -> Load:
        """Create patients and observations."""
        sent: list[Callable[[], wire.Sent]] = []
        for each in islice(resources(2 * _RESOURCES, first * _RESOURCES), _RESOURCES):
            each.pop("subject", None)
            body = json.dumps({name: value for name, value in each.items() if name != "id"}).encode()
            sent.append(partial(self.resources.post, f"/{each['resourceType']}", body))
        return wire.each_once(self.resources.port, sent, 1)

    def search(self) -> Load:
        """Search by tokens, strings and dates."""
        paths = ("/Patient?name=a", "/Observation?code=8867-4", "/Patient?birthdate=ge1980", "/Patient?gender=female")
        sent = [self.resources.get(path) for path in paths] * (_SEARCHES // len(paths))
        return wire.each_once(self.resources.port, [partial(_as_it_is, each) for each in sent], 1)

    def query(self) -> Load:
        """Ask for sums of a table."""
        return wire.each_once(self.films.port, [partial(_as_it_is, self.queries)] * _QUERIES, 1)

    def insert(self) -> Load:
        """Stream rows, one a request."""
        return wire.each_once(self.films.port, [partial(_as_it_is, self.inserts)] * _INSERTS, 1)


def _as_it_is(sent: wire.Sent) -> wire.Sent:
    return sent


def at_rest(places: Places) -> list[Figure]:
    """Films stored, FHIR resources created and searched, a million rows queried, rows streamed: encrypted and not."""
    key = places.results / "root.key"
    numbers, corpus = count(), Corpus(pixels=True)
    with ExitStack() as stack:
        sides = []
        for name, options in (("encrypted", ("--encrypt-at-rest", str(key))), ("plain", ())):
            own = replace(places, port=free_port(), grpc_port=free_port())
            sides.append(_side(stack.enter_context(running_emulator(own, name, options))))
        works: dict[str, Callable[[_Side, int], Load]] = {
            "a film of 1 MB stored": lambda side, turn: side.store(turn, corpus),
            "a FHIR resource created": lambda side, turn: side.create(turn),
            "a FHIR search": lambda side, _: side.search(),
            f"a query of {_ROWS:,} rows": lambda side, _: side.query(),
            "a row streamed": lambda side, _: side.insert(),
        }
        return [_compared(name, work, sides, numbers) for name, work in works.items()]


def _compared(name: str, work: Callable[[_Side, int], Load], sides: list[_Side], numbers: "count[int]") -> Figure:
    """What one work takes of processors in rounds; who begins changes, and the first round is not counted."""
    found: tuple[list[float], list[float]] = ([], [])
    for turn in range(_ROUNDS + 1):
        number = next(numbers)
        for place in (0, 1) if turn % 2 else (1, 0):
            before = sides[place].running.processor_seconds(children=True)
            work(sides[place], number)
            found[place].append(sides[place].running.processor_seconds(children=True) - before)
    return waits(f"{name}, processors' time with encryption at rest", tuple(found[0][1:]), tuple(found[1][1:]))


def _side(running: Running) -> _Side:
    films = dicomweb.emulator_server(running, running.healthcare_key())
    datasets = running.api("healthcare", "v1").projects().locations().datasets()
    parent = f"projects/{PROJECT}/locations/{LOCATION}/datasets/benchmark"
    body = {"version": "R4", "enableUpdateCreate": True}
    made = datasets.fhirStores().create(parent=parent, fhirStoreId="resources", body=body).execute()
    bigquery = running.api("bigquery", "v2")
    settings = {"defaultEncryptionConfiguration": {"kmsKeyName": running.bigquery_key()}}
    body = {"datasetReference": {"datasetId": "benchmark"}, **settings}
    bigquery.datasets().insert(projectId=PROJECT, body=body).execute()
    name = "CONCAT('patient ', CAST(FARM_FINGERPRINT(CAST(n AS STRING)) AS STRING))"
    rows = f"SELECT n, {name} AS name FROM UNNEST(GENERATE_ARRAY(1, {_ROWS})) AS n"  # noqa: S608  our own words
    bigquery.jobs().query(projectId=PROJECT, body=_query(f"CREATE TABLE benchmark.rows AS {rows}")).execute()
    bigquery.jobs().query(projectId=PROJECT, body=_query("CREATE TABLE benchmark.inserted (name STRING)")).execute()
    headers = {**films.headers, "Content-Type": "application/json"}
    asked = [json.dumps({**_query(_SQL), "useQueryCache": False}).encode()]
    queries = wire.request(films.port, f"/bigquery/v2/projects/{PROJECT}/queries", headers, asked)
    row = [json.dumps({"rows": [{"json": {"name": "patient"}}]}).encode()]
    streaming = f"/bigquery/v2/projects/{PROJECT}/datasets/benchmark/tables/inserted/insertAll"
    inserts = wire.request(films.port, streaming, headers, row)
    resource_server = fhir.Server(films.port, f"/v1/{made['name']}/fhir", running.pid, films.headers)
    return _Side(running, films, resource_server, queries, inserts)


def _query(sql: str) -> dict[str, object]:
    return {"query": sql, "useLegacySql": False, "timeoutMs": 600_000}
