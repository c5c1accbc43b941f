"""IODs and modules as trees, as the JSON that `tags --ciod` and `tags --module` print."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scripts.dicomtags import dictionary, standard
from scripts.dicomtags.standard import Iod, Module, Node, Use

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Depth:
    """How far attributes are followed into the items of sequences."""

    levels: int | None
    """0 no attributes, 1 the modules' own, 2 with the items of their sequences, and so on; None all."""
    codes: bool = True
    """Whether items that are a code (Code Sequence Macro, PS3.3 8.8) are opened."""

    @property
    def below(self) -> Depth:
        """The depth that is left in the items."""
        return Depth(None if self.levels is None else self.levels - 1, self.codes)


# What a person sees: below two levels, and inside codes, the same attributes come again and again.
BRIEF = Depth(2, codes=False)
ALL = Depth(None)


def iod_facts(iod: Iod, depth: Depth = ALL, only: str | None = None) -> Json:
    """An IOD: name, SOP classes, and its modules (or the `only` one, by key) with usage, condition and attributes.

    `known` is false for the few modules of which the tables have no attributes.
    """
    return {
        "iod": iod.name,
        "sop_classes": [{"uid": uid, "name": standard.sop_class_name(uid)} for uid in iod.sop_classes],
        "modules": [_used(use, depth) for use in iod.uses if only in (None, use.module)],
    }


def _used(use: Use, depth: Depth) -> Json:
    found = standard.module(use.module)
    return {
        "module": found.name,
        "entity": use.entity,
        "usage": use.usage,
        "condition": use.condition,
        "known": bool(found.attributes),
        "attributes": attributes(found.attributes, depth),
    }


def module_facts(module: Module, depth: Depth = ALL) -> Json:
    """A module by itself: name, the IODs that use it, its attributes."""
    return {
        "module": module.name,
        "iods": [{"iod": iod.name, "usage": use.usage} for iod, use in standard.uses_of(module.key)],
        "attributes": attributes(module.attributes, depth),
    }


def attributes(nodes: Iterable[Node], depth: Depth) -> list[Json]:
    """Attributes in the order of the standard's table: tag, keyword, name, type, and the `items` of sequences.

    Where `depth` ends above items, `hidden` is how many attributes they have.
    """
    if depth.levels == 0:
        return []
    found = []
    for node in nodes:
        entry = dictionary.entry_named(node.keyword)
        row: Json = {
            "tag": entry.shown if entry else "",
            "keyword": node.keyword,
            "name": entry.name if entry else node.keyword,
            "type": node.type,
        }
        below = standard.below(node)
        is_code = bool(below) and below[0].keyword == "CodeValue"
        if below and (depth.levels == 1 or (is_code and not depth.codes)):
            row["hidden"] = len(below)
        elif below:
            row["items"] = attributes(below, depth.below)
        found.append(row)
    return found
