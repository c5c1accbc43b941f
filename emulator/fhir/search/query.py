"""A search as it is understood: conditions, order, page and what is included, with parameters found and values read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from emulator.fhir.search.parameters import Parameter
from emulator.fhir.search.values import Value


class Clause(NamedTuple):
    """A parameter with values, of which one must be found: birthdate=ge1970,lt1900."""

    parameter: Parameter
    modifier: str
    """"" or missing, not, text, in, not-in, exact, contains, above, below. A type of references is in the values."""
    values: tuple[Value, ...]


class Chain(NamedTuple):
    """What a reference points at must meet a condition: subject:Patient.name=ann."""

    parameter: Parameter
    targets: tuple[tuple[str, Condition], ...]
    """Each type that the reference may point at, with the condition on it."""


class Has(NamedTuple):
    """Something that refers to the resource must meet a condition: _has:Observation:patient:code=1234-5."""

    parameter: Parameter
    """Of the resource that refers."""
    condition: Condition


Condition: TypeAlias = Clause | Chain | Has


class Sort(NamedTuple):
    """A part of the order: by the first value of a parameter."""

    parameter: Parameter
    descending: bool


class Include(NamedTuple):
    """What comes along with matches: what they refer to, or what refers to them."""

    source: str
    """The type that has the reference; "" for any."""
    parameters: tuple[Parameter, ...]
    target: str
    """The type that is referred to; "" for any."""
    reverse: bool
    iterate: bool
    """Whether it also holds for what was included."""
    known: str = ""
    """Type/id of what every match refers to by it, as a condition says; "" where that is to be asked."""


@dataclass(slots=True)
class Query:
    """A search of one type, or of several in a store."""

    types: tuple[str, ...]
    """None for all types of the store."""
    conditions: tuple[Condition, ...] = ()
    sorts: tuple[Sort, ...] = ()
    """None for the order of change, the newest first."""
    count: int = 100
    includes: tuple[Include, ...] = ()
    elements: tuple[str, ...] = ()
    summary: str = ""
    """"" or text, data."""
    total: str = ""
    """"" or none, estimate, accurate."""
    page_token: str = ""
    applied: tuple[tuple[str, str], ...] = ()
    """Names and values as they came, without what was ignored and without the page: what the self link shows."""
    ignored: tuple[tuple[str, str], ...] = ()
    """What was not applied: names, and sentences that say why."""
