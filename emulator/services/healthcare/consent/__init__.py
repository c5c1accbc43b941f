"""Consent stores. Importing the modules registers their handlers."""

from emulator.services.healthcare.consent import (
    accessible,
    artifacts,
    consents,
    definitions,
    determinations,
    mappings,
    store,
)

__all__ = ["accessible", "artifacts", "consents", "definitions", "determinations", "mappings", "store"]
