"""Consents: create, read, change, and the states that they pass through."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emulator.access.authorization import denied
from emulator.errors import ApiError, failed_precondition, invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import times
from emulator.services.healthcare.consent import checks, filters, lists, masks, names, revisions, tables
from emulator.services.healthcare.consent.revisions import ACTIVE, DRAFT, REJECTED, REVOKED, Revision
from emulator.services.healthcare.consent.tables import Store
from emulator.services.healthcare.names import METHODS, store_of
from emulator.services.healthcare.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
_METHODS = f"{METHODS}.consentStores.consents"
_CHANGEABLE = frozenset(("userId", "policies", "consentArtifact", "metadata"))
_CREATE = "healthcare.consents.create"
_FIELDS = {
    "user_id": ("userId", filters.TEXT),
    "consent_artifact": ("consentArtifact", filters.TEXT),
    "state": ("state", filters.TEXT),
    "revision_create_time": ("revisionCreateTime", filters.TIME),
}


def _new(context: "Context", tx: sqlite3.Connection, store: Store, name: str, body: Json) -> Json:
    """Create a consent of that id; as the API shows it."""
    state = body.get("state", ACTIVE)
    state = ACTIVE if state == "STATE_UNSPECIFIED" else state
    if state not in revisions.STATES:
        raise invalid_argument(f"A consent cannot be created in the state {state}.")
    artifact = checks.artifact(tx, store, body.get("consentArtifact", ""))
    expires = _expiry(context, body, _default_expiry(context, store))
    made = Revision(name, "", state, body.get("userId", ""), artifact, expires, "", revisions.body_of(body))
    return revisions.add(context, tx, store, made).view(store)


def _expiry(context: "Context", body: Json, otherwise: int | None) -> int | None:
    """When a consent is to expire as a request says, in microseconds since 1970; `otherwise` where it says nothing."""
    time, length = body.get("expireTime"), body.get("ttl")
    if time and length:
        raise invalid_argument("Only one of expireTime and ttl can be set.")
    if length:
        return times.after(times.now(context), length, "ttl")
    return times.required_instant(time, "expireTime") if time else otherwise


def _default_expiry(context: "Context", store: Store) -> int | None:
    length = store.settings.get("defaultConsentTtl")
    return times.after(times.now(context), length, "defaultConsentTtl") if length else None


@SERVICE.handles(f"{_METHODS}.create")
async def create(request: Request) -> Answer:
    """Record a consent; active unless its state says otherwise."""
    context = request.context

    def step(tx: sqlite3.Connection) -> Json:
        store = tables.opened_in(context, tx, request.name)
        return _new(context, tx, store, context.ids.uuid(), request.body or {})

    return await context.db.write(step)


@SERVICE.handles(f"{_METHODS}.get")
async def get(request: Request) -> Answer:
    """A consent, or one of its revisions."""
    store = tables.opened(request.context, store_of(request.name))
    return revisions.require(request.context.db.reader, store, *names.revision_of(request.name)).view(store)


def _view(store: Store, row: sqlite3.Row) -> Json:
    return Revision.of(store, row).view(store)


def _keep(request: Request) -> Callable[[Json], bool]:
    return filters.keeps(request.query.get("filter", ""), _FIELDS, metadata=True)


@SERVICE.handles(f"{_METHODS}.list")
async def list_consents(request: Request) -> Answer:
    """The latest revision of each consent."""
    return await lists.page(request, names.CONSENTS, request.name, revisions.all_latest, _view, _keep(request))


@SERVICE.handles(f"{_METHODS}.listRevisions", permission="healthcare.consents.list")
async def list_revisions(request: Request) -> Answer:
    """The revisions of a consent, newest first."""
    store, consent = store_of(request.name), names.consent_id(request.name)
    revisions.require(request.context.db.reader, tables.opened(request.context, store), consent)

    def rows(reader: sqlite3.Connection, opened: Store, after: str) -> Any:
        return revisions.all_of(reader, opened, consent, after)

    return await lists.page(request, names.CONSENTS, store, rows, _view, _keep(request))


@SERVICE.handles(f"{_METHODS}.patch")
async def patch(request: Request) -> Answer:
    """Change a consent in a new revision; a missing one is created where the store says so."""
    context, paths = request.context, masks.changed(request, _CHANGEABLE)
    consent = names.consent_id(request.name)

    def step(tx: sqlite3.Connection) -> Json:
        store = tables.opened_in(context, tx, store_of(request.name))
        old = revisions.latest(tx, store, consent)
        if old is None and store.settings.get("enableConsentCreateOnUpdate"):
            if not context.policies.allows(request.principal, _CREATE, store.name):
                raise denied(_CREATE, store.name)
            return _new(context, tx, store, names.new_consent_id(request.name), request.body or {})
        if old is None:
            raise names.missing(request.name)
        return revisions.add(context, tx, store, _patched(tx, store, old, request, paths)).view(store)

    return await context.db.write(step)


def _patched(tx: sqlite3.Connection, store: Store, old: Revision, request: Request, paths: list[str]) -> Revision:
    if old.state in (REVOKED, REJECTED):
        raise _wrong_state(request.name, "updated", old)
    body = masks.applied(old.view(store), request, paths)
    artifact = checks.artifact(tx, store, body.get("consentArtifact", ""))
    return replace(old, user=body.get("userId", ""), artifact=artifact, kept=revisions.body_of(body), keys=None)


@SERVICE.handles(f"{_METHODS}.delete")
async def delete(request: Request) -> Answer:
    """Delete a consent with its revisions; its artifact stays."""
    context, consent = request.context, names.consent_id(request.name)

    def step(tx: sqlite3.Connection) -> Json:
        store = tables.opened(context, store_of(request.name), tx)
        revisions.require(tx, store, consent)
        revisions.forget(tx, store, consent)
        return {}

    return await context.db.write(step)


@SERVICE.handles(f"{_METHODS}.deleteRevision", permission="healthcare.consents.delete")
async def delete_revision(request: Request) -> Answer:
    """Delete a revision of a consent, not the latest one."""
    context, (consent, revision) = request.context, names.revision_of(request.name)
    if not revision:
        raise invalid_argument(f"Invalid name {request.name}: a revision ID must be specified, as in CONSENT@REVISION.")

    def step(tx: sqlite3.Connection) -> Json:
        store = tables.opened(context, store_of(request.name), tx)
        found, newest = revisions.require(tx, store, consent, revision), revisions.require(tx, store, consent)
        if found == newest:
            raise invalid_argument(f"Revision {request.name} is the latest one, which cannot be deleted.")
        revisions.forget_one(tx, store, found)
        return {}

    return await context.db.write(step)


def _wrong_state(name: str, done: str, revision: Revision) -> ApiError:
    return failed_precondition(f"Consent {name} cannot be {done}: its state is {revision.state}.")


def _moves(verb: str, done: str, before: str, after: str, *, needs_artifact: bool = False) -> None:
    """Emulate a method that takes a consent from one state to another; one that is there already stays as it is."""

    @SERVICE.handles(f"{_METHODS}.{verb}")
    async def move(request: Request) -> Answer:
        """Add a revision in the new state, with the artifact and the expiry that the request names."""
        context, body, consent = request.context, request.body or {}, names.consent_id(request.name)

        def step(tx: sqlite3.Connection) -> Json:
            store = tables.opened(context, store_of(request.name), tx)
            old = revisions.require(tx, store, consent)
            named = body.get("consentArtifact", "")
            artifact = checks.artifact(tx, store, named) if named or needs_artifact else old.artifact
            expires = _expiry(context, body, old.expires)
            if old.state == after:
                return old.view(store)
            if old.state != before:
                raise _wrong_state(request.name, done, old)
            moved = replace(old, state=after, artifact=artifact, expires=expires)
            return revisions.add(context, tx, store, moved).view(store)

        return await context.db.write(step)


_moves("activate", "activated", DRAFT, ACTIVE, needs_artifact=True)
_moves("reject", "rejected", DRAFT, REJECTED)
_moves("revoke", "revoked", ACTIVE, REVOKED)
