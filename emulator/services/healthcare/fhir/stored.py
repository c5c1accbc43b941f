"""A FHIR store and a version of a resource as the code hands them around."""

import sqlite3
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from emulator.fhir import definitions
from emulator.fhir.definitions import Definitions
from emulator.fhir.search.index import Indexer
from emulator.fhir.search.parameters import Parameters
from emulator.fhir.search.tables import microseconds_of
from emulator.services.healthcare.fhir import errors, guides, instants, searchable
from emulator.services.healthcare.fhir.guides import Profiles
from emulator.state import data_keys
from emulator.state.clock import Clock
from emulator.state.data_keys import DataKeys
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
KIND = "healthcare.fhirStores"
_CACHE = "healthcare.fhir.stores"
_MOST_KEPT = 256
_UNKNOWN: tuple[int | None, "Store | None"] = (None, None)
_STATE = (
    "SELECT r.etag, coalesce(s.key, 0) FROM resources r LEFT JOIN fhir_stores s ON s.name = r.name"
    " WHERE r.kind = ? AND r.name = ?"
)
"""What a store that is remembered is known to be the same by."""


@dataclass(frozen=True)
class Store:
    """A FHIR store: its number in the tables (0 before its first write) and what it is set to."""

    key: int
    resource: Resource
    parameters: Parameters
    """What can be searched by."""
    indexer: Indexer
    """What is indexed of a resource."""
    clock: Clock
    """The time that a search around now means."""
    profiles: Profiles = ()
    """What resources are held to beside the definitions: profiles of enabled implementation guides."""
    lag: float = 0.0
    """Seconds by which searches are behind what is stored; 0 without trouble."""
    keys: DataKeys | None = None
    """Those that encrypt resources on the disk, None where nothing does."""

    @property
    def name(self) -> str:
        """projects/P/locations/L/datasets/D/fhirStores/F."""
        return self.resource.name

    @property
    def settings(self) -> Json:
        """Its settings as the API gives them."""
        return self.resource.body

    @property
    def version(self) -> str:
        """The version of FHIR by its name: R4."""
        return str(self.settings["version"])

    @property
    def definitions(self) -> Definitions:
        """The definitions of that version."""
        return definitions.load(self.version)

    @property
    def keeps_versions(self) -> bool:
        """Whether old versions of resources can be read."""
        return not self.settings.get("disableResourceVersioning")

    @property
    def has_integrity(self) -> bool:
        """Whether references must lead to something."""
        return not self.settings.get("disableReferentialIntegrity")

    @property
    def creates_on_update(self) -> bool:
        """Whether clients may choose the ids of resources."""
        return bool(self.settings.get("enableUpdateCreate"))

    @property
    def reads_complex_references(self) -> bool:
        """Whether references inside extensions count; in R5 they always do."""
        return self.version == "R5" or self.settings.get("complexDataTypeReferenceParsing") == "ENABLED"

    def require_type(self, name: str) -> str:
        """The name of a type of resource; 400 for one that the store's version does not have."""
        if name not in self.definitions.resources:
            raise errors.no_type(name)
        return name


@dataclass(slots=True)
class Version:
    """A version of a resource. The body of a deletion is empty."""

    rid: int
    type: str
    id: str
    method: str
    """The verb that made it: POST, PUT, PATCH or DELETE."""
    blob: str
    """The file with the data of a Binary that was sent raw, "" for all others."""
    kept: bytes
    """Its body as the row has it: encrypted or not."""
    keys: DataKeys | None = field(default=None, kw_only=True)
    """Those that encrypted it, None where nothing is encrypted."""

    @property
    def body(self) -> bytes:
        """JSON with id and meta, keys sorted; 400 where the version of the key that encrypted it can't be used."""
        if self.keys is not None:
            self.kept, self.keys = data_keys.text_read(self.keys, self.kept), None
        return self.kept

    @property
    def at(self) -> int:
        """When it was made, in microseconds since 1970."""
        return microseconds_of(self.rid)

    @property
    def version_id(self) -> str:
        """Its versionId."""
        return instants.version_id(self.at)

    @property
    def etag(self) -> str:
        """Its ETag."""
        return f'W/"{self.version_id}"'

    @property
    def deleted(self) -> bool:
        """Whether this is a deletion."""
        return self.method == "DELETE"

    @property
    def relative(self) -> str:
        """Type/id."""
        return f"{self.type}/{self.id}"


def opened(context: "Context", name: str, tx: sqlite3.Connection | None = None) -> Store:
    """The store of that name; 404 where there is none. Inside a write, pass its tx.

    What follows from its settings is worked out once for each of them.
    """
    moment = context.db.moment if tx is None else None
    kept: dict[str, tuple[int | None, Store]] = context.extensions.setdefault(_CACHE, {})
    at, store = kept.get(name, _UNKNOWN)
    reader = tx if tx is not None else context.db.reader
    if store is None or moment is None or at != moment:
        store = _known_or_read(context, name, tx, reader, store)
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[name] = moment, store
    config = store.settings.get("validationConfig")
    profiles = guides.profiles(context, reader, store.key, store.parameters, config) if config else ()
    lag = context.trouble.index_lag("fhir_search", name)
    return replace(store, profiles=profiles, lag=lag) if profiles or lag else store


def _known_or_read(
    context: "Context", name: str, tx: sqlite3.Connection | None, reader: sqlite3.Connection, known: Store | None
) -> Store:
    """The store that is known where it is still the same, else as it is now."""
    row = reader.execute(_STATE, (KIND, name)).fetchone()
    if row is None:
        raise errors.no_store(name)
    etag, key = str(row[0]), int(row[1])
    if known is not None and known.key == key and known.resource.etag == etag:
        return known
    resource = context.resources.require(KIND, name, tx)
    found = searchable.of(context, reader, key, name, resource.body)
    return Store(key, resource, *found, context.clock, keys=context.blobs.keys)


def opened_in(context: "Context", tx: sqlite3.Connection, name: str) -> Store:
    """As `opened`, for a write: the store has a number afterwards."""
    store = opened(context, name, tx)
    if store.key:
        return store
    made = tx.execute("INSERT INTO fhir_stores(name) VALUES(?)", (name,))
    return replace(store, key=int(made.lastrowid or 0))
