"""The whole hospital, brought to an emulator: what is there already stays, so that a run goes on where one ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emulator.hospital.filling import consents, films, messages, resources, tables
from emulator.hospital.filling.api import Api
from emulator.hospital.filling.places import Places, Wish, prepared
from emulator.hospital.filling.target import Target
from emulator.hospital.people import PATIENTS, SEEDS
from emulator.hospital.story import Story, stories
from emulator.serving.server import StartError


@dataclass(frozen=True)
class Brought:
    """How many of each were stored, whether the tables were made, and where it all is."""

    films: int
    resources: int
    messages: int
    consents: int
    mappings: int
    tables: bool
    places: Places

    @property
    def stored(self) -> dict[str, int]:
        """How many of what were stored, without what was there."""
        counts = {
            "films": self.films,
            "FHIR resources": self.resources,
            "HL7v2 messages": self.messages,
            "consents": self.consents,
            "studies mapped to patients": self.mappings,
        }
        return {what: number for what, number in counts.items() if number}


def bring(api: Api, project: str, number: str, patients: int, seed: int, wish: Wish | None = None) -> Brought:
    """Bring patients 1 to `patients` of the hospital of a seed to a project, of which `number` is the number.

    Raises StartError, in a sentence, for what can't be; what was stored until then stays, and the next run goes on.
    """
    _require("The number of patients", patients, PATIENTS)
    _require("The seed", seed, SEEDS)
    wish = wish or Wish()
    target = Target(api, prepared(api, project, number, wish), seed)

    def told() -> Iterator[Story]:
        return stories(seed, 1, patients)

    stored = films.store(target, told()), resources.store(target, told()), messages.store(target, told())
    agreed = consents.store(target, told())
    made = wish.tables and tables.make(api, target.places)
    return Brought(*stored, *agreed, made, target.places)


def _require(what: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise StartError(f"{what} is {value}; it must be from 1 to {most}.")
