"""Paths of FHIR that the discovery documents do not have: searches by GET, and the store's first form, .../resources/.

The order that this emulator was made for writes .../fhirStores/STORE/resources/Patient/ID, as the API's alpha did: it
stands for .../fhir/ where something is read or searched.
"""

import re
from typing import TYPE_CHECKING

from emulator.services.healthcare.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

_PATH = re.compile(
    r"/?(?P<store>v1(?:beta1)?/projects/[^/]+/locations/[^/]+/datasets/[^/]+/fhirStores/[^/]+)"
    r"/(?P<word>fhir|resources)(?:/(?P<rest>.*))?"
)


def alias(_context: "Context", http: str, raw_path: str) -> tuple[str, str] | None:
    """The verb and path that a document has for these; None for what is no FHIR."""
    if (found := _PATH.fullmatch(raw_path)) is None:
        return None
    rest = (found["rest"] or "").strip("/")
    fhir = f"{found['store']}/fhir"
    if http == "GET" and "/" not in rest and "$" not in rest and rest not in ("metadata", "_search"):
        return "POST", f"{fhir}/{rest}/_search" if rest else f"{fhir}/_search"
    if found["word"] == "resources" and (http == "GET" or (http == "POST" and rest.endswith("_search"))):
        return http, f"{fhir}/{rest}"
    return None


SERVICE.alias = alias
