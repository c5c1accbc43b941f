"""Consent stores as a kind of store: their settings, tables and data plane."""

from emulator.errors import invalid_argument
from emulator.services.healthcare.consent import emptying, tables
from emulator.services.healthcare.stores import registry
from emulator.services.healthcare.stores.kind import Json, StoreKind

MIN_TTL = 24 * 3600
"""Seconds: the shortest defaultConsentTtl."""


def check(_old: Json | None, body: Json) -> None:
    """Raise 400 for consents that would end too soon."""
    ttl = body.get("defaultConsentTtl")
    if ttl and float(ttl.rstrip("s")) < MIN_TTL:
        raise invalid_argument(f"defaultConsentTtl must be at least 24 hours ({MIN_TTL}s).")


CONSENT = registry.register(
    StoreKind(
        "consent",
        "consentStores",
        schema=tables.SCHEMA,
        check=check,
        empty=emptying.empty,
        erase=emptying.erase,
        data=(
            *("attributeDefinitions.", "consentArtifacts.", "consents.", "userDataMappings."),
            *("checkDataAccess", "evaluateUserConsents", "queryAccessibleData"),
        ),
    )
)
