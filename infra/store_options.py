"""How configuration describes stores: a map of names to settings, each setting a key with its meaning and its reader.

`fhir_options.py`, `hl7v2_options.py` and `consent_options.py` say what each kind of store can be set to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Settings = TypeVar("Settings")
_STORE_NAME = r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?"
"""Names that a BigQuery dataset and a topic can be called after, too."""


class Wrong(ValueError):
    """A value that can't be; the message says what it must be."""


def flag(value: object) -> bool:
    """True or false. Raises Wrong."""
    if value in ("true", "false"):
        return value == "true"
    if not isinstance(value, bool):
        raise Wrong("must be true or false")
    return value


def one_of(*choices: str) -> Callable[[object], str]:
    """A reader of a value that must be one of these texts; it raises Wrong for any other."""

    def read(value: object) -> str:
        if value not in choices:
            raise Wrong(f"must be {', '.join(choices[:-1])} or {choices[-1]}")
        return str(value)

    return read


def text(value: object) -> str:
    """A text that is not empty. Raises Wrong."""
    if not isinstance(value, str) or not value:
        raise Wrong("must be a text")
    return value


def texts(value: object) -> tuple[str, ...]:
    """A list of texts. Raises Wrong."""
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise Wrong("must be a list of texts")
    return tuple(value)


def given(settings: Mapping[str, Any], key: str) -> bool:
    """Whether a switch is on in raw settings, in whichever way Pulumi wrote it."""
    return settings.get(key) in (True, "true")


@dataclass(frozen=True)
class StoreKey:
    """One setting of a store, as the configuration spells it, and the field of the kind's settings that it fills."""

    name: str
    field: str
    meaning: str
    read: Callable[[object], Any] = flag


@dataclass(frozen=True)
class StoreOptions(Generic[Settings]):
    """All that stores of one kind can be set to.

    kind            what sentences call it: "a FHIR store"
    example         a setting for sentences: "version: R4"
    make            the kind's settings: a dataclass of name and the fields that keys fill
    keys            every setting
    problems        what is wrong with raw settings as a whole, each a sentence that begins with a key
    taken           names that no store of the configuration can have
    """

    kind: str
    example: str
    make: type[Settings]
    keys: tuple[StoreKey, ...]
    problems: Callable[[Mapping[str, Any]], Iterator[str]]
    taken: tuple[str, ...] = ()

    def read(self, value: Mapping[str, Any], key: str, problems: list[str]) -> tuple[Settings, ...]:
        """The stores that `value` describes, by name; each thing that is wrong is a sentence in `problems`.

        `key` is what the configuration calls `value`, for the sentences.
        """
        stores = []
        for name, settings in sorted(value.items()):
            found = list(self._problems(name, settings))
            problems += [f"{key}.{problem}" for problem in found]
            if not found:
                stores.append(self._store(name, settings))
        return tuple(stores)

    def _store(self, name: str, settings: Mapping[str, Any]) -> Settings:
        readers = {key.name: key for key in self.keys}
        make: Callable[..., Settings] = self.make
        return make(name, **{readers[key].field: readers[key].read(value) for key, value in settings.items()})

    def _problems(self, name: str, settings: object) -> Iterator[str]:
        """What is wrong with a store's settings, each after the store's name."""
        if not re.fullmatch(_STORE_NAME, name):
            yield f"{name} can't be a store's name: it must be at most 20 of a-z, 0-9 and -, first a letter, last no -."
        if name in self.taken:
            yield f"{name} is the store that every stack has: call this one otherwise."
        if not isinstance(settings, dict):
            yield f"{name} must be a map of settings, such as {self.example}."
            return
        readers = {key.name: key for key in self.keys}
        for key, value in settings.items():
            if key not in readers:
                yield f"{name}.{key} is not a setting of {self.kind}: docs/how-to/configure.md lists them."
                continue
            try:
                readers[key].read(value)
            except Wrong as wrong:
                yield f"{name}.{key} {wrong}, not {value!r}."
        yield from (f"{name}.{problem}" for problem in self.problems(settings))
