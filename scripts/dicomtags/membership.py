"""Whether a file's elements belong to its IOD, and which required ones it lacks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.dicomtags import dictionary, standard
from scripts.dicomtags.standard import Iod, Node

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.dataelem import DataElement, RawDataElement

Json = dict[str, Any]

_STRICTEST = ("1", "1C", "2", "2C", "3", "")
# Their items hold macros that are mandatory, conditional or optional as a whole, in the shared groups or in each
# frame's: a type below them is of the macro, so that nothing can be said to be missing.
_FUNCTIONAL_GROUPS = frozenset(("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"))


@dataclass(frozen=True, slots=True)
class Members:
    """What an IOD has at one place: at the top of the dataset, or in the items of a sequence."""

    known: dict[str, list[tuple[str, Node]]] | None
    """Modules by name, and the node in each, by keyword; None where no IOD is known, so that nothing is told."""
    word: str = ""
    """What is told instead where all belongs to something that is not an IOD."""

    @classmethod
    def of(cls, iod: Iod | None) -> Members:
        """The top of an IOD's datasets; mandatory modules come first."""
        if iod is None:
            return cls(None)
        known: dict[str, list[tuple[str, Node]]] = {}
        for use in sorted(iod.uses, key=lambda use: "MCU".index(use.usage)):
            found = standard.module(use.module)
            for node in found.attributes:
                known.setdefault(node.keyword, []).append((found.name, node))
        return cls(known)

    @classmethod
    def file_meta(cls) -> Members:
        """Group 0002, which is the file's and no IOD's."""
        return cls(None, "file meta information")

    def below(self, keyword: str) -> Members:
        """The items of a sequence."""
        if self.known is None:
            return self
        known: dict[str, list[tuple[str, Node]]] = {}
        for name, node in self.known.get(keyword, ()):
            for inner in standard.below(node):
                known.setdefault(inner.keyword, []).append((name, inner))
        return Members(known)

    def type_of(self, keyword: str) -> str:
        """The strictest type that any module gives the attribute here; "" for none."""
        types = [node.type for _, node in (self.known or {}).get(keyword, ())]
        return min(types, key=_STRICTEST.index, default="")

    def told(self, keyword: str) -> str:
        """Type and module of an attribute here, or that it is not in the IOD."""
        if self.known is None:
            return self.word
        found = self.known.get(keyword, ())
        if not found:
            return "not in the IOD"
        name, node = min(found, key=lambda each: _STRICTEST.index(each[1].type))
        return f"{node.type} {name}".strip()


def missing_of(dataset: Dataset, iod: Iod) -> list[Json]:
    """The attributes of type 1 and 2 that a file lacks: {tag, keyword, type, module, path, state}.

    `state` is "missing", or "empty" for one of type 1 without a value. Looked at are the mandatory modules and the
    items of their sequences; whether a conditional attribute or module is required is not judged.
    """
    found: dict[tuple[str, ...], Json] = {}
    for use in iod.uses:
        if use.usage == "M":
            module = standard.module(use.module)
            for path, node, state in _missing(dataset, module.attributes, ()):
                entry = dictionary.entry_named(node.keyword)
                row = {
                    "tag": entry.shown if entry else "",
                    "keyword": node.keyword,
                    "type": node.type,
                    "module": module.name,
                    "path": list(path),
                    "state": state,
                }
                found.setdefault((*path, node.keyword), row)
    return list(found.values())


def _missing(
    dataset: Dataset, nodes: Iterable[Node], path: tuple[str, ...]
) -> Iterable[tuple[tuple[str, ...], Node, str]]:
    for node in nodes:
        entry = dictionary.entry_named(node.keyword)
        if entry is None or "x" in entry.tag:
            continue
        number = int(entry.tag, 16)
        if number not in dataset:
            if node.type in {"1", "2"}:
                yield path, node, "missing"
        elif node.type == "1" and _is_empty(dataset.get_item(number)):
            yield path, node, "empty"
        elif node.items is not None and node.keyword not in _FUNCTIONAL_GROUPS:
            for item in _items(dataset, number):
                yield from _missing(item, standard.items_of(node.items), (*path, node.keyword))


def _is_empty(element: DataElement | RawDataElement) -> bool:
    """Whether an element has no value; one that was not looked at yet has its length only."""
    length = getattr(element, "length", None)
    return bool(element.is_empty) if length is None else length == 0  # type: ignore[union-attr]


def _items(dataset: Dataset, number: int) -> list[Dataset]:
    try:
        value = dataset[number].value
    except (ValueError, TypeError, KeyError, NotImplementedError):
        return []
    return list(value) if type(value).__name__ == "Sequence" else []
