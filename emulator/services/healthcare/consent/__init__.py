"""Consent stores."""

from emulator.services.healthcare.consent import store

__all__ = ["store"]
