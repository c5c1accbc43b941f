"""All rules together: what each infoType is looked for by."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from emulator.deidentify.text.calendar.loose import found_loose_dates
from emulator.deidentify.text.detectors.forms import found_by_form
from emulator.deidentify.text.detectors.numbers import found_numbers
from emulator.deidentify.text.detectors.organizations import found_organizations
from emulator.deidentify.text.detectors.people import found_people
from emulator.deidentify.text.detectors.places import found_places
from emulator.deidentify.text.findings import SHAPED, Finding
from emulator.deidentify.text.passage import Passage

_RULES: dict[str, Callable[[Passage], Iterator[Finding]]] = {
    "ORGANIZATION_NAME": found_organizations,
    "LOCATION": found_places,
    "PERSON_NAME": found_people,
}
"""What is looked for only where it is wanted. Words that are found as two of them are of the first."""


def found_by_rules(passage: Passage, wanted: frozenset[str]) -> Iterator[Finding]:
    """What the rules find of the wanted infoTypes, and perhaps of others; findings may overlap."""
    yield from found_by_form(passage.text)
    yield from found_numbers(passage)
    yield from (Finding(written.start, written.end, "DATE", SHAPED) for written in passage.dates)
    yield from found_loose_dates(passage)
    for info_type, find in _RULES.items():
        if info_type in wanted:
            yield from find(passage)
