"""The resources that a file of an import holds, one after the other (Cloud Healthcare: fhirStores.import).

A file has a resource or a bundle a line (RESOURCE, BUNDLE), or is one as a whole (RESOURCE_PRETTY, BUNDLE_PRETTY).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emulator.fhir import outcomes, parsing
from emulator.fhir.outcomes import Refused
from emulator.services.healthcare.fhir import errors, past_versions
from emulator.services.healthcare.fhir.stored import Json

STRUCTURES = ("BUNDLE", "RESOURCE", "BUNDLE_PRETTY", "RESOURCE_PRETTY")
_NO_BUNDLE = (
    "no bundle is found; if you intend to import individual resources, make sure you specify the appropriate"
    " ContentStructure in the request"
)
"""Google's words (synthetichealth/synthea, issue 1568)."""
_BLANKS = b" \t\r\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Found:
    """A resource, or why there is none, and where it stands: "line 3", "line 3, entry 7" (from 1), "" for the file."""

    place: str
    content: Json | Refused


def resources(path: Path, structure: str) -> Iterator[Found]:
    """What a file holds. Bundles may be larger than those that are executed; of type history they are refused."""
    in_bundles = structure.startswith("BUNDLE")
    for place, raw in _texts(path, pretty=structure.endswith("_PRETTY")):
        try:
            content = parsing.parse(raw, None if in_bundles else parsing.MAX_RESOURCE)
            if not in_bundles:
                yield Found(place, content)
                continue
            entries = _entries(content)
        except Refused as problem:
            yield Found(place, problem)
            continue
        for number, entry in enumerate(entries, 1):
            yield _entry(f"{place}, entry {number}".removeprefix(", "), entry)


def entries_of_histories(path: Path, structure: str) -> Iterator[Found]:
    """The entries of a file's bundles of type history, each of which is of one resource.

    Where the structure is RESOURCE, each resource stands for an entry that has nothing else.
    """
    for place, raw in _texts(path, pretty=structure.endswith("_PRETTY")):
        try:
            content = parsing.parse(raw, None)
            entries = _entries(content, history=True) if structure.startswith("BUNDLE") else [{"resource": content}]
        except Refused as refused:
            yield Found(place, refused)
            continue
        first = past_versions.named(entries[0]) if entries else ""
        for number, entry in enumerate(entries, 1):
            where = f"{place}, entry {number}".removeprefix(", ")
            if not isinstance(entry, dict) or past_versions.named(entry) != first:
                yield Found(where, errors.Unfit(past_versions.OTHERS))
            else:
                yield Found(where, entry)


def count(path: Path, structure: str) -> int:
    """How many lines there are to read, 1 for a file that is one whole; no promise of what they hold."""
    if structure.endswith("_PRETTY"):
        return 1
    with path.open("rb") as file:
        return sum(1 for line in file if line.strip(_BLANKS))


def _texts(path: Path, *, pretty: bool) -> Iterator[tuple[str, bytes]]:
    if pretty:
        yield "", path.read_bytes().removeprefix(_BYTE_ORDER_MARK)
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            text = (line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line).strip(_BLANKS)
            if text:
                yield f"line {number}", text


def _entries(bundle: Json, *, history: bool = False) -> list[object]:
    if bundle.get("resourceType") != "Bundle":
        raise outcomes.unparseable(_NO_BUNDLE)
    if history and bundle.get("type") != "history":
        raise outcomes.unparseable("every bundle must be of type history")
    if not history and bundle.get("type") == "history":
        raise outcomes.unparseable("bundles of type history can't be imported")
    entries = bundle.get("entry") or []
    if not isinstance(entries, list):
        raise outcomes.unparseable("expected array", "Bundle.entry")
    return entries


def _entry(place: str, entry: object) -> Found:
    resource = entry.get("resource") if isinstance(entry, dict) else None
    if isinstance(resource, dict):
        return Found(place, resource)
    return Found(place, outcomes.unparseable('missing required field "resource"', "Bundle.entry"))
