"""Preconditions: ifGenerationMatch and its like, checked against the version that a request is about.

Rules: https://cloud.google.com/storage/docs/request-preconditions. Generation 0 stands for "no live version".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from emulator.services.storage import errors


class Versioned(Protocol):
    """What has a generation and a metageneration: an object."""

    @property
    def generation(self) -> int:
        """The content's version."""
        ...

    @property
    def metageneration(self) -> int:
        """The metadata's version."""
        ...


@dataclass(frozen=True)
class Conditions:
    """The four preconditions of a request; None where not asked."""

    generation: int | None = None
    not_generation: int | None = None
    metageneration: int | None = None
    not_metageneration: int | None = None

    @classmethod
    def of(cls, query: Mapping[str, Any], prefix: str = "if") -> Conditions:
        """Read them from a query; prefix "ifSource" for those on the source of a copy. Raises 400 for a non-number."""
        return cls(
            generation=_number(query, prefix + "GenerationMatch"),
            not_generation=_number(query, prefix + "GenerationNotMatch"),
            metageneration=_number(query, prefix + "MetagenerationMatch"),
            not_metageneration=_number(query, prefix + "MetagenerationNotMatch"),
        )

    def to_json(self) -> dict[str, int]:
        """What an upload session keeps of them; Conditions(**...) makes them again."""
        return {key: value for key, value in vars(self).items() if value is not None}

    def check(self, current: Versioned | None, *, reading: bool = False) -> None:
        """Raise 412 where a condition fails; 304 where a reader already has this version."""
        generation = current.generation if current else 0
        metageneration = current.metageneration if current else 0
        if self.generation is not None and self.generation != generation:
            raise errors.condition_not_met()
        if self.metageneration is not None and self.metageneration != metageneration:
            raise errors.condition_not_met()
        if self.not_generation is not None and self.not_generation == generation:
            raise errors.not_modified() if reading else errors.condition_not_met()
        if self.not_metageneration is not None and self.not_metageneration == metageneration:
            raise errors.not_modified() if reading else errors.condition_not_met()


NONE = Conditions()


def _number(query: Mapping[str, Any], name: str) -> int | None:
    value = query.get(name)
    if value is None:
        return None
    try:
        return int(value)
    except ValueError as error:
        raise errors.invalid(f"Invalid value for {name}: '{value}' is not a number.") from error
