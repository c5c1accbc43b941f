"""Values of configuration keys, which Pulumi hands to a program as texts, in the types of their keys."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from infra.keys import Key


def value_of(key: Key, name: str, values: Mapping[str, str], target: str, problems: list[str]) -> Any:
    """One key's value in its type; a wrong one is noted in `problems`, and the default given.

    Args:
        key: the key.
        name: its full name, with the project's namespace.
        values: the configuration by full names.
        target: the options that let `pulumi config set` change the file that the configuration is from.
        problems: gets one sentence for what is wrong.
    """
    text = values.get(name)
    if text is None:
        return key.default
    try:
        value = _READERS[key.kind](text)
    except _NotText as item:
        problems.append(
            f"{name} must be {_KINDS[key.kind]}, not {text!r}: write {item.text} in quotes, or run"
            f" `pulumi config set --path '{name}{item.path}' --type string {item.text} {target}`."
        )
        return key.default
    except ValueError:
        problems.append(f"{name} must be {_KINDS[key.kind]}, not {text!r}.")
        return key.default
    if wrong := key.check(value):
        problems.append(f"{name} {wrong}, not {text!r}.")
        return key.default
    return value


class _NotText(ValueError):
    """A number or a truth value where a text belongs, as `pulumi config set --path` writes them unasked."""

    def __init__(self, path: str, value: object) -> None:
        super().__init__(path)
        self.path = path
        self.text = json.dumps(value)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _number(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]+", text):
        raise ValueError(text)
    return int(text)


def _texts(text: str) -> list[str]:
    value = json.loads(text)
    if not isinstance(value, list):
        raise ValueError(text)
    return [_text(item, f"[{number}]") for number, item in enumerate(value)]


def _objects(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError(text)
    return value


def _map(text: str) -> dict[str, str]:
    value = _objects(text)
    return {name: _text(item, f".{name}") for name, item in value.items()}


def _text(item: object, path: str) -> str:
    """An item of a list or a map, at `path` in it."""
    if isinstance(item, int | float):
        raise _NotText(path, item)
    if not isinstance(item, str):
        raise ValueError(path)
    return item


_READERS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "boolean": _flag,
    "integer": _number,
    "array": _texts,
    "object": _map,
    "objects": _objects,
}
_KINDS = {
    "string": "a text",
    "boolean": "true or false",
    "integer": "a whole number",
    "array": "a list of texts",
    "object": "a map of texts",
    "objects": "a map",
}
