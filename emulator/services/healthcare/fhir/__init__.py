"""FHIR stores. Importing the modules registers their handlers."""

from emulator.services.healthcare.fhir import bulk, configure_search, rest, store, transfer
from emulator.services.healthcare.fhir.consents import applying, applying_policies, explaining

__all__ = ["applying", "applying_policies", "bulk", "configure_search", "explaining", "rest", "store", "transfer"]
