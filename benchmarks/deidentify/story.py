"""Who is in a made-up note, and what each {name} of its template says of them."""

from __future__ import annotations

import calendar
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

NAME, PLACE, ORGANIZATION, DATE = "PERSON_NAME", "LOCATION", "ORGANIZATION_NAME", "DATE"
ID, PHONE = "MEDICAL_RECORD_NUMBER", "PHONE_NUMBER"
MONTHS = tuple(calendar.month_name)[1:]


class Said(NamedTuple):
    """What takes the place of a {name}: a text, and of which infoType it is; none where it identifies nobody."""

    text: str
    info_type: str = ""


@dataclass
class _Person:
    first: str
    last: str
    middle: str

    @property
    def full(self) -> str:
        return f"{self.first} {self.last}"


@dataclass
class Story:
    """One patient's story: who is in it, and what each {name} of a template says of it."""

    chance: random.Random
    pools: Mapping[str, list[str]]
    people: dict[str, _Person] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)

    def said(self, name: str) -> Said:
        """What a {name} stands for here."""
        role, _, form = name.partition("_")
        if role.rstrip("23") in _ROLES and form in _FORMS:
            return Said(_FORMS[form](self.person(role)), NAME)
        info_type, make = _OTHERS[name]
        return Said(make(self), info_type)

    def person(self, role: str) -> _Person:
        """Who has a role; the same one each time."""
        if role not in self.people:
            self.people[role] = _Person(self.any("given"), self.any("family"), self.chance.choice("ABCDEFGHJKLMRSTW"))
        return self.people[role]

    def any(self, pool: str) -> str:
        """One of a pool of words."""
        return self.chance.choice(self.pools[pool])

    def digits(self, form: str) -> str:
        """A text with a digit for each #."""
        return "".join(self.chance.choice("0123456789") if each == "#" else each for each in form)

    def fact(self, name: str, make: Callable[[], str]) -> str:
        """What is said once and then always of this patient."""
        return self.facts.setdefault(name, make())

    def day(self) -> date:
        """A day of the last years."""
        return date(2015, 1, 1) + timedelta(self.chance.randrange(3600))

    def born(self) -> date:
        """The patient's day of birth."""
        return date.fromisoformat(
            self.fact("born", lambda: str(date(1930, 1, 1) + timedelta(self.chance.randrange(30000))))
        )

    def mrn(self) -> str:
        """The patient's number."""
        form = self.chance.choice(("########", "#######", "###-##-##", "M#######"))
        return self.fact("mrn", lambda: self.digits(form))

    def known(self) -> Iterator[tuple[str, str]]:
        """What the record says: the patient, the referring physician, and what of them is in the note."""
        for role in ("patient", "referrer"):
            yield NAME, "{0.last}^{0.first}^{0.middle}".format(self.person(role))
        yield ID, self.mrn()
        yield DATE, f"{self.born():%Y%m%d}"


def _written(day: date, chance: random.Random) -> str:
    """A date as one of many writes it."""
    month = MONTHS[day.month - 1]
    forms = (
        f"{day:%m/%d/%Y}",
        f"{day.month}/{day.day}/{day:%y}",
        f"{day.month}/{day.day}/{day.year}",
        f"{day:%Y-%m-%d}",
        f"{day:%m-%d-%Y}",
        f"{day.day:02d}-{month[:3].upper()}-{day.year}",
        f"{month} {day.day}, {day.year}",
        f"{month[:3]} {day.day}, {day.year}",
        f"{day.day} {month} {day.year}",
        f"{day:%d.%m.%Y}",
    )
    return chance.choice(forms)


def _short(day: date, chance: random.Random) -> str:
    month = MONTHS[day.month - 1]
    return chance.choice(
        (f"{day.month}/{day.day}", f"{month} {day.day}", f"{month[:3]} {day.day}", f"{day.month}/{day.day}/{day:%y}")
    )


def _ordinal(number: int) -> str:
    return f"{number}{'th' if 10 < number < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ONES = (
    *("oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)


def _in_words(number: int) -> str:
    """A number below a hundred as it is said."""
    if number < 20:
        return _ONES[number]
    return _TENS[number // 10] + (f" {_ONES[number % 10]}" if number % 10 else "")


def _spoken(day: date) -> str:
    century = "twenty" if day.year >= 2000 else "nineteen"
    return f"{MONTHS[day.month - 1].lower()} {_in_words(day.day)} {century} {_in_words(day.year % 100)}"


_PHONES = ("(###) ###-####", "###-###-####", "###.###.####", "+1 ### ### ####", "1-###-###-####", "### ###-####")
_DOMAINS = ("example.org", "mail.example.com", "hospital.example")


def _phone(story: Story) -> str:
    form = story.chance.choice(
        ("(###) ###-####", "###-###-####", "###.###.####", "+1 ### ### ####", "1-###-###-####", "### ###-####")
    )
    return story.digits(form.replace("#", str(story.chance.randint(2, 9)), 1))


def _card(story: Story) -> str:
    digits = [4, *(story.chance.randrange(10) for _ in range(14))]
    doubled = sum(2 * each - 9 * (each > 4) for each in digits[::2]) + sum(digits[1::2])
    text = "".join(map(str, [*digits, -doubled % 10]))
    return " ".join(text[start : start + 4] for start in range(0, 16, 4))


def _ssn(story: Story) -> str:
    return f"{story.chance.randint(100, 665)}-{story.chance.randint(10, 99)}-{story.chance.randint(1000, 9999)}"


def _email(story: Story) -> str:
    person = story.person(story.chance.choice(("other", "doctor", "relative")))
    flat = re.sub("[^a-z]", "", person.last.lower())
    return f"{person.first[0].lower()}{flat}@{story.chance.choice(_DOMAINS)}"


def _street(story: Story) -> str:
    return f"{story.chance.randint(2, 1999)} {story.any('streets')}{story.chance.choice(('', '', ', Apt 3B', ' #12'))}"


def _dated(make: Callable[[date], str]) -> tuple[str, Callable[[Story], str]]:
    return DATE, lambda story: make(story.day())


_ROLES = ("patient", "doctor", "referrer", "other", "relative")
_FORMS: dict[str, Callable[[_Person], str]] = {
    "full": lambda p: p.full,
    "first": lambda p: p.first,
    "last": lambda p: p.last,
    "initial": lambda p: p.first[0],
    "initials": lambda p: f"{p.first[0]}{p.last[0]}".lower(),
    "caps": lambda p: f"{p.last}, {p.first} {p.middle}".upper(),
    "caret": lambda p: f"{p.last}^{p.first}^{p.middle}".upper(),
    "last_caps": lambda p: p.last.upper(),
    "last_lower": lambda p: p.last.lower(),
    "first_lower": lambda p: p.first.lower(),
    "full_lower": lambda p: p.full.lower(),
    "last_first": lambda p: f"{p.last}, {p.first}",
}
_OTHERS: dict[str, tuple[str, Callable[[Story], str]]] = {
    "initials": (NAME, lambda c: "".join(c.chance.choice("abcdefghjklmprstw") for _ in range(2))),
    "mrn": (ID, Story.mrn),
    "mrn2": (ID, lambda c: c.digits("########")),
    "member": (ID, lambda c: c.digits("XKB#########")),
    "accession": (ID, lambda c: c.digits("A########")),
    "casenumber": (ID, lambda c: c.digits("S##-#####")),
    "number": (ID, lambda c: c.digits("#####")),
    "ssn": ("US_SOCIAL_SECURITY_NUMBER", _ssn),
    "vin": ("US_VEHICLE_IDENTIFICATION_NUMBER", lambda c: c.chance.choice(("1M8GDM9AXKP042788", "1HGCM82633A004352"))),
    "licence": ("US_DRIVERS_LICENSE_NUMBER", lambda c: c.digits("S########")),
    "passport": ("PASSPORT", lambda c: c.digits("C########")),
    "card": ("CREDIT_CARD_NUMBER", _card),
    "swift": ("SWIFT_CODE", lambda c: c.chance.choice(("BOFAUS3N", "CTZIUS33", "DEUTDEFF500"))),
    "phone": (PHONE, _phone),
    "ext": (PHONE, lambda c: c.digits("6####")),
    "email": ("EMAIL_ADDRESS", _email),
    "url": ("URL", lambda c: f"https://portal.example.org/study/{c.digits('######')}"),
    "ip": (
        "IP_ADDRESS",
        lambda c: "10." + ".".join(str(c.chance.randrange(1, 255)) for _ in range(3)),
    ),
    "mac": ("MAC_ADDRESS", lambda c: ":".join(f"{c.chance.randrange(256):02x}" for _ in range(6))),
    "age": ("AGE", lambda c: str(c.chance.randint(19, 96))),
    "elder": ("AGE", lambda c: str(c.chance.randint(90, 103))),
    "dob": (DATE, lambda c: _written(c.born(), c.chance)),
    "dob_long": (DATE, lambda c: f"{MONTHS[c.born().month - 1]} {_ordinal(c.born().day)}, {c.born().year}"),
    "dob_compact": (DATE, lambda c: f"{c.born():%Y%m%d}"),
    "dob_iso": (DATE, lambda c: str(c.born())),
    "dob_words": (DATE, lambda c: _spoken(c.born())),
    "date": (DATE, lambda c: _written(c.day(), c.chance)),
    "date_short": (DATE, lambda c: _short(c.day(), c.chance)),
    "date_long": _dated(lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}"),
    "date_iso": _dated(str),
    "date_compact": _dated(lambda d: f"{d:%Y%m%d}"),
    "date_words": _dated(_spoken),
    "month_year": _dated(lambda d: f"{MONTHS[d.month - 1]} {d.year}"),
    "holiday": (DATE, lambda c: c.any("holidays")),
    "month_name": ("", lambda c: c.chance.choice(MONTHS)),
    "year": ("", lambda c: str(c.day().year)),
    "weekday": ("", lambda c: c.chance.choice(("Monday", "Tuesday", "Thursday", "Friday"))),
    "time": ("", lambda c: f"{c.chance.randrange(24):02d}:{c.chance.randrange(60):02d}"),
    "time_compact": ("", lambda c: f"{c.chance.randrange(24):02d}{c.chance.randrange(60):02d}"),
    "street": (PLACE, _street),
    "street_caps": (PLACE, lambda c: _street(c).upper()),
    "city2": (PLACE, lambda c: c.any("cities")),
    "city": (PLACE, lambda c: c.any("cities")),
    "city_caps": (PLACE, lambda c: c.any("cities").upper()),
    "city_lower": (PLACE, lambda c: c.any("cities").lower()),
    "state": (PLACE, lambda c: c.any("states")),
    "zip": (PLACE, lambda c: c.digits("0####")),
    "county": (PLACE, lambda c: c.any("counties")),
    "country": (PLACE, lambda c: c.any("countries")),
    "hospital": (ORGANIZATION, lambda c: c.any("hospitals")),
    "org": (ORGANIZATION, lambda c: c.any("organizations")),
    "org_code": ("", lambda c: c.any("org_codes")),
    "church": (ORGANIZATION, lambda c: c.any("churches")),
    "company": (ORGANIZATION, lambda c: c.any("companies")),
    "company_lower": (ORGANIZATION, lambda c: c.any("companies").lower()),
    "insurer": (ORGANIZATION, lambda c: c.any("insurers")),
    "bank": (ORGANIZATION, lambda c: c.any("banks")),
    "school": (ORGANIZATION, lambda c: c.any("schools")),
    "station": ("", lambda c: c.any("stations")),
    "sex": ("", lambda c: c.chance.choice(("Male", "Female"))),
    "sex1": ("", lambda c: c.chance.choice("MF")),
    "sexword": ("", lambda c: c.chance.choice(("man", "woman"))),
    "sexpronoun": ("", lambda c: c.chance.choice(("He", "She"))),
    "clinical": ("", lambda c: c.any("clinical")),
    "clinical_lower": ("", lambda c: c.any("clinical").lower().replace(".", "").replace(",", "")),
    "nursing": ("", lambda c: c.any("nursing")),
}
