"""FHIR over HTTP: the handlers of the methods of fhirStores.fhir, and what they share."""

from emulator.services.healthcare.fhir.rest import (
    aliases,
    binary,
    bundles,
    capabilities,
    conditional,
    consents,
    everything,
    history,
    incoming,
    lastn,
    metrics,
    reading,
    search,
    translate,
    validate,
    writing,
)

__all__ = [
    "aliases",
    "binary",
    "bundles",
    "capabilities",
    "conditional",
    "consents",
    "everything",
    "history",
    "incoming",
    "lastn",
    "metrics",
    "reading",
    "search",
    "translate",
    "validate",
    "writing",
]
