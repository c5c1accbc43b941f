"""Resources of large files, which a process prepares: the same as without, whatever becomes of it."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from emulator.fhir import outcomes
from emulator.fhir.search import preparing
from emulator.fhir.search.parameters import parameters
from emulator.pool import WorkerLost
from emulator.services.healthcare.fhir.keeping import Ready
from emulator.services.healthcare.fhir.stored import KIND, Store
from emulator.services.healthcare.fhir.transfer import imports
from emulator.services.healthcare.fhir.transfer.lines import Found
from emulator.services.healthcare.transfer.steps import Problem
from emulator.state.clock import Clock
from emulator.state.resources import Resource

NAME = "projects/p/locations/l/datasets/d/fhirStores/f"


class Here(Executor):
    """Calls at once, in this process; every so many calls are lost."""

    def __init__(self, lost: int = 0) -> None:
        self.calls = 0
        self._lost = lost

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        self.calls += 1
        made: Future[Any] = Future()
        if self._lost and self.calls % self._lost == 0:
            made.set_exception(WorkerLost("it crashed"))
        else:
            made.set_result(fn(*args, **kwargs))
        return made


@pytest.fixture
def store() -> Store:
    resource = Resource(KIND, NAME, "", {"version": "R4"}, "", "", "")
    return Store(1, resource, parameters("R4"), preparing.indexer("R4", NAME), Clock())


def found() -> Iterator[Found]:
    """Patients, of which every seventh can't be read and every fifth is wrong in one of two ways."""
    for number in range(300):
        patient = {"resourceType": "Patient", "id": f"p{number}", "birthDate": "1970-01-01"}
        if number % 7 == 0:
            yield Found(f"line {number}", outcomes.unparseable("invalid JSON"))
        elif number % 5 == 0:
            yield Found(f"line {number}", {**patient, "gender": 7} if number % 2 else {"resourceType": "Patient"})
        else:
            yield Found(
                f"line {number}", {**patient, "link": [{"other": {"reference": "Patient/p1"}, "type": "refer"}]}
            )


def described(made: Iterator[Ready | Problem]) -> list[Any]:
    return [each if isinstance(each, Problem) else (each.resource, each.links, each.rows) for each in made]


@pytest.mark.parametrize("lost", [0, 2])
def test_a_process_beside_changes_nothing(store: Store, lost: int) -> None:
    wanted = described(imports.made_ready(store, each) for each in found())
    assert sum(isinstance(each, Problem) for each in wanted) == 43 + 51
    pool = Here(lost)
    assert described(imports.made_ready_beside(pool, store, found())) == wanted
    assert pool.calls == 5


def test_a_file_without_resources_asks_for_no_process(store: Store) -> None:
    pool = Here()
    assert described(imports.made_ready_beside(pool, store, iter(()))) == []
    assert pool.calls == 0
