"""A consent store: its consents, with state and whose they are."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.console.caller import Json
from emulator.console.html import Child, join, tag
from emulator.console.layout import Page, facts, pages, section, table, url
from emulator.console.service import BASE
from emulator.console.site import page
from emulator.console.visitor import Visitor


@page("GET", "consents")
async def consents(visitor: Visitor) -> Page:
    """Consents, a page at a time, and the attributes that they are about."""
    store, token = visitor.must("store"), visitor.asked("page")
    query = {"pageSize": "50", **({"pageToken": token} if token else {})}
    answer = await visitor.api.get(f"v1/{store}/consents", **query)
    attributes, _ = await visitor.api.listed(f"v1/{store}/attributeDefinitions", "attributeDefinitions")
    following = answer.get("nextPageToken", "")
    rows = [_row(each) for each in answer.get("consents", [])]
    defined = (
        (each["name"].rpartition("/")[2], each.get("category", ""), ", ".join(each.get("allowedValues", [])))
        for each in attributes
    )
    content = join(
        facts(("Store", store)),
        section("Consents", table("Consents", ("Consent", "User", "State", "Expires", "Policies"), rows)),
        pages(("Next", url("consents", store=store, page=following) if following else None)),
        section("Attributes", table("Attributes", ("Attribute", "Category", "Values"), defined)),
    )
    return Page(f"Consents of {store.rpartition('/')[2]}", content, (("Overview", BASE),))


def _row(consent: Json) -> Sequence[Child]:
    rules = (policy.get("authorizationRule", {}).get("expression", "") for policy in consent.get("policies", []))
    shown = [tag("div", tag("code", rule)) for rule in rules]
    name = consent["name"].rpartition("/")[2]
    return name, consent.get("userId", ""), consent.get("state", ""), consent.get("expireTime", ""), shown
