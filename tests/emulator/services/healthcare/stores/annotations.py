"""Annotation stores, a kind that Google once had, as a toy: texts, one a line of an imported file."""

import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

from emulator.context import Context, Job
from emulator.errors import ApiError, invalid_argument, not_found
from emulator.gateway.discovery import Method
from emulator.gateway.request import Answer, Request, Response
from emulator.services.healthcare import SERVICE, changes
from emulator.services.healthcare.names import METHODS, store_of
from emulator.services.healthcare.stores import registry
from emulator.services.healthcare.stores.kind import Json, Message, NotificationConfig, StoreKind
from emulator.services.healthcare.transfer import exports, imports, to_storage
from emulator.services.healthcare.transfer.steps import Problem
from emulator.services.healthcare.transfer.to_storage import File, Made, Step

ANNOTATIONS = f"{METHODS}.annotationStores.annotations"
SCHEMA = "CREATE TABLE IF NOT EXISTS annotations(id INTEGER PRIMARY KEY AUTOINCREMENT, store TEXT, text TEXT);"


def check(_old: Json | None, body: Json) -> None:
    if body.get("color") == "ultraviolet":
        raise invalid_argument("Nobody sees ultraviolet.")


def empty(_context: Context, tx: sqlite3.Connection, store: str) -> None:
    tx.execute("DELETE FROM annotations WHERE store = ?", (store,))


def worded(_method: Method, error: ApiError) -> Response:
    return Response(error.code, {"content-type": "text/plain"}, f"Alas! {error.message}".encode())


def told(_store: str, _config: NotificationConfig, change: tuple[str, str]) -> Message:
    return change[1].encode(), {"action": change[0]}


KIND = registry.register(
    StoreKind(
        "annotation", "annotationStores", SCHEMA, frozenset({"color"}), check, empty, ("annotations.",), worded, told
    )
)


def add(tx: sqlite3.Connection, context: Context, store: str, action: str, texts: Sequence[str]) -> list[str]:
    resource = context.resources.require(KIND.resource, store, tx)
    insert = "INSERT INTO annotations(store, text) VALUES(?,?)"
    names = [f"{store}/annotations/{tx.execute(insert, (store, text)).lastrowid}" for text in texts]
    changes.announce(context, tx, resource, [(action, name) for name in names])
    return names


@SERVICE.handles(f"{ANNOTATIONS}.create", permission="healthcare.annotations.create")
async def create(request: Request) -> Answer:
    store, texts = request.name, [request.body["text"]]
    return {"name": (await request.context.db.write(add, request.context, store, "Create", texts))[0]}


@SERVICE.handles(f"{ANNOTATIONS}.get", permission="healthcare.annotations.get", on=lambda asked: store_of(asked.name))
async def get(request: Request) -> Answer:
    store, _, number = request.name.partition("/annotations/")
    row = request.context.db.one("SELECT text FROM annotations WHERE store = ? AND id = ?", (store, number))
    if row is None:
        raise not_found(f"There is no {request.name}.")
    return {"name": request.name, "text": row[0]}


def read(_job: Job, path: Path, _found: Any) -> Iterator[str | Problem]:
    for line in path.read_text().splitlines():
        yield line or Problem(3, "An empty line annotates nothing.")


def store_read(tx: sqlite3.Connection, job: Job, texts: Sequence[str]) -> list[None]:
    return [None for _ in add(tx, job.context, job.payload["store"], "Import", texts)]


async def steps(job: Job) -> AsyncIterator[Step]:
    store, folder = job.payload["store"], to_storage.parse(job.payload["gcsDestination"]).name
    for number, text in job.context.db.all("SELECT id, text FROM annotations WHERE store = ?", (store,)):
        file = File(f"{folder}{number}.txt", await job.context.blobs.put(text.encode()), "text/plain")
        yield Step([Made(f"{store}/annotations/{number}", [file])], {"after": number})


async def export(job: Job) -> None:
    folder = to_storage.parse(job.payload["gcsDestination"])
    await to_storage.write(job, folder, [f"{folder.name}1.txt"], steps(job), "ExportAnnotationLogEntry")


IMPORTER = imports.Importer("annotation.Import", "annotation.Imported", "ImportAnnotationLogEntry", read, store_read)
imports.register(KIND, IMPORTER)
TO_FILES = exports.Destination(lambda given, _store: to_storage.parse(given), export)
exports.register(KIND, exports.Exporter("annotation.Export", "annotation.Exported", {"gcsDestination": TO_FILES}))
