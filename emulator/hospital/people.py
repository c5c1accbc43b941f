"""Who is in the hospital: patients, physicians and the place itself, with names that nobody takes for true."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from emulator.state.trouble.chance import fraction

_T = TypeVar("_T")

NAME = "Made-Up Hospital"
"""What the hospital is called in every form."""
SEEDS, PATIENTS = 9_999, 999_999
"""The largest seed, and the most patients: an accession number has 16 characters (DICOM SH)."""

_NEWEST, _OLDEST = date(2006, 1, 1), 80 * 365
_ANIMALS = (
    *("Badger", "Beaver", "Bittern", "Buzzard", "Cormorant", "Curlew", "Dormouse", "Dunlin", "Egret", "Ermine"),
    *("Falcon", "Gannet", "Hare", "Hedgehog", "Heron", "Kestrel", "Lapwing", "Linnet", "Lynx", "Marten"),
    *("Merlin", "Mole", "Newt", "Osprey", "Otter", "Plover", "Puffin", "Raven", "Shrew", "Siskin"),
    *("Stoat", "Swift", "Tern", "Thrush", "Vole", "Weasel", "Wigeon", "Wren", "Whimbrel", "Yellowhammer"),
)
_COLOURS = (
    *("Amber", "Azure", "Beige", "Bronze", "Cobalt", "Copper", "Coral", "Crimson", "Cyan", "Ebony"),
    *("Emerald", "Fawn", "Golden", "Hazel", "Indigo", "Ivory", "Jade", "Khaki", "Lilac", "Magenta"),
    *("Maroon", "Mauve", "Ochre", "Olive", "Pearl", "Russet", "Sable", "Saffron", "Scarlet", "Silver"),
)


@dataclass(frozen=True, slots=True)
class Chance:
    """What follows from a seed and names alone, such as patient 17's age: the same whatever else was asked."""

    seed: int
    about: tuple[object, ...]

    def part(self, what: str) -> float:
        """A number from 0 to below 1."""
        return fraction(self.seed, *self.about, what)

    def whole(self, what: str, least: int, most: int) -> int:
        """A whole number from `least` to `most`, both included."""
        return least + int(self.part(what) * (most - least + 1))

    def one_of(self, what: str, choices: tuple[_T, ...]) -> _T:
        """One of the choices."""
        return choices[self.whole(what, 0, len(choices) - 1)]


@dataclass(frozen=True, slots=True)
class Physician:
    """Somebody who asks for films or reads them; `role` is referrer or radiologist, `number` counts from 1."""

    role: str
    number: int
    family: str
    given: str


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient by the hospital's seed and a number from 1."""

    seed: int
    number: int
    family: str
    given: str
    sex: str
    """As DICOM and HL7 have it: F or M."""
    born: date

    @property
    def id(self) -> str:
        """The patient's id in DICOM, HL7v2, consents, and as identifier in FHIR."""
        return f"TEST{self.seed}-{self.number:06d}"

    @property
    def chance(self) -> Chance:
        """What befalls this patient."""
        return Chance(self.seed, ("hospital", self.number))


def patient(seed: int, number: int) -> Patient:
    """Patient `number` of the hospital of a seed, the same however many there are."""
    chance = Chance(seed, ("hospital", number))
    return Patient(
        seed,
        number,
        family=f"Test-{chance.one_of('family', _ANIMALS)}",
        given=chance.one_of("given", _COLOURS),
        sex=chance.one_of("sex", ("F", "M")),
        born=_NEWEST - timedelta(days=chance.whole("born", 0, _OLDEST)),
    )


def _physicians(role: str, animals: tuple[str, ...]) -> tuple[Physician, ...]:
    names = zip(animals, _COLOURS, strict=False)
    return tuple(Physician(role, number, f"Test-{animal}", colour) for number, (animal, colour) in enumerate(names, 1))


REFERRERS = _physicians("referrer", _ANIMALS[::7])
RADIOLOGISTS = _physicians("radiologist", _ANIMALS[3::7])


def uid(*names: object) -> str:
    """A UID of names (PS3.5 B.2: a UUID as a number below 2.25), the same for the same names."""
    digest = hashlib.sha256("\x1f".join(map(str, ("hospital", *names))).encode()).digest()
    # A UUID of version 8 (RFC 9562 5.8): bits of one's own but for version and variant.
    number = int.from_bytes(digest[:16]) & ~(0xF << 76) & ~(0x3 << 62) | (0x8 << 76) | (0x2 << 62)
    return f"2.25.{number}"
