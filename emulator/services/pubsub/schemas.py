"""Schemas as named resources with revisions, and messages against them (Pub/Sub: create and manage schemas)."""

from __future__ import annotations

import re
import sqlite3
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from emulator.errors import failed_precondition, invalid_argument, not_found, not_implemented
from emulator.gateway import paging
from emulator.gateway.collections import Collection, create, crud
from emulator.gateway.request import Answer, Request
from emulator.services.pubsub import compatibility
from emulator.services.pubsub.broker import TOPICS
from emulator.services.pubsub.definitions import BINARY, JSON, allows, compiled, refused
from emulator.services.pubsub.revisions import KIND, Revision, add, revisions
from emulator.services.pubsub.service import SERVICE
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

Body = dict[str, Any]
PREFIX = "pubsub.projects.schemas"
REVISIONS = 20  # Pub/Sub: quotas and limits, "Revisions per schema"
DELETED_SCHEMA = "_deleted-schema_"


async def _new_revision(request: Request, body: Body) -> Revision:
    """A revision with the definition that `body` has; a 400 for one that is none, a 501 for a compiled one."""
    if body.get("compiledProtoSchema"):
        raise not_implemented("Schemas with compiledProtoSchema are not emulated: give the text, as definition.")
    kind, definition = body.get("type", ""), body.get("definition", "")
    context = request.context
    return Revision(context.ids.hex(8), context.clock.stamp(), kind, definition, await compiled(kind, definition))


def _after_delete(context: Context, tx: sqlite3.Connection, schema: Resource) -> None:
    """Forget the revisions; topics that used the schema say that it is gone, and take no messages any more."""
    tx.execute("DELETE FROM pubsub_schema_revisions WHERE schema = ?", (schema.name,))
    rows = tx.execute("SELECT name FROM resources WHERE kind = ?", (TOPICS,)).fetchall()
    for row in rows:
        body = context.resources.require(TOPICS, row["name"], tx).body
        if (body.get("schemaSettings") or {}).get("schema") == schema.name:
            settings = {**body["schemaSettings"], "schema": DELETED_SCHEMA}
            context.resources.replace(tx, TOPICS, row["name"], {**body, "schemaSettings": settings})


def _basic(schema: Body) -> Body:
    return {key: value for key, value in schema.items() if key != "definition"}


SCHEMAS = Collection(
    kind=KIND,
    segment="schemas",
    id_parameter="schemaId",
    id_pattern=re.compile(r"(?!goog)[A-Za-z][\w.~+%-]{2,254}"),
    after_delete=_after_delete,
)
crud(SERVICE, SCHEMAS, PREFIX, ("list", "delete", "getIamPolicy", "setIamPolicy", "testIamPermissions"))


@SERVICE.handles(f"{PREFIX}.create")
async def create_schema(request: Request) -> Answer:
    """Make a schema with its first revision."""
    revision = await _new_revision(request, request.body or {})
    collection = Collection(
        kind=KIND,
        segment="schemas",
        id_parameter=SCHEMAS.id_parameter,
        id_pattern=SCHEMAS.id_pattern,
        prepare=lambda _request, _body: revision.body(),
        after_create=lambda _context, tx, schema: add(tx, schema.name, revision),
    )
    return SCHEMAS.view(await create(collection, request))


def _split(name: str) -> tuple[str, str]:
    """A name with or without @REVISION as the schema's name and the revision's id."""
    schema, _, revision = name.partition("@")
    return schema, revision


def _schema_of(request: Request) -> str:
    return _split(request.name)[0]


def _revision(context: Context, schema: str, wanted: str, tx: sqlite3.Connection | None = None) -> Revision:
    """A revision by its id; a 404 where the schema has none of that id."""
    context.resources.require(KIND, schema, tx)
    found = next((one for one in revisions(context, schema, tx) if one.id == wanted), None)
    if found is None:
        raise not_found(f"Resource not found (resource={schema.rsplit('/', 1)[-1]}@{wanted[:40]}).")
    return found


@SERVICE.handles(f"{PREFIX}.get", on=_schema_of)
async def get(request: Request) -> Answer:
    """A schema's latest revision, or the one that the name says (SCHEMA@REVISION)."""
    schema, wanted = _split(request.name)
    if wanted:
        body = {"name": request.name, **_revision(request.context, schema, wanted).body()}
    else:
        body = SCHEMAS.view(request.context.resources.require(KIND, schema))
    return _basic(body) if request.query.get("view") == "BASIC" else body


@SERVICE.handles(f"{PREFIX}.listRevisions")
async def list_revisions(request: Request) -> Answer:
    """The revisions of a schema, newest first."""
    context = request.context
    context.resources.require(KIND, request.name)
    found = [{"name": f"{request.name}@{one.id}", **one.body()} for one in revisions(context, request.name)]
    page, following = paging.cut(found, paging.asked(request.query, 100, 1000))
    answer: Body = {"schemas": page if request.query.get("view") == "FULL" else [_basic(one) for one in page]}
    return {**answer, "nextPageToken": following} if following else answer


@SERVICE.handles(f"{PREFIX}.commit")
async def commit(request: Request) -> Answer:
    """Give a schema a new revision."""
    fresh = await _new_revision(request, (request.body or {}).get("schema") or {})
    return await _append(request, fresh, must_be_compatible=True)


@SERVICE.handles(f"{PREFIX}.rollback")
async def rollback(request: Request) -> Answer:
    """Give a schema a new revision that is a copy of an earlier one."""
    context = request.context
    old = _revision(context, request.name, (request.body or {}).get("revisionId", ""))
    fresh = Revision(context.ids.hex(8), context.clock.stamp(), old.type, old.definition, old.compiled)
    return await _append(request, fresh)


async def _append(request: Request, revision: Revision, *, must_be_compatible: bool = False) -> Answer:
    context = request.context

    def step(tx: sqlite3.Connection) -> Resource:
        old = context.resources.require(KIND, request.name, tx)
        if old.body["type"] != revision.type:
            raise invalid_argument("Invalid schema: a revision can't change the type.")
        known = revisions(context, request.name, tx)
        if must_be_compatible:
            _check_compatible(request.name, known[0], revision)
        if len(known) >= REVISIONS:
            raise failed_precondition(f"A schema has at most {REVISIONS} revisions: delete one first.")
        add(tx, request.name, revision)
        return context.resources.replace(tx, KIND, request.name, revision.body())

    return SCHEMAS.view(await context.db.write(step))


def _check_compatible(schema: str, before: Revision, after: Revision) -> None:
    said = compatibility.problem(after.type, before.compiled, after.compiled)
    if said:
        raise invalid_argument(
            f'Compatibility checking failed to commit a schema revision for (schema="{schema}"). '
            f'(reason="Revision is incompatible with previous revision: {before.id}. Failed with error: {said}.")'
        )


@SERVICE.handles(f"{PREFIX}.deleteRevision", permission="pubsub.schemas.delete", on=_schema_of)
async def delete_revision(request: Request) -> Answer:
    """Forget one revision (SCHEMA@REVISION), which can't be the only one; gives the schema that is left."""
    context = request.context
    schema, wanted = _split(request.name)
    if not wanted:
        raise invalid_argument("name must say which revision: projects/PROJECT/schemas/SCHEMA@REVISION.")

    def step(tx: sqlite3.Connection) -> Resource:
        _revision(context, schema, wanted, tx)
        left = [one for one in revisions(context, schema, tx) if one.id != wanted]
        if not left:
            raise failed_precondition("The only revision of a schema can't be deleted: delete the schema.")
        tx.execute("DELETE FROM pubsub_schema_revisions WHERE schema = ? AND id = ?", (schema, wanted))
        return context.resources.replace(tx, KIND, schema, left[0].body())

    return SCHEMAS.view(await context.db.write(step))


@SERVICE.handles(f"{PREFIX}.validate")
async def validate(request: Request) -> Answer:
    """Whether a definition can be read."""
    await _new_revision(request, (request.body or {}).get("schema") or {})
    return {}


@SERVICE.handles(f"{PREFIX}.validateMessage", permission="pubsub.schemas.validate")
async def validate_message(request: Request) -> Answer:
    """Whether a message is right for a schema that is there (name), or for one given with it (schema)."""
    body = request.body or {}
    if body.get("name"):
        request.require("pubsub.schemas.get", body["name"])
        request.context.resources.require(KIND, body["name"])
        revision = revisions(request.context, body["name"])[0]
    else:
        revision = await _new_revision(request, body.get("schema") or {})
    encoding = body.get("encoding", "")
    if encoding not in (BINARY, JSON):
        raise invalid_argument("encoding must be JSON or BINARY.")
    if not allows(revision.type, revision.compiled, encoding, b64decode(body.get("message", ""))):
        raise refused()
    return {}


def check_settings(request: Request, body: Body) -> None:
    """A 400 or 404 for a topic's schemaSettings that name no schema, revision or encoding there is."""
    settings = body.get("schemaSettings") or {}
    schema = settings.get("schema", "")
    if not settings or schema == DELETED_SCHEMA:
        return
    if not schema:
        raise invalid_argument("schemaSettings.schema is required: projects/PROJECT/schemas/SCHEMA.")
    request.require("pubsub.schemas.attach", schema)
    request.context.resources.require(KIND, schema)
    if settings.get("encoding") not in (BINARY, JSON):
        raise invalid_argument("schemaSettings.encoding must be JSON or BINARY.")
    for field in ("firstRevisionId", "lastRevisionId"):
        if settings.get(field):
            _revision(request.context, schema, settings[field])
