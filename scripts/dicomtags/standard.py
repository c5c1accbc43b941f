"""The tables of standard.json: IODs, their modules, the modules' attributes, and the meanings. Read on first use."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DATA = Path(__file__).with_name("standard.json")


@functools.cache
def tables() -> dict[str, Any]:
    """standard.json as `scripts.dicomtags.extract` wrote it: sources, iods, modules, sequences, meanings, E.1-1."""
    found: dict[str, Any] = json.loads(_DATA.read_bytes())
    return found


@dataclass(frozen=True, slots=True)
class Node:
    """An attribute where a module, or the items of a sequence, have it."""

    keyword: str
    type: str
    """1, 1C, 2, 2C or 3 (PS3.5 7.4); "" where the module is of a service whose messages have types of their own."""
    items: int | None
    """Of a sequence: the number of what its items hold, for `items_of`."""


@dataclass(frozen=True, slots=True)
class Module:
    """A module of PS3.3."""

    key: str
    name: str
    attributes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """A module in an IOD."""

    module: str
    """The module's key."""
    usage: str
    """M mandatory, C conditional, U user optional (PS3.3 A.1.3)."""
    entity: str
    """The information entity: Patient, Study, Series, Image ..."""
    condition: str
    """When a conditional one is required; "" where the tables don't say."""


@dataclass(frozen=True, slots=True)
class Iod:
    """An information object definition of PS3.3 Annex A."""

    key: str
    name: str
    aliases: tuple[str, ...]
    sop_classes: tuple[str, ...]
    uses: tuple[Use, ...]


@functools.cache
def iods() -> dict[str, Iod]:
    """All IODs by their key."""
    return {
        key: Iod(
            key,
            row["name"],
            tuple(row["aliases"]),
            tuple(row["sop_classes"]),
            tuple(Use(use[0], use[1], use[2], use[3] if len(use) > 3 else "") for use in row["modules"]),
        )
        for key, row in tables()["iods"].items()
    }


@functools.cache
def module(key: str) -> Module:
    """A module by its key. IODs name a few of which the tables have no attributes; such a one is empty."""
    row = tables()["modules"].get(key)
    if row is None:
        return Module(key, key.replace("-", " ").title(), ())
    return Module(key, row["name"], _nodes(row["attributes"]))


def modules() -> dict[str, Module]:
    """All modules whose attributes are known, by their key."""
    return {key: module(key) for key in tables()["modules"]}


@functools.cache
def items_of(number: int) -> tuple[Node, ...]:
    """What the items of a sequence hold, by `Node.items`."""
    return _nodes(tables()["sequences"][number])


def below(node: Node) -> tuple[Node, ...]:
    """What the items of `node` hold; nothing where it is no sequence."""
    return () if node.items is None else items_of(node.items)


def _nodes(rows: Sequence[Sequence[Any]]) -> tuple[Node, ...]:
    return tuple(Node(row[0], row[1], row[2] if len(row) > 2 else None) for row in rows)


def iod_of(sop_class: str) -> Iod | None:
    """The IOD of a storage SOP class by its UID, None where it has none."""
    return _by_sop_class().get(sop_class)


@functools.cache
def _by_sop_class() -> dict[str, Iod]:
    return {uid: iod for iod in iods().values() for uid in iod.sop_classes}


@functools.cache
def sop_class_name(uid: str) -> str:
    """The name of a UID in PS3.6 Annex A, the UID itself where it has none."""
    from pydicom.uid import UID

    return str(UID(uid).name)


def find_iods(text: str) -> list[Iod]:
    """The IODs that `text` can mean: one where it is a SOP class, a key or a whole name, else all that contain it."""
    wanted = _folded(text)
    sop_class = iod_of(text.strip())
    if sop_class is not None:
        return [sop_class]
    names = {iod.key: [_folded(name) for name in _names(iod)] for iod in iods().values()}
    for whole in ({wanted}, {f"{wanted} image", f"{wanted} iod", f"{wanted} image iod"}):
        exact = [iods()[key] for key, known in names.items() if whole & set(known)]
        if len(exact) == 1:
            return exact
    parts = [iods()[key] for key, known in names.items() if any(wanted in name for name in known)]
    words = wanted.split()
    return parts or [
        iods()[key] for key, known in names.items() if any(all(word in name for word in words) for name in known)
    ]


def _names(iod: Iod) -> Iterator[str]:
    yield from (iod.key, iod.name, *iod.aliases)
    yield from (sop_class_name(uid) for uid in iod.sop_classes)


def find_modules(text: str) -> list[Module]:
    """The modules that `text` can mean: one where it is a key or a whole name, else all that contain it."""
    wanted = _folded(text).removesuffix(" module")
    found = modules().values()
    exact = [each for each in found if wanted in (_folded(each.name), _folded(each.key))]
    return exact or [each for each in found if wanted in _folded(each.name)]


def _folded(text: str) -> str:
    return " ".join(text.casefold().replace("-", " ").split())


def meaning(tag: str) -> str:
    """What an attribute means, by its tag as 8 digits or a mask such as 60xx3000; "" where the tables don't say."""
    return str(tables()["meanings"].get(tag, ""))


@dataclass(frozen=True, slots=True)
class Place:
    """Where modules have an attribute."""

    module: Module
    type: str
    """Its type at the top of the module; "" where it is only in items of the module's sequences."""
    sequences: tuple[str, ...]
    """The sequences of the module whose items have it, by keyword."""


def places(keyword: str) -> list[Place]:
    """The modules that have an attribute at their top or in items of their sequences, those with it on top first."""
    found = []
    for each in modules().values():
        top = [node.type for node in each.attributes if node.keyword == keyword]
        parents = sorted({parent for node in each.attributes for parent in _parents(node, keyword)})
        if top or parents:
            found.append(Place(each, top[0] if top else "", tuple(parents)))
    return sorted(found, key=lambda place: (not place.type, place.module.name))


def _parents(node: Node, keyword: str) -> frozenset[str]:
    """The sequences at and below `node` whose items have the attribute."""
    if node.items is None:
        return frozenset()
    inner = _parents_in(node.items, keyword)
    return inner | {node.keyword} if any(each.keyword == keyword for each in items_of(node.items)) else inner


@functools.cache
def _parents_in(number: int, keyword: str) -> frozenset[str]:
    return frozenset(parent for node in items_of(number) for parent in _parents(node, keyword))


@functools.cache
def uses_of(module_key: str) -> tuple[tuple[Iod, Use], ...]:
    """The IODs that have a module, with its usage in each."""
    return tuple((iod, use) for iod in iods().values() for use in iod.uses if use.module == module_key)
