"""What the two stores of a de-identification must be to each other."""

from emulator.errors import invalid_argument
from emulator.gateway.request import Request
from emulator.services.healthcare import keys
from emulator.services.healthcare.names import StoreName


def destination(request: Request, collection: str, permission: str) -> str:
    """The name of the store that a request wants written; 400, 403 or 404 where that can't be.

    The caller needs the permission on it; it lies in the source's location, and is another store than the source.
    """
    name = str((request.body or {}).get("destinationStore", ""))
    if not name:
        raise invalid_argument("destinationStore is required: the store to write the de-identified data to.")
    store, source = StoreName.parse(name), StoreName.parse(request.name)
    if store.collection != collection:
        raise invalid_argument(f"Invalid destinationStore {name[:300]}: it must be the name of one of {collection}.")
    request.require(permission, name)
    if store == source:
        raise invalid_argument("destinationStore must be another store than the source.")
    if store.location != source.location:
        raise invalid_argument(
            f"destinationStore must be in the source's location, {source.location}, and is in {store.location}."
        )
    keys.require_open(request.context, name)
    return name
