"""Conditions that resources can be listed by, and asked about, in steps of SQL that each look at little.

What few resources meet is listed, up to a limit. What many meet is asked of one resource at a time, by its own key. A
chain does both through references: it lists what the reference may point at, where that is few.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeAlias

from emulator.fhir.search.clauses import Arguments, Codes, Rows, among, keys, listed, rows
from emulator.fhir.search.query import Chain, Clause, Condition, Has

Read = Callable[[str, Sequence[Any]], Sequence[Any]]
"""Runs SQL with arguments; gives all rows."""
SCAN = 3
"""The cost of listing from which on it looks at all values of a parameter."""
_FROM_JSON = "SELECT value FROM json_each(?)"
POINTED_AT = (
    "r.store = f.store AND r.type = substr(f.target, 1, instr(f.target, '/') - 1)"
    " AND r.id = substr(f.target, instr(f.target, '/') + 1)"
)
"""SQL that is true where a reference `f` points at a resource `r`."""


@dataclass(slots=True)
class Index:
    """The index of one store."""

    read: Read
    store: int
    types: Sequence[str]
    """All resource types of the store's version."""
    expand: Callable[[str], Codes | None]
    """Systems and codes of a value set by its URL, for :in and :not-in; None where there is none."""
    limit: int
    """What is listed of a condition at most."""
    sees: str = ""
    """A function of SQL that says of a rid whether it may be seen: what may not is as if it were not there."""

    def seen(self, rid: str) -> str:
        """SQL " AND ..." that is true where the resource of a column of rids may be seen."""
        return f" AND {self.sees}({rid})" if self.sees else ""

    def rids(self, sql: str, arguments: Sequence[Any]) -> list[int] | None:
        """The rids that a query with a limit of one more gives, each once; None where it gives too many."""
        found = self.read(sql, arguments)
        return None if len(found) > self.limit else list(dict.fromkeys([row[0] for row in found]))

    def dated_rids(self, sql: str, arguments: Sequence[Any]) -> dict[int, int | None] | None:
        """The same with the moment of each, None where it is not known."""
        found = self.read(sql, arguments)
        return None if len(found) > self.limit else {row[0]: row[1] for row in found}


class Listable(ABC):
    """What can be listed: once, and then known."""

    index: Index
    known: list[int] | None = None
    """The rids of what meets it, as far as they were listed."""
    moments: Mapping[int, int | None] = MappingProxyType({})
    """Of those, when each was: the first value of its parameter `date`, None where that is to be asked."""
    _listed = False

    def candidates(self) -> list[int] | None:
        """The rids of what meets it, each once; None where these are too many, or cannot be listed."""
        if not self._listed:
            self.known = self._list()
            self._listed = True
        return self.known

    @abstractmethod
    def _list(self) -> list[int] | None:
        """The rids of what meets it; None where these are too many, or cannot be listed."""

    def _list_dated(self, sql: str, arguments: Arguments) -> list[int] | None:
        """The rids that a query gives with their moments, which are kept."""
        found = self.index.dated_rids(sql, arguments)
        self.moments = found or {}
        return None if found is None else list(found)


@dataclass(eq=False)
class Leaf(Listable):
    """A condition on one table of values."""

    names = False
    """Whether `probe` looks at the type and id of the resource, and not at its rid alone."""
    index: Index
    rows: Rows

    @property
    def typed(self) -> bool:
        """Whether what is listed is of the types that were asked for."""
        return self.rows.typed

    @property
    def cost(self) -> int:
        """What listing costs beside others: 0 for one value in an index, 3 for all values of a parameter."""
        return 0 if self.rows.ordered else 1 if self.rows.indexed else SCAN

    def _list(self) -> list[int] | None:
        if self.rows.negated:
            return None
        if not self.rows.sides:
            return []
        listing = self.rows.listing(self.index.store, self.index.limit + 1)
        return self._list_dated(*listing) if self.rows.dated else self.index.rids(*listing)

    def probe(self, of: str) -> tuple[str, Arguments]:
        """SQL that is true where the resource of an alias meets it."""
        return self.rows.probe(of, f"{of}v")


@dataclass(eq=False)
class Chained(Listable):
    """A condition on what a reference points at."""

    cost, typed, names = 2, True, False
    index: Index
    keys: Sequence[int]
    inner: Sequence[tuple[str, Sequence[Node]]]
    """Each type that the reference may point at, with what that must meet."""

    @cached_property
    def targets(self) -> list[str] | None:
        """Type/id of what meets the condition; None where it is too much."""
        targets: list[str] = []
        for resource_type, nodes in self.inner:
            found = common(nodes)
            if found is None or len(targets) + len(found) > self.index.limit:
                return None
            sql = (
                "SELECT r.type || '/' || r.id FROM json_each(?) j CROSS JOIN fhir_index_resources r"
                f" ON r.store = ? AND r.rid = j.value WHERE r.type = ?{self.index.seen('r.rid')}"
            )
            targets += [row[0] for row in self.index.read(sql, [listed(found), self.index.store, resource_type])]
        return targets

    def _list(self) -> list[int] | None:
        if self.targets is None:
            return None
        parameter, numbers = among("f.parameter", self.keys)
        sql = (
            "SELECT f.rid, f.moment FROM json_each(?) j CROSS JOIN fhir_index_targets f"
            f" ON f.store = ? AND f.target = j.value AND {parameter} LIMIT ?"
        )
        return self._list_dated(sql, [listed(self.targets), self.index.store, *numbers, self.index.limit + 1])

    def probe(self, of: str) -> tuple[str, Arguments]:
        """As of a leaf."""
        own, other = f"{of}f", f"{of}t"
        same = f"{own}.store = {of}.store AND {own}.rid = {of}.rid AND {own}.parameter IN ({_FROM_JSON})"
        if self._listed and self.targets is not None:
            sql = f"EXISTS (SELECT 1 FROM fhir_index_targets {own} WHERE {same} AND +{own}.target IN ({_FROM_JSON}))"
            return sql, [listed(self.keys), listed(self.targets)]
        parts: list[tuple[str, Arguments]] = []
        for resource_type, nodes in self.inner:
            where, inside = probes(nodes, other)
            sql = (
                f"SELECT 1 FROM fhir_index_targets {own} CROSS JOIN fhir_index_resources {other}"
                f" ON {other}.store = {own}.store AND {other}.type = ? AND {other}.id = substr({own}.target, ?)"
                f" WHERE {same} AND substr({own}.target, 1, ?) = ?{where}{self.index.seen(f'{other}.rid')}"
            )
            begin = f"{resource_type}/"
            parts.append((sql, [resource_type, len(begin) + 1, listed(self.keys), len(begin), begin, *inside]))
        parts.sort(key=lambda part: -len(part[0]))  # SQLite's parser nests few levels: no brackets, the deepest first
        return f"EXISTS ({' UNION ALL '.join(sql for sql, _ in parts)})", [each for _, more in parts for each in more]


@dataclass(eq=False)
class Having(Listable):
    """A condition on what refers to the resource."""

    cost, typed, names = 2, True, True
    index: Index
    key: int
    inner: Sequence[Node]
    types: Sequence[str]
    """Of the resources that are referred to."""

    def _list(self) -> list[int] | None:
        found = common(self.inner)
        if found is None:
            return None
        types, named = among("+r.type", self.types)
        sql = (
            "SELECT DISTINCT r.rid FROM json_each(?) j CROSS JOIN fhir_index_targets f"
            f" ON f.store = ? AND f.rid = j.value AND f.parameter = ? CROSS JOIN fhir_index_resources r ON {POINTED_AT}"
            f" WHERE {types}{self.index.seen('j.value')} LIMIT ?"
        )
        return self.index.rids(sql, [listed(found), self.index.store, self.key, *named, self.index.limit + 1])

    def probe(self, of: str) -> tuple[str, Arguments]:
        """As of a leaf."""
        own, other = f"{of}f", f"{of}s"
        where, inside = probes(self.inner, other)
        sql = (
            f"EXISTS (SELECT 1 FROM fhir_index_targets {own} CROSS JOIN fhir_index_resources {other}"
            f" ON {other}.store = {own}.store AND {other}.rid = {own}.rid WHERE {own}.store = {of}.store"
            f" AND {own}.target = {of}.type || '/' || {of}.id AND {own}.parameter = ?{where}"
            f"{self.index.seen(f'{other}.rid')})"
        )
        return sql, [self.key, *inside]


Node: TypeAlias = Leaf | Chained | Having


def nodes(condition: Condition, types: Sequence[str], index: Index) -> list[Node]:
    """What resources of these types must meet for a condition: all of it."""
    if isinstance(condition, Clause):
        return [Leaf(index, each) for each in rows(condition, types, index.expand)]
    if isinstance(condition, Chain):
        inner = [(each, nodes(inside, (each,), index)) for each, inside in condition.targets]
        return [Chained(index, keys(condition.parameter, types), inner)]
    assert isinstance(condition, Has)
    base = condition.parameter.base
    return [Having(index, condition.parameter.key, nodes(condition.condition, (base,), index), types)]


def common(found: Iterable[Node]) -> list[int] | None:
    """The rids that meet all, where each can be listed; None otherwise."""
    shared: set[int] | None = None
    for each in found:
        candidates = each.candidates()
        if candidates is None:
            return None
        shared = set(candidates) if shared is None else shared.intersection(candidates)
    return None if shared is None else list(shared)


def probes(found: Iterable[Node], of: str) -> tuple[str, Arguments]:
    """SQL " AND ..." that is true where the resource of an alias meets all; what is known is asked by rid."""
    sql, arguments = "", []
    for each in found:
        if each.known is None:
            part, more = each.probe(of)
        else:
            part, more = f"{of}.rid IN ({_FROM_JSON})", [listed(each.known)]
        sql += f" AND {part}"
        arguments += more
    return sql, arguments
