"""References in an expression: the resources that they lead to, or the types that they name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.fhir.paths.effort import READ, charge
from emulator.fhir.paths.truths import Items

Reader = Callable[[str], Any]
"""Takes the text of a reference; gives the resource that it leads to, None where there is none."""


class Resolved:
    """What a reference points at: its type only."""

    __slots__ = ("type",)

    def __init__(self, type_: str) -> None:
        self.type = type_


class Whole:
    """A resource as steps are handed it where references can be followed."""

    __slots__ = ("read", "resource")

    def __init__(self, resource: Any, read: Reader) -> None:
        self.resource = resource
        self.read = read


def resolve(items: Items, resource: Any) -> Items:
    """What references lead to: resources, or else their types, as far as the references say them."""
    if isinstance(resource, Whole):
        texts = (item.get("reference") if isinstance(item, dict) else item for item in items)
        found = (_led_to(resource, text) for text in texts if isinstance(text, str))
        return [each for each in found if each is not None]
    return [Resolved(kind) for item in items if (kind := _referred(item))]


def _led_to(whole: Whole, text: str) -> Any:
    """The resource that a reference leads to: one that is contained, or one that the reader has; None for none."""
    if not text.startswith("#"):
        charge(READ)
        return whole.read(text)
    if text == "#":
        return whole.resource
    contained = (each for each in whole.resource.get("contained") or () if isinstance(each, dict))
    return next((each for each in contained if each.get("id") == text[1:]), None)


def _referred(item: Any) -> str:
    """The type that a reference, or its text, names; "" where it names none."""
    text = item.get("reference") if isinstance(item, dict) else item
    if not isinstance(text, str) or text.startswith(("#", "urn:")):
        text = ""
    parts = text.split("/_history/", 1)[0].split("/")
    if len(parts) > 1 and parts[-2][:1].isupper():
        return parts[-2]
    named = item.get("type") if isinstance(item, dict) else None
    return named if isinstance(named, str) else ""
