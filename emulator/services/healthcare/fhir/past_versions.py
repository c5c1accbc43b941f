"""A version as the history of another store has it: read from an entry of a bundle of type history.

Bundles that are executed and files that are imported have the same entries (Cloud Healthcare: history bundles).
"""

from typing import Any

from emulator.errors import failed_precondition
from emulator.fhir.outcomes import Refused
from emulator.services.healthcare.fhir import checks, errors, instants, keeping, versions
from emulator.services.healthcare.fhir.keeping import Past, Ready
from emulator.services.healthcare.fhir.stored import Json, Store

IN_A_BUNDLE = 100
"""Versions at most in a bundle that is executed (Cloud Healthcare: history bundles)."""
OTHERS = "all entries of a bundle must be of the same resource"
METHODS = ("POST", "PUT", "PATCH", "DELETE")


def require_versions(settings: Json) -> None:
    """Raise 400 for the settings of a store that keeps no versions."""
    if settings.get("disableResourceVersioning"):
        raise failed_precondition("The FHIR store has no history: disableResourceVersioning is set.")


def require_modifiable(settings: Json) -> None:
    """Raise 400 for the settings of a store whose histories can't be written."""
    require_versions(settings)
    if not settings.get("enableHistoryModifications"):
        raise failed_precondition("To import histories, set enableHistoryModifications on the FHIR store.")


def named(entry: object) -> str:
    """Type/id of the resource that an entry of a history is of, as far as that can be told."""
    if not isinstance(entry, dict):
        return ""
    resource, asked = entry.get("resource"), entry.get("request")
    if isinstance(resource, dict):
        return f"{resource.get('resourceType')}/{resource.get('id')}"
    return str(asked.get("url")) if isinstance(asked, dict) else ""


def read(store: Store, entry: Json) -> Past:
    """The version that an entry of a history is; refused where it is none."""
    asked, resource = _part(entry, "request"), entry.get("resource")
    method = asked.get("method") or "PUT"
    if method not in METHODS:
        raise _bad("request.method", f"must be one of {', '.join(METHODS)}")
    kind, _, identifier = str(asked.get("url") or "").partition("/")
    if method == "DELETE":
        return Past(store.require_type(kind), checks.require_id(identifier), method, _time(entry, {}), None)
    if not isinstance(resource, dict):
        raise _bad("resource", "is required but for a DELETE")
    new = _ready(store, resource)
    if identifier and f"{kind}/{identifier}" != f"{new.type}/{resource['id']}":
        raise _bad("request.url", "must name the resource of the entry")
    return Past(new.type, resource["id"], method, _time(entry, resource), new)


def _ready(store: Store, resource: Json) -> Ready:
    checks.require_own_id(checks.resource(store, resource))
    return keeping.made_ready(store, resource, any_reference=True)


def _time(entry: Json, resource: Json) -> int:
    """When a version was made: meta.lastUpdated of the resource, or response.lastModified of the entry."""
    given = (resource.get("meta") or {}).get("lastUpdated") or _part(entry, "response").get("lastModified")
    found = instants.of_instant(str(given or ""))
    if found is None or not 0 < found < versions.LAST:
        raise _bad("resource.meta.lastUpdated", "or response.lastModified must be the time of the version")
    return found


def _part(entry: Json, name: str) -> dict[str, Any]:
    found = entry.get(name) or {}
    if not isinstance(found, dict):
        raise _bad(name, "must be an object")
    return found


def _bad(path: str, sentence: str) -> Refused:
    return errors.Unfit(f"{path} {sentence}")
