"""Consent artifacts: what documents a consent, with its images. They never change."""

import base64
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from emulator.errors import ApiError, failed_precondition, invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import agent, keys, times
from emulator.services.healthcare.consent import filters, lists, names, tables
from emulator.services.healthcare.consent.tables import Store
from emulator.services.healthcare.names import METHODS, store_of
from emulator.services.healthcare.service import SERVICE
from emulator.services.storage import api
from emulator.services.storage.uris import GsUri
from emulator.state import data_keys
from emulator.state.blob_files import Blob

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
_METHODS = f"{METHODS}.consentStores.consentArtifacts"
_SIGNATURES = ("userSignature", "guardianSignature", "witnessSignature")
_SCREENSHOTS = "consentContentScreenshots"
_BYTES, _URI = "rawBytes", "gcsUri"
_FIELDS = {
    "user_id": ("userId", filters.TEXT),
    "consent_content_version": ("consentContentVersion", filters.TEXT),
}


def _images(body: Json) -> Iterator[tuple[str, Json]]:
    """The images of an artifact, always in the same order, each with its place in the request."""
    for field in _SIGNATURES:
        if "image" in body.get(field, {}):
            yield f"{field}.image", body[field]["image"]
    for number, image in enumerate(body.get(_SCREENSHOTS, [])):
        yield f"{_SCREENSHOTS}[{number}]", image


def _check(body: Json) -> None:
    """Raise 400 for an artifact that lacks something."""
    if not body.get("userId"):
        raise invalid_argument("userId is required.")
    for field in _SIGNATURES:
        if field in body and not body[field].get("userId"):
            raise invalid_argument(f"{field}.userId is required.")
        if "signatureTime" in body.get(field, {}):
            times.required_instant(body[field]["signatureTime"], f"{field}.signatureTime")
    for place, image in _images(body):
        if bool(image.get(_BYTES)) == bool(image.get(_URI)):
            raise invalid_argument(f"Invalid {place}: it must have {_URI} or {_BYTES}, and not both.")


async def _content(context: "Context", store: str, place: str, image: Json) -> Blob | str:
    """The bytes of an image: a new file, or the id of the one that an object has.

    403 in Google's words where the store's service agent may not read the object, 404 where there is none.
    """
    if image.get(_BYTES):
        return await context.blobs.put(base64.b64decode(image[_BYTES]))
    uri = GsUri.parse(image[_URI], f"{place}.{_URI}")
    if not agent.may(context, store, "storage.objects.get", uri.bucket, uri.name):
        raise agent.lacks_permission("Cloud Storage")
    api.require_payer(context, uri.bucket, agent.principal(context, store))
    found = api.get_object(context, uri.bucket, uri.name)
    if found is None:
        raise _no_object(uri)
    api.require_open(context, found)
    return found.blob_id


def _no_object(uri: object) -> ApiError:
    return names.missing(str(uri))


def _without_content(body: Json) -> Json:
    """The body as it is kept: images are empty."""
    kept = orjson.loads(orjson.dumps(body))
    for _, image in _images(kept):
        image.clear()
    kept.pop("name", None)
    return dict(kept)


@SERVICE.handles(f"{_METHODS}.create")
async def create(request: Request) -> Answer:
    """Keep an artifact; images in Cloud Storage are copied."""
    context, body = request.context, request.body or {}
    tables.opened(context, request.name)
    _check(body)
    images = [
        (image.get(_URI, ""), await _content(context, request.name, place, image)) for place, image in _images(body)
    ]
    return await context.db.write(_keep, context, request.name, _without_content(body), images)


def _keep(
    tx: sqlite3.Connection, context: "Context", name: str, body: Json, images: Sequence[tuple[str, Blob | str]]
) -> Json:
    store, made = tables.opened_in(context, tx, name), context.ids.uuid()
    kept = tables.kept(context, tx, store, orjson.dumps(body))
    tx.execute("INSERT INTO consent_artifacts VALUES(?,?,?)", (store.key, made, kept))
    protected = keys.version_for_data(context, name, tx)
    for place, (uri, blob) in enumerate(images):
        try:
            context.blobs.add_ref(tx, blob, protected)
        except KeyError:  # the object was deleted meanwhile
            raise _no_object(uri) from None
        row = (store.key, made, place, blob if isinstance(blob, str) else blob.id)
        tx.execute("INSERT INTO consent_images VALUES(?,?,?,?)", row)
    return view(store, _find(tx, store, made))


def view(store: Store, row: sqlite3.Row) -> Json:
    """An artifact as create and list show it: images have no bytes."""
    body = orjson.loads(data_keys.text_read(store.keys, row["body"]))
    return {"name": f"{store.name}/{names.ARTIFACTS}/{row['id']}", **body}


def exists(reader: sqlite3.Connection, store: Store, artifact: str) -> bool:
    """Whether a store has an artifact of that id."""
    sql = "SELECT 1 FROM consent_artifacts WHERE store = ? AND id = ?"
    return reader.execute(sql, (store.key, artifact)).fetchone() is not None


def _find(reader: sqlite3.Connection, store: Store, name: str) -> sqlite3.Row:
    sql = "SELECT * FROM consent_artifacts WHERE store = ? AND id = ?"
    row: sqlite3.Row | None = reader.execute(sql, (store.key, names.id_of(name))).fetchone()
    if row is None:
        raise names.missing(name)
    return row


def _blobs(reader: sqlite3.Connection, store: Store, artifact: str) -> list[str]:
    sql = "SELECT blob FROM consent_images WHERE store = ? AND artifact = ? ORDER BY place"
    return [row[0] for row in reader.execute(sql, (store.key, artifact))]


@SERVICE.handles(f"{_METHODS}.get")
async def get(request: Request) -> Answer:
    """One artifact, with the bytes of its images."""
    context = request.context
    store = tables.opened(context, store_of(request.name))
    row = _find(context.db.reader, store, request.name)
    shown = view(store, row)
    blobs = _blobs(context.db.reader, store, row["id"])
    try:
        for (_, image), blob in zip(_images(shown), blobs, strict=True):
            image[_BYTES] = base64.b64encode(await context.blobs.read(blob)).decode()
    except FileNotFoundError:  # it was deleted meanwhile
        raise names.missing(request.name) from None
    return shown


def _rows(reader: sqlite3.Connection, store: Store, after: str) -> Iterable[sqlite3.Row]:
    sql = "SELECT *, id AS mark FROM consent_artifacts WHERE store = ? AND id > ? ORDER BY id"
    return reader.execute(sql, (store.key, after))


@SERVICE.handles(f"{_METHODS}.list")
async def list_artifacts(request: Request) -> Answer:
    """Artifacts of a store, without the bytes of their images."""
    keep = filters.keeps(request.query.get("filter", ""), _FIELDS, metadata=True)
    return await lists.page(request, names.ARTIFACTS, request.name, _rows, view, keep)


@SERVICE.handles(f"{_METHODS}.delete")
async def delete(request: Request) -> Answer:
    """Delete an artifact that no latest revision of a consent names."""
    return await request.context.db.write(_delete, request.context, request.name)


def _delete(tx: sqlite3.Connection, context: "Context", name: str) -> Json:
    store = tables.opened(context, store_of(name), tx)
    artifact = _find(tx, store, name)["id"]
    sql = "SELECT id FROM consent_revisions WHERE store = ? AND artifact = ? AND latest = 1 LIMIT 1"
    user = tx.execute(sql, (store.key, artifact)).fetchone()
    if user is not None:
        consent = f"{store.name}/{names.CONSENTS}/{user['id']}"
        raise failed_precondition(f"Consent artifact {name} cannot be deleted: {consent} refers to it.")
    for blob in _blobs(tx, store, artifact):
        context.blobs.drop_ref(tx, blob)
    tx.execute("DELETE FROM consent_images WHERE store = ? AND artifact = ?", (store.key, artifact))
    tx.execute("DELETE FROM consent_artifacts WHERE store = ? AND id = ?", (store.key, artifact))
    return {}
