"""Resource-incoming-references: what refers to a resource, which need not be there."""

from types import SimpleNamespace

import orjson

from emulator.gateway import paging
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.fhir import checks, errors, versions
from emulator.services.healthcare.fhir.consents import access
from emulator.services.healthcare.fhir.rest import answers, paths, searchsets
from emulator.services.healthcare.fhir.rest.interactions import SEARCH, interaction
from emulator.services.healthcare.fhir.rest.pages import asked, links

_REFERRING = (
    "SELECT f.rid FROM fhir_references f JOIN fhir_index_resources r ON r.store = f.store AND r.rid = f.rid"
    " WHERE f.store = ? AND f.target = ? AND f.rid < ?"
    " AND (? = 0 OR r.type IN (SELECT value FROM json_each(?))){seen} ORDER BY f.rid DESC LIMIT ?"
)


@interaction("fhir.Resource-incoming-references", SEARCH)
async def incoming(request: Request) -> Answer:
    """List the resources that refer to `target`, the newest first."""
    answers.require_json(request)
    store, query = paths.store_in(request), request.query
    resource_type, _, identifier = (query.get("target") or "").partition("/")
    if not resource_type or not identifier:
        raise errors.bad_request("invalid_parameter", "target must be Type/ID")
    target = f"{store.require_type(resource_type)}/{checks.require_id(identifier)}"
    types = [store.require_type(name) for name in (query.get("_type") or "").split(",") if name]
    summary = query.get("_summary") or "false"
    if summary not in ("text", "data", "false"):
        raise errors.bad_request("invalid_parameter", "_summary must be text, data or false")
    page, reader = asked(query), request.context.db.reader
    with access.of(request, store).on(reader) as sees:
        rows = reader.execute(
            _REFERRING.replace("{seen}", f" AND {sees}(f.rid)" if sees else ""),
            (
                *(store.key, target, page.after[0] if page.after else 1 << 62),
                *(len(types), orjson.dumps(types).decode(), page.size + 1),
            ),
        ).fetchall()
    rids = [row[0] for row in rows]
    found = versions.by_rid(reader, store, rids[: page.size], versions.PAGE)
    full = versions.is_full(found)
    address = f"{paths.base(request, store.name)}/$references"
    following = paging.encode(found[-1].rid) if len(rids) > page.size or full else ""
    part = SimpleNamespace(elements=(), summary="" if summary == "false" else summary)
    entries = await searchsets.entries(request, store, found, "match", part)
    shown = {"entry": entries, "link": links(address, request.raw_query, following)}
    return answers.json({**shown, "resourceType": "Bundle", "type": "searchset"})
