"""applyAdminConsents: enforce these admin policies and no others."""

import re
import sqlite3
from typing import Any

from emulator.access.hierarchy import by_id
from emulator.context import Job
from emulator.errors import ApiError, invalid_argument
from emulator.fhir import parsing
from emulator.fhir.outcomes import Refused
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import operations
from emulator.services.healthcare.fhir import errors, stored, versions
from emulator.services.healthcare.fhir.consents import applying, compartments, reading, rules, tables
from emulator.services.healthcare.fhir.consents.policies import Policies
from emulator.services.healthcare.fhir.consents.rules import UnsupportedError
from emulator.services.healthcare.fhir.consents.tables import Enforced
from emulator.services.healthcare.fhir.settings import ENFORCED
from emulator.services.healthcare.fhir.stored import Json, Store, Version
from emulator.services.healthcare.fhir.transfer.selection import store_of
from emulator.services.healthcare.names import METHODS, StoreName
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.transfer import steps

KIND = "healthcare.fhir.applyAdminConsents"
_DETAIL = "fhir.ApplyAdminConsentsErrorDetail"
_CONSENT = re.compile(r"Consent/([A-Za-z0-9\-.]{1,64})(?:/_history/([A-Za-z0-9\-.]{1,64}))?")
_BATCH = 500


@SERVICE.handles(f"{METHODS}.fhirStores.applyAdminConsents", permission="healthcare.fhirStores.applyConsents")
async def apply(request: Request) -> Answer:
    """Start to enforce admin policies; 400, with what is wrong with each, where one of them can't be."""
    applying.require_enforceable(request)
    body: Json = request.body or {}
    if "newConsentsList" not in body:
        raise invalid_argument("newConsentsList is required; an empty one disables all admin policies.")
    named = [by_id(request.context, name) for name in body["newConsentsList"].get("names") or []]
    if len(named) > tables.MOST:
        raise invalid_argument(f"newConsentsList has {len(named)} names; at most {tables.MOST} are taken.")
    _require_supported(request, named)
    payload = {"names": named, "validateOnly": bool(body.get("validateOnly"))}
    if not payload["validateOnly"]:
        _require_alone(request)
    return operations.started(
        await operations.start(request, KIND, request.name, "fhir.FhirStoreService.ApplyAdminConsents", payload)
    )


@SERVICE.job(KIND)
async def run(job: Job) -> Json:
    """Count what the change may concern, then make it, all at once; the checkpoint is the last resource counted."""
    store, validating = store_of(job), job.payload["validateOnly"]
    found = [_policy(job.context.db.reader, store, name, 0) for name in job.payload["names"]]
    if not validating:
        changed = _changed(tables.of_owner(job.context.db.reader, store.key, tables.ADMIN), found)
        while changed and not job.checkpoint.get("counted"):
            job.check_cancelled()
            await steps.commit(job, _count, store, changed)
    await steps.commit(job, _finish, store)
    return applying.response(job, "fhir.ApplyAdminConsentsResponse")


def _require_supported(request: Request, named: list[str]) -> None:
    """Raise 400, with a reason for each, where policies can't be enforced."""
    store = stored.opened(request.context, request.name)
    wrong: list[Json] = []
    seen: set[str] = set()
    for name in named:
        try:
            found = _policy(request.context.db.reader, store, name, 0)
            if found.id in seen:
                raise UnsupportedError("the Consent is in the list twice")
            seen.add(found.id)
        except (UnsupportedError, Refused) as problem:
            message = problem.issues[0].diagnostics if isinstance(problem, Refused) else str(problem)
            wrong.append({"name": name, "error": {"code": 3, "message": message}})
    if wrong:
        detail = {"@type": operations.type_url(request, _DETAIL), "consentErrors": wrong}
        raise invalid_argument(f"{len(wrong)} of the Consent resources can't be applied.", details=[detail])


def _require_alone(request: Request) -> None:
    """Raise 409 while admin policies of the store are being applied."""
    for each in request.context.operations.list(StoreName.parse(request.name).dataset):
        same = each.kind == KIND and each.payload["store"] == request.name and not each.payload["validateOnly"]
        if same and not each.done:
            number = each.name.rpartition("/")[2]
            detail = {"@type": operations.type_url(request, _DETAIL), "existingOperationId": number}
            message = f"applyAdminConsents is in progress: wait for {each.name}."
            raise ApiError(409, "ABORTED", message, "aborted", [detail])


def _policy(reader: sqlite3.Connection, store: Store, name: str, at: int) -> Enforced:
    """The policy of that name, as it is enforced. UnsupportedError, or Refused, where it can't be."""
    version = _version(reader, store, name)
    consent = parsing.parse(version.body, None)
    if not rules.is_admin(consent):
        raise UnsupportedError(f"the Consent is no admin policy: it lacks the extension {rules.ADMIN}")
    found = reading.read(store, version, tables.ADMIN, at)
    if found.rule is None:
        raise UnsupportedError(found.problem or "the Consent is not active")
    if found.rule.cascades and not store.has_integrity:
        raise UnsupportedError("a cascading policy needs a FHIR store with referential integrity")
    return found


def _version(reader: sqlite3.Connection, store: Store, name: str) -> Version:
    found = _CONSENT.fullmatch(name.removeprefix(f"{store.name}/fhir/"))
    if found is None or not name.startswith(f"{store.name}/fhir/") or bool(found[2]) != store.keeps_versions:
        form = "/_history/VERSION" if store.keeps_versions else ""
        raise UnsupportedError(f"the name must be {store.name}/fhir/Consent/ID{form}")
    if found[2]:
        return versions.version(reader, store, "Consent", found[1], found[2])
    return versions.current(reader, store, "Consent", found[1])


def _changed(old: list[Enforced], new: list[Enforced]) -> list[Enforced]:
    """The policies that only one of two lists has."""
    before = {(each.id, each.encoded) for each in old}
    after = {(each.id, each.encoded) for each in new}
    return [each for each in (*old, *new) if (each.id, each.encoded) in before ^ after]


def _count(tx: sqlite3.Connection, job: Job, store: Store, changed: list[Enforced]) -> None:
    """Count those of the next resources that a change of policies concerns."""
    rows = tx.execute(
        "SELECT rid FROM fhir_index_resources WHERE store = ? AND rid > ? ORDER BY rid LIMIT ?",
        (store.key, job.checkpoint.get("rid", -1), _BATCH),
    ).fetchall()
    policies = Policies(tx, store)
    policies.suppose(changed)
    for each in versions.by_rid(tx, store, [row[0] for row in rows]):
        resource: dict[str, Any] = parsing.parse(each.body, None)
        concerned = policies.bearings(resource, compartments.patients(store, resource), own=False)
        job.count("secondarySuccess", int(bool(concerned)))
    job.checkpoint = {"rid": rows[-1][0]} if len(rows) == _BATCH else {"counted": True}
    job.save_in(tx)


def _finish(tx: sqlite3.Connection, job: Job, store: Store) -> None:
    """Enforce the policies, and show their names in the store's settings; where it only validates, count them."""
    at = int(job.context.clock.seconds() * 1_000_000)
    try:
        found = [_policy(tx, store, name, at) for name in job.payload["names"]]
    except Refused as problem:
        raise errors.api_error_of(problem) from None
    except UnsupportedError as problem:
        raise invalid_argument(f"A Consent resource can't be applied any more: {problem}.") from None
    job.counter["success"] = len(found)
    if not job.payload["validateOnly"]:
        tables.replace(tx, store.key, tables.ADMIN, found)
        _show(tx, job, store)
    job.save_in(tx)


def _show(tx: sqlite3.Connection, job: Job, store: Store) -> None:
    resources = job.context.resources
    body = resources.require(stored.KIND, store.name, tx).body
    config = {name: value for name, value in (body.get("consentConfig") or {}).items() if name != ENFORCED}
    if not config:
        return
    if names := job.payload["names"]:
        config[ENFORCED] = names
    resources.replace(tx, stored.KIND, store.name, {**body, "consentConfig": config})
