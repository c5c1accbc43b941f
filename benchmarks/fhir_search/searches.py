"""Searches of each kind, and how long they take in stores of two sizes."""

import time
from collections.abc import Callable
from functools import partial

import orjson

from benchmarks.fhir_search import corpus
from benchmarks.fhir_search.store import VERSION, Store
from benchmarks.figures import Figure, rates
from emulator.fhir.search.index import Indexer
from emulator.fhir.search.parameters import parameters
from emulator.fhir.search.searching import Page
from scripts.demonstration.places import Places

_ROUNDS = 3
_SOME = 2_000
"""Resources that are indexed in a round."""
_SECONDS = 0.1
"""A kind of search is repeated for so long in a round."""
_FLAT = 0.95
"""Of the rate in a small store, in a large one: the goal of searches that find few."""

Pairs = list[tuple[str, str]]
_MRN = f"{corpus.MRN}|M0000017"
FEW: dict[str, tuple[str, Pairs]] = {
    "token": ("Patient", [("identifier", _MRN)]),
    "string": ("Patient", [("family", "chen000017")]),
    "date": ("Patient", [("birthdate", "1740-01-18")]),
    "reference and date": ("Observation", [("subject", "Patient/p17"), ("date", "ge2010")]),
    "chained": ("Observation", [("subject:Patient.identifier", _MRN)]),
    "_has": ("Patient", [("_has:Observation:patient:identifier", "M17")]),
    "_include": ("Observation", [("subject", "Patient/p17"), ("_include", "Observation:subject")]),
    "_revinclude": ("Patient", [("identifier", _MRN), ("_revinclude", "Observation:subject")]),
    "_sort": ("Observation", [("subject", "Patient/p17"), ("_sort", "-date")]),
}
"""Searches that find few, however large the store."""
MANY: dict[str, tuple[str, Pairs]] = {
    "a common code": ("Observation", [("code", "8867-4"), ("_count", "20")]),
    "a common code by date": ("Observation", [("code", "8867-4"), ("_sort", "-date"), ("_count", "20")]),
    "a common composite": ("Observation", [("code-value-quantity", "8867-4$gt100"), ("_count", "20")]),
    "a common chain": ("Observation", [("subject:Patient.gender", "female"), ("_count", "20")]),
}
"""Searches that find a page of many."""


def fhir_search(places: Places) -> list[Figure]:
    """Stores of 3,000 and 30,000 resources."""
    return [_indexing(), *_beside(places, 3_000, 30_000)]


def fhir_search_growth(places: Places) -> list[Figure]:
    """Stores of 10,000 and 1,000,000 resources."""
    return _beside(places, 10_000, 1_000_000)


def _indexing() -> Figure:
    """Rows of resources, beside reading them from JSON."""
    texts = [orjson.dumps(each) for each in corpus.resources(_SOME)]
    indexer = Indexer(parameters(VERSION))
    found = [orjson.loads(each) for each in texts]
    ours, theirs = [], []
    for _ in range(_ROUNDS):
        ours.append(_SOME / _took(lambda: [indexer.rows(each) for each in found]))
        theirs.append(_SOME / _took(lambda: [orjson.loads(each) for each in texts]))
    return rates("fhir search: rows of a resource beside reading its JSON", tuple(ours), tuple(theirs))


def _beside(places: Places, few: int, many: int) -> list[Figure]:
    small, large = Store(places.results, few), Store(places.results, many)
    figures = []
    for name, (kind, pairs) in {**FEW, **MANY}.items():
        page = large.search(kind, pairs)
        rounds = [
            (_rate(small, kind, pairs), _rate(large, kind, pairs), _repeated(partial(large.bare, page)))
            for _ in range(_ROUNDS)
        ]
        before, after, bare = zip(*rounds, strict=True)
        figures.append(rates(f"fhir search: {name}, beside bare reads of its {_size(page)} rows", after, bare))
        goal = _FLAT if name in FEW else None
        figures.append(rates(f"fhir search: {name}, {many:,} resources beside {few:,}", after, before, goal=goal))
    return figures


def _size(page: Page) -> int:
    return len(page.matches) + len(page.included)


def _rate(store: Store, kind: str, pairs: Pairs) -> float:
    return _repeated(lambda: store.search(kind, pairs))


def _repeated(work: Callable[[], object]) -> float:
    """How often a second."""
    count, start = 0, time.process_time()
    while (took := time.process_time() - start) < _SECONDS:
        work()
        count += 1
    return count / took


def _took(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
