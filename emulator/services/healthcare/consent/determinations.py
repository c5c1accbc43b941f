"""Access determinations: may one item of data be used, or which of a user's."""

import asyncio
import sqlite3
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError, invalid_argument, not_found
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.consent import asking, definitions, names, tables
from emulator.services.healthcare.consent.asking import Asked, Said
from emulator.services.healthcare.consent.tables import Store
from emulator.services.healthcare.names import METHODS
from emulator.services.healthcare.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
_METHODS = f"{METHODS}.consentStores"
_DEFAULT, _MOST = 100, 1000
TOKEN_SECONDS = 72 * 3600
"""How long a page token of evaluateUserConsents is good for."""


def _shown(store: Store, said: Said, *, full: bool) -> Json:
    consented, evaluations = said
    shown: Json = {"consented": True} if consented else {}
    if full and evaluations:
        shown["consentDetails"] = {
            f"{store.name}/{names.CONSENTS}/{each}": {"evaluationResult": found.result}
            for each, found in evaluations.items()
        }
    return shown


@SERVICE.handles(f"{_METHODS}.checkDataAccess")
async def check_data_access(request: Request) -> Answer:
    """Whether one item of data may be used."""
    body, full = request.body or {}, (request.body or {}).get("responseView") == "FULL"
    if not body.get("dataId"):
        raise invalid_argument("dataId is required.")
    asked, reader = asking.ask(request.context, request.name, body), request.context.db.reader
    sql = "SELECT user, attributes FROM consent_mappings WHERE store = ? AND data = ? AND archived IS NULL"
    row = reader.execute(sql, (asked.store.key, body["dataId"])).fetchone()
    if row is None:
        raise not_found("dataId is that of no user data mapping in this consent store, or of an archived one.")
    consents, attributes = asked.consents(reader, row["user"]), tables.attributes_of(asked.store, row)
    return _shown(asked.store, asking.verdicts(asked, consents, row["user"], full=full)(attributes), full=full)


@SERVICE.handles(f"{_METHODS}.evaluateUserConsents")
async def evaluate_user_consents(request: Request) -> Answer:
    """Whether the data of a user may be used, item by item."""
    body = request.body or {}
    for field in ("userId", "requestAttributes"):
        if not body.get(field):
            raise invalid_argument(f"{field} is required.")
    asked = asking.ask(request.context, request.name, body)
    wanted = body.get("resourceAttributes") or {}
    asking.require_attributes(request.context, request.name, wanted, definitions.RESOURCE, "resourceAttributes")
    return await asyncio.to_thread(_page, request.context, asked, body, wanted)


def _page(context: "Context", asked: Asked, body: Json, wanted: Mapping[str, str]) -> Json:
    page = paging.asked(body, _DEFAULT, _MOST, int, int)
    after, since = page.after or (0, asked.now // 1_000_000)
    if asked.now // 1_000_000 - since > TOKEN_SECONDS:
        raise _too_old()
    reader, user, full = context.db.reader, body["userId"], body.get("responseView") == "FULL"
    verdict = asking.verdicts(asked, asked.consents(reader, user), user, full=full)
    matches = asking.matching(asked.defaults, wanted)
    results: list[Json] = []
    last = 0
    for row in _of_user(reader, asked.store, user, after):
        if not matches(row["attributes"]):
            continue
        if len(results) == page.size:
            return {"results": results, "nextPageToken": paging.encode(last, asked.now // 1_000_000)}
        results.append({"dataId": row["data"], **_shown(asked.store, verdict(row["attributes"]), full=full)})
        last = row["number"]
    return {"results": results} if results else {}


def _too_old() -> ApiError:
    return invalid_argument(
        f"Invalid page token: it is older than {TOKEN_SECONDS // 3600} hours. Start again without one."
    )


def _of_user(reader: sqlite3.Connection, store: Store, user: str, after: int) -> Iterable[Any]:
    sql = (
        "SELECT number, data, attributes FROM consent_mappings WHERE store = ? AND user = ? AND archived IS NULL"
        " AND number > ? ORDER BY number"
    )
    return tables.with_attributes(store, reader.execute(sql, (store.key, user, after)))
