"""Resources made into de-identified ones, in a process of the pool: JSON in, JSON out."""

import pickle
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from emulator.deidentify.fhir import Deidentifier
from emulator.deidentify.fhir.people import Value
from emulator.deidentify.settings import Settings
from emulator.deidentify.text import Known
from emulator.deidentify.text.findings import FindingKind
from emulator.fhir import parsing


@dataclass(frozen=True, slots=True)
class Task:
    """A resource, what is known of the patients that it is about, and the id by which their dates move.

    Where nothing is said of patients (None), what the resource says itself counts.
    """

    body: bytes
    known: tuple[Value, ...] | None = None
    context: str = ""


def recipe(version: str, settings: Settings, store: str, today: date) -> bytes:
    """What `make` needs for all resources of a run, for a process that knows nothing; ages are those of `today`."""
    return pickle.dumps((version, settings, store, today))


@dataclass(frozen=True, slots=True)
class Made:
    """The JSON that a resource becomes, and how many texts of each kind were replaced in it."""

    body: bytes
    found: Counter[FindingKind]


def make(how: bytes, tasks: Sequence[Task]) -> list[Made | str]:
    """What each resource becomes, or the sentence that says why none; `how` comes from `recipe`."""
    return [_made(_deidentifier(how), task) for task in tasks]


def _made(deidentifier: Deidentifier, task: Task) -> Made | str:
    known = None if task.known is None else _known(task.known)
    try:
        done = deidentifier.resource(parsing.parse(task.body, None), known, task.context)
    except ValueError as problem:
        return str(problem)
    return Made(parsing.serialize(done.resource), done.found)


@lru_cache(maxsize=4)
def _deidentifier(how: bytes) -> Deidentifier:
    version, settings, store, today = pickle.loads(how)  # noqa: S301  made by this program
    return Deidentifier(version, settings.fhir, settings.secret, settings.cleaner(), store, today)


@lru_cache(maxsize=500)
def _known(values: tuple[Value, ...]) -> Known:
    return Known.of(values)
