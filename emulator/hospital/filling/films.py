"""The hospital's films, stored by DICOMweb (PS3.18 10.5), a few dozen a request."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from emulator.hospital.filling.target import Target
from emulator.hospital.films import dicom
from emulator.hospital.story import Film, Story, Visit

_AT_ONCE = 40
_PAGE = 5000
_INSTANCE = "00080018"
_BOUNDARY = "hospital-films"
_KIND = f'multipart/related; type="application/dicom"; boundary={_BOUNDARY}'


def store(target: Target, told: Iterable[Story]) -> int:
    """Store the films that the store lacks; how many."""
    there = set(_held(target))
    lacking = ((v, film) for each in told for v in each.visits for film in v.films if film.instance not in there)
    stored = 0

    def send(batch: list[tuple[Visit, Film]]) -> None:
        nonlocal stored
        parts = [_part(dicom(visit, film)) for visit, film in batch]
        body = b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode()
        target.api.call("POST", f"/v1/{target.places.dicomweb}/studies", body, _KIND)
        stored += len(batch)

    target.api.for_each(send, target.storing(_batches(lacking)))
    return stored


def _part(data: bytes) -> bytes:
    return f"--{_BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode() + data + b"\r\n"


def _batches(films: Iterable[tuple[Visit, Film]]) -> Iterator[list[tuple[Visit, Film]]]:
    rest = iter(films)
    while batch := list(itertools.islice(rest, _AT_ONCE)):
        yield batch


def _held(target: Target) -> Iterator[str]:
    """The SOP Instance UIDs of the store."""
    for offset in itertools.count(0, _PAGE):
        path = f"/v1/{target.places.dicomweb}/instances?limit={_PAGE}&offset={offset}"
        page = target.api.call("GET", path) or []
        yield from (each[_INSTANCE]["Value"][0] for each in page)
        if len(page) < _PAGE:
            return
