"""A FHIR store: its types with counts, the patients or other resources of a search, one resource, all of a patient."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from urllib.parse import parse_qs, parse_qsl, urlsplit

from emulator.console.caller import Json, Refused
from emulator.console.fhir_words import label
from emulator.console.html import Child, Html, join, tag
from emulator.console.layout import Page, button, facts, field, form, hidden, pages, section, table, url
from emulator.console.service import BASE
from emulator.console.site import page
from emulator.console.visitor import Visitor
from emulator.console.wording import moment, number
from emulator.fhir import parsing

SHOWN = 50
_JSON = "application/fhir+json"
_TYPE = re.compile(r"[A-Za-z]{1,64}")
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_REFERENCE = re.compile(r"(&quot;reference&quot;: &quot;)([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(&quot;)")


@page("GET", "resources")
async def resources(visitor: Visitor) -> Page:
    """A search's resources of a type, patients where none is named."""
    store, kind, query = (
        visitor.must("store"),
        _checked(_TYPE, visitor.asked("type", "Patient")),
        visitor.asked("query"),
    )
    token = visitor.asked("page")
    asked = [
        ("_count", str(SHOWN)),
        *parse_qsl(query, keep_blank_values=True),
        *([("_page_token", token)] if token else []),
    ]
    bundle = await visitor.api.json("GET", f"v1/{store}/fhir/{kind}", asked, accept=_JSON)
    content = join(
        facts(("Store", store), ("Found", number(bundle["total"]) if "total" in bundle else None)),
        section("Types", await _types(visitor, store, kind)),
        section(kind, _search(store, kind, query), _found(store, bundle), _turns(store, kind, query, bundle)),
    )
    return Page(f"Resources of {store.rpartition('/')[2]}", content, (("Overview", BASE),))


def _checked(form_: re.Pattern[str], given: str) -> str:
    if not form_.fullmatch(given):
        raise Refused(400, f"{given[:80]} is no type or id of a resource.")
    return given


async def _types(visitor: Visitor, store: str, shown: str) -> Child:
    """Links to the types that the store holds, with counts; a sentence for who may read it but not see its numbers."""
    try:
        metrics = (await visitor.api.get(f"v1/{store}:getFHIRStoreMetrics")).get("metrics", [])
    except Refused as refused:
        return tag("p", f"Counts are not shown: {refused.message}", class_="note")
    counted = [(each["resourceType"], each["count"]) for each in metrics if each.get("count")]
    return (
        tag("ul", *(_type(store, *each, here=each[0] == shown) for each in counted), class_="numbers")
        if counted
        else None
    )


def _type(store: str, kind: str, count: str, *, here: bool) -> Html:
    link = tag("a", kind, href=url("resources", store=store, type=kind), aria_current="true" if here else None)
    return tag("li", tag("strong", number(count)), link)


def _search(store: str, kind: str, query: str) -> Html:
    return form(
        "resources",
        hidden(store=store),
        field("Type", "type", kind, size="20"),
        field("Search parameters", "query", query, size="50", placeholder="name=Smith&birthdate=ge1980"),
        button("Search"),
        post=False,
        class_="row",
        label="Search resources",
    )


def _found(store: str, bundle: Json) -> Html:
    rows = (_row(store, entry.get("resource", {})) for entry in bundle.get("entry", []))
    return table("Resources", ("Resource", "What it is", "Changed"), rows, "No resource fits.")


def _row(store: str, resource: Json) -> Sequence[Child]:
    kind, id_ = resource.get("resourceType", ""), resource.get("id", "")
    link = tag("a", f"{kind}/{id_}", href=url("resource", store=store, type=kind, id=id_)) if id_ else kind
    return link, label(resource), moment(resource.get("meta", {}).get("lastUpdated", ""))


def _turns(store: str, kind: str, query: str, bundle: Json) -> Html:
    token = _next(bundle)
    return pages(("Next", url("resources", store=store, type=kind, query=query, page=token) if token else None))


def _next(bundle: Json) -> str:
    """The token of the page that follows, "" after the last."""
    address = next((link["url"] for link in bundle.get("link", []) if link["relation"] == "next"), "")
    return parse_qs(urlsplit(address).query).get("_page_token", [""])[0]


@page("GET", "resource")
async def resource(visitor: Visitor) -> Page:
    """One resource as it is stored, its references as links; a patient also with all that is about it."""
    store, kind, id_ = visitor.must("store"), _checked(_TYPE, visitor.must("type")), _checked(_ID, visitor.must("id"))
    name = f"v1/{store}/fhir/{kind}/{id_}"
    version = visitor.asked("version")
    raw = await visitor.api.raw(f"{name}/_history/{_checked(_ID, version)}" if version else name, accept=_JSON)
    parsed = parsing.parse(raw, limit=None)
    everything = await _everything(visitor, store, name) if kind == "Patient" and not version else None
    content = join(
        facts(("What it is", label(parsed)), ("Version", parsed.get("meta", {}).get("versionId")), ("Store", store)),
        everything,
        section("Content", tag("pre", tag("code", _linked(store, parsed)), tabindex="0")),
        await _versions(visitor, store, kind, id_),
    )
    stores = (f"Resources of {store.rpartition('/')[2]}", url("resources", store=store))
    return Page(
        f"{kind}/{id_}", content, (("Overview", BASE), stores, (kind, url("resources", store=store, type=kind)))
    )


def _linked(store: str, parsed: Json) -> Html:
    def link(found: re.Match[str]) -> str:
        before, kind, id_, after = found.groups()
        return f"{before}{tag('a', f'{kind}/{id_}', href=url('resource', store=store, type=kind, id=id_))}{after}"

    return Html(_REFERENCE.sub(link, escape(parsing.readable(parsed).decode())))


async def _everything(visitor: Visitor, store: str, name: str) -> Child:
    """The first page of what is about a patient."""
    token = visitor.asked("page")
    query = {"_count": str(SHOWN), **({"_page_token": token} if token else {})}
    try:
        bundle = await visitor.api.json("GET", f"{name}/$everything", query, accept=_JSON)
    except Refused as refused:
        return section("About this patient", tag("p", refused.message, class_="note"))
    id_ = name.rpartition("/")[2]
    following = _next(bundle)
    onward = url("resource", store=store, type="Patient", id=id_, page=following) if following else None
    return section("About this patient", _found(store, bundle), pages(("Next", onward)))


async def _versions(visitor: Visitor, store: str, kind: str, id_: str) -> Child:
    try:
        bundle = await visitor.api.json("GET", f"v1/{store}/fhir/{kind}/{id_}/_history", {"_count": "20"}, accept=_JSON)
    except Refused:
        return None
    metas = [entry["resource"].get("meta", {}) for entry in bundle.get("entry", []) if "resource" in entry]
    known = ((meta.get("versionId", ""), meta.get("lastUpdated", "")) for meta in metas)
    rows = ((_version(store, kind, id_, version), moment(since)) for version, since in known)
    return section("Versions", table("Versions", ("Version", "Since"), rows))


def _version(store: str, kind: str, id_: str, version: str) -> Html:
    return tag("a", version, href=url("resource", store=store, type=kind, id=id_, version=version))
