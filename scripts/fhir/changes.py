"""Whether a FHIR store has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.fhir.service import FhirStore, types_held

if TYPE_CHECKING:
    from infra.outputs import FhirStoreOutputs
    from scripts.connection import Connection


def has_changed(target: Connection, chosen: FhirStoreOutputs, since: str) -> bool:
    """Whether a store holds anything that was stored at or after a time, "" for ever; deletions do not count."""
    kinds = types_held(target, chosen)
    if not since:
        return bool(kinds)
    store, asked = FhirStore(target, chosen), [("_lastUpdated", f"ge{since}"), ("_elements", "id")]
    return any(any(store.search(kind, asked, limit=1)) for kind in kinds)
