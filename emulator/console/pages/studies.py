"""The studies of a DICOM store, page by page, each with a picture and a button that opens OHIF; one study's series."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from emulator.console.caller import Json, Refused
from emulator.console.html import Child, Html, join, tag
from emulator.console.inventory import DICOM, holds
from emulator.console.layout import Page, button, facts, field, form, hidden, pages, section, table, url
from emulator.console.service import BASE
from emulator.console.site import page
from emulator.console.visitor import Visitor
from emulator.console.wording import several
from emulator.errors import ApiError
from emulator.gateway.request import Response
from emulator.web.viewer import viewer

SHOWN = 50
_JSON = "application/dicom+json"
# Counts and modalities come where they are asked for.
_FIELDS = "StudyDescription,ModalitiesInStudy,NumberOfStudyRelatedInstances"
_SEARCHED = {
    "PatientName": "Patient's name",
    "PatientID": "Patient ID",
    "AccessionNumber": "Accession number",
    "StudyDate": "Date (20240131 or 20240101-20241231)",
}


@page("GET", "studies")
async def studies(visitor: Visitor) -> Page:
    """A search's studies from an offset on."""
    store, offset = visitor.must("store"), _offset(visitor)
    searched = {name: value for name in _SEARCHED if (value := visitor.asked(name))}
    page_ = {"limit": str(SHOWN + 1), "offset": str(offset)}
    query = {**searched, "fuzzymatching": "true", "includefield": _FIELDS, **page_}
    found = await visitor.api.json("GET", f"v1/{store}/dicomWeb/studies", query, accept=_JSON) or []
    shown = found[:SHOWN]
    summary = f"{offset + 1:,} to {offset + len(shown):,}" if shown else "No study"
    content = join(
        facts(("Store", store), ("Holds", await holds(visitor.api, DICOM, store))),
        _search(store, searched),
        tag("p", summary, role="status"),
        table("Studies", _HEADINGS, (_study(store, each) for each in shown), "No study fits."),
        _turns({"store": store, **searched}, offset, more=len(found) > SHOWN),
    )
    return Page(f"Studies of {store.rpartition('/')[2]}", content, (("Overview", BASE),))


def _turns(where: dict[str, str], offset: int, *, more: bool) -> Html:
    """Links to the pages around the one that begins at an offset."""
    before = str(max(0, offset - SHOWN) or "")
    return pages(
        ("First", url("studies", **where) if offset else None),
        ("Previous", url("studies", **where, offset=before) if offset else None),
        ("Next", url("studies", **where, offset=str(offset + SHOWN)) if more else None),
    )


_HEADINGS = ("Picture", "Patient", "Date", "Accession", "Description", "Modalities", "Instances", "Viewer")


def _offset(visitor: Visitor) -> int:
    text = visitor.asked("offset", "0")
    if not (text.isascii() and text.isdigit()):
        raise Refused(400, "offset must be a number that is not negative.")
    return int(text)


def _search(store: str, searched: dict[str, str]) -> Html:
    fields = (field(label, name, searched.get(name, "")) for name, label in _SEARCHED.items())
    return form(
        "studies", hidden(store=store), *fields, button("Search"), post=False, class_="row", label="Search studies"
    )


def _study(store: str, study: Json) -> Sequence[Child]:
    uid = text(study, "0020000D")
    patient = text(study, "00100010") or text(study, "00100020") or "without a name"
    return (
        picture(store, uid),
        tag("a", patient, href=url("study", store=store, study=uid)),
        date(text(study, "00080020")),
        text(study, "00080050"),
        text(study, "00081030"),
        text(study, "00080061"),
        text(study, "00201208"),
        view_form(store, uid, patient),
    )


def picture(store: str, study: str, series: str = "") -> Html:
    """A small picture of a study or a series, fetched when it comes into view."""
    address = url("thumbnail", store=store, study=study, series=series)
    return tag("img", src=address, alt="", class_="thumbnail", loading="lazy", width="96", height="96")


def view_form(store: str, study: str, patient: str) -> Html:
    """The button that opens a study in OHIF."""
    unseen = tag("span", f" the study of {patient}", class_="unseen")
    return form("view", hidden(store=store, study=study), tag("button", "View", unseen, type="submit", class_="quiet"))


@page("POST", "view")
async def view(visitor: Visitor) -> Response:
    """Go to OHIF, with a session of the viewer's own in the same name."""
    try:
        link = viewer(visitor.context).link(visitor.principal, visitor.must("store"), visitor.asked("study"))
    except ApiError as error:
        raise Refused(error.code, error.message) from None
    return Response(303, {"location": link, "cache-control": "no-store"})


@page("GET", "study")
async def study(visitor: Visitor) -> Page:
    """One study: what is known of it, and its series with a picture each."""
    store, uid = visitor.must("store"), visitor.must("study")
    base = f"v1/{store}/dicomWeb/studies"
    query = {"StudyInstanceUID": uid, "includefield": _FIELDS}
    found, series = await asyncio.gather(
        visitor.api.json("GET", base, query, accept=_JSON),
        visitor.api.json("GET", f"{base}/{uid}/series", {"includefield": _OF_SERIES}, accept=_JSON),
    )
    if not found:
        raise Refused(404, f"The store holds no study {uid}.")
    known = found[0]
    patient = text(known, "00100010") or text(known, "00100020")
    listed = (_series(store, uid, each) for each in series or [])
    content = join(
        facts(*((label, _fact(known, tag_)) for tag_, label in _FACTS.items()), ("Study UID", uid), ("Store", store)),
        view_form(store, uid, patient),
        section("Series", tag("ul", *listed, class_="films")),
    )
    way = (("Overview", BASE), (f"Studies of {store.rpartition('/')[2]}", url("studies", store=store)))
    return Page(f"Study of {patient or uid}", content, way)


_OF_SERIES = "SeriesDescription,SeriesNumber,NumberOfSeriesRelatedInstances"
_FACTS = {
    "00100010": "Patient",
    "00100020": "Patient ID",
    "00080020": "Date",
    "00080050": "Accession number",
    "00081030": "Description",
    "00080061": "Modalities",
    "00201208": "Instances",
}


def _fact(study: Json, tag_: str) -> str:
    return date(text(study, tag_)) if tag_ == "00080020" else text(study, tag_)


def _series(store: str, study: str, series: Json) -> Html:
    uid = text(series, "0020000E")
    instances = several(text(series, "00201209") or 0, "instance", "instances")
    words = filter(None, (text(series, "00080060"), text(series, "0008103E"), instances))
    return tag("li", picture(store, study, uid), tag("span", ", ".join(words)))


def text(document: Json, tag_: str) -> str:
    """The values of an attribute of DICOM JSON, as people read them; "" where there is none."""
    values = document.get(tag_, {}).get("Value", [])
    return ", ".join(_person(value) if isinstance(value, dict) else str(value) for value in values if value is not None)


def _person(name: Json) -> str:
    """A person's name with its family name first, without the carets (PS3.5 6.2.1)."""
    parts = [part for part in str(name.get("Alphabetic", "")).split("^") if part]
    return f"{parts[0]}, {' '.join(parts[1:])}" if len(parts) > 1 else "".join(parts)


def date(value: str) -> str:
    """2024-01-31 for DICOM's 20240131; anything else as it is."""
    return f"{value[:4]}-{value[4:6]}-{value[6:]}" if len(value) == 8 and value.isdigit() else value
