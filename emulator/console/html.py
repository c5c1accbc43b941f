"""HTML as values: what is text is escaped, what is HTML already has its own type."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TypeAlias


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Child: TypeAlias = "Html | str | int | Iterable[Child] | None"
Value: TypeAlias = "str | int | bool | None"
_VOID = frozenset(("br", "hr", "img", "input", "link", "meta", "wbr"))


def tag(name: str, /, *children: Child, **attributes: Value) -> Html:
    """An element with its children, escaped.

    Attributes: True is one without a value, False and None leave it out; class_ is class, data_live is data-live.
    """
    opened = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    return Html(opened if name in _VOID else f"{opened}{join(*children)}</{name}>")


def join(*children: Child) -> Html:
    """Several children beside each other; None is nothing."""
    return Html("".join(_written(child) for child in children))


def _written(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str | int):
        return escape(str(child))
    return "".join(_written(each) for each in child)


def _attribute(key: str, value: Value) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
